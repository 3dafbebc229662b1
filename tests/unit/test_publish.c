/* SPDX-License-Identifier: MIT */
#include "jobs/publish.h"

#include "base/fs.h"
#include "model/job.h"
#include "tests/fake_cmaf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 44100, SAMPLES = 10 * RATE, SEGMENT = 172, OUTPUTS = 2 };

#define OWNER "tester:1:aa"

static const struct conf_rendition high = {"high", "aac", 320000, 44100, 2, "cmaf"};
static const struct conf_rendition low = {"low", "aac", 64000, 22050, 1, "cmaf"};

/* A library with one track, its job claimed, and two files beside it that a worker may have made. */
struct fixture {
	char folder[64];
	struct arena arena;
	struct conf conf;
	struct db *db;
	char track[ID_SIZE], job[ID_SIZE];
	struct publish_output outputs[OUTPUTS];
	struct publish publish;
};

static const char *path_of(struct fixture *fixture, const char *name)
{
	return arena_printf(&fixture->arena, "%s/%s", fixture->folder, name);
}

static void submit(struct fixture *fixture, char id[static ID_SIZE])
{
	struct job job = {.kind = "transcode",
		.track = fixture->track,
		.payload = "{}",
		.submitter = "",
		.max_attempts = 3,
		.run_after_ms = 1000,
		.created_ms = 1000};
	struct err_info info = {0};

	id_new(NULL, job.id);
	memcpy(id, job.id, ID_SIZE);
	assert_int_equal(job_submit(fixture->db, &job, 0, &info), ERR_OK);
}

static void make_track(struct fixture *fixture)
{
	struct track track = {
		.owner = "", .source_name = "x.wav", .source_file = "x.wav", .created_ms = 1000, .updated_ms = 1000};
	struct err_info info = {0};
	struct job job;

	id_new(NULL, track.id);
	memcpy(fixture->track, track.id, ID_SIZE);
	assert_int_equal(track_insert(fixture->db, &track, &info), ERR_OK);
	submit(fixture, fixture->job);
	assert_int_equal(
		job_claim(fixture->db, OWNER, JOB_CLASS_ALL, 2000, 30000, &fixture->arena, &job, &info), ERR_OK);
	assert_int_equal(fs_make_dirs(path_of(fixture, "source"), 0750, &info), ERR_OK);
	assert_int_equal(fs_write_file(path_of(fixture, "source/x.wav"), "x", 1, 0640, &info), ERR_OK);
}

static void make_output(struct fixture *fixture, size_t index, const struct conf_rendition *wanted)
{
	struct publish_output *output = &fixture->outputs[index];

	if (output->fd > 0)
		close(output->fd);
	output->wanted = wanted;
	output->path = arena_printf(&fixture->arena, "%s/%zu.mp4", fixture->folder, index);
	output->fd = open(output->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(output->fd >= 0);
}

static void fill(struct fixture *fixture, size_t index, uint64_t samples, uint64_t segment)
{
	const struct publish_output *output = &fixture->outputs[index];
	struct err_info info = {0};

	assert_int_equal(ftruncate(output->fd, 0), 0);
	assert_int_equal(fake_cmaf_write(output->fd, output->wanted, samples, segment, &info), ERR_OK);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct db_options options = {.journal_mode = "wal", .busy_ms = 1000};
	struct err_info info = {0};

	*state = fixture;
	strcpy(fixture->folder, "/tmp/tonearm-publish-XXXXXX");
	if (mkdtemp(fixture->folder) == NULL)
		return -1;
	fixture->conf.data_dir = fixture->folder;
	options.path = path_of(fixture, "tonearm.db");
	if (db_open(&options, 1, &fixture->db, &info) != ERR_OK || db_migrate(fixture->db, &info) != ERR_OK)
		return -1;
	make_track(fixture);
	make_output(fixture, 0, &high);
	make_output(fixture, 1, &low);
	fill(fixture, 0, SAMPLES, SEGMENT);
	fill(fixture, 1, SAMPLES / 2, SEGMENT / 2);
	fixture->publish = (struct publish){.conf = &fixture->conf,
		.db = fixture->db,
		.arena = &fixture->arena,
		.owner = OWNER,
		.job = fixture->job,
		.track = fixture->track,
		.samples = SAMPLES,
		.outputs = fixture->outputs,
		.count = OUTPUTS,
		.source = {.sample_rate = RATE,
			.channels = 2,
			.duration_ms = 10000,
			.source_format = "wav",
			.updated_ms = 3000}};
	memcpy(fixture->publish.source.id, fixture->track, ID_SIZE);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};

	for (size_t i = 0; i < OUTPUTS; i++)
		close(fixture->outputs[i].fd);
	db_close(fixture->db);
	fs_remove_tree(fixture->folder, &info);
	arena_free(&fixture->arena);
	free(fixture);
	return 0;
}

static enum err check(struct fixture *fixture, size_t index)
{
	struct err_info info = {0};
	enum err err = publish_check(&fixture->publish, index, &info);

	assert_true(err == ERR_OK || info.detail[0] != '\0');
	return err;
}

static enum err align(struct fixture *fixture)
{
	struct err_info info = {0};

	return publish_align(&fixture->publish, &info);
}

static enum err commit(struct fixture *fixture)
{
	struct err_info info = {0};

	return publish_commit(&fixture->publish, &info);
}

static void check_all(struct fixture *fixture)
{
	assert_int_equal(check(fixture, 0), ERR_OK);
	assert_int_equal(check(fixture, 1), ERR_OK);
	assert_int_equal(align(fixture), ERR_OK);
}

/* What a listener would find: how many renditions, and that each is there. */
static size_t count_visible(struct fixture *fixture, struct track *track)
{
	struct rendition *renditions;
	struct err_info info = {0};
	struct stat status;
	size_t count;

	assert_int_equal(
		rendition_list(fixture->db, fixture->track, &fixture->arena, track, &renditions, &count, &info),
		ERR_OK);
	for (size_t i = 0; i < count; i++) {
		const char *file = arena_printf(
			&fixture->arena, "%s/media/%s/%s", fixture->folder, fixture->track, renditions[i].file);

		assert_int_equal(stat(file, &status), 0);
		assert_int_equal(status.st_size, renditions[i].file_size);
		assert_int_equal(status.st_mode & 07777, 0640);
	}
	return count;
}

static enum job_state job_state(struct fixture *fixture)
{
	struct err_info info = {0};
	struct job job;

	assert_int_equal(job_get(fixture->db, fixture->job, &fixture->arena, &job, &info), ERR_OK);
	return job.state;
}

static void a_good_file_passes(void **state)
{
	struct fixture *fixture = *state;
	const struct rendition *row = &fixture->outputs[1].row;

	check_all(fixture);
	assert_string_equal(row->track, fixture->track);
	assert_string_equal(row->quality, "low");
	assert_string_equal(row->file, "low.mp4");
	assert_string_equal(row->codec, "aac");
	assert_int_equal(strlen(row->etag), 64);
	assert_int_equal(row->bit_rate, 64000);
	assert_int_equal(row->samples, SAMPLES / 2);
	assert_true(row->modified > 0);
	assert_true(row->segments.count == fixture->outputs[0].row.segments.count && row->segments.count == 3);
}

static void a_file_of_another_length_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture, 0, SAMPLES + RATE / 1000, SEGMENT);
	assert_int_equal(check(fixture, 0), ERR_OK);
	fill(fixture, 0, SAMPLES - RATE / 1000 - 1, SEGMENT);
	assert_int_equal(check(fixture, 0), ERR_UNPROCESSABLE);
	fill(fixture, 0, SAMPLES + RATE / 1000 + 1, SEGMENT);
	assert_int_equal(check(fixture, 0), ERR_UNPROCESSABLE);
}

static void a_cut_or_foreign_file_is_refused(void **state)
{
	struct fixture *fixture = *state;
	off_t size = lseek(fixture->outputs[0].fd, 0, SEEK_END);

	for (int part = 0; part < 8; part++) {
		fill(fixture, 0, SAMPLES, SEGMENT);
		assert_int_equal(ftruncate(fixture->outputs[0].fd, size * part / 8), 0);
		assert_int_equal(check(fixture, 0), ERR_UNPROCESSABLE);
	}
	assert_int_equal(pwrite(fixture->outputs[0].fd, "RIFF", 4, 0), 4);
	assert_int_equal(check(fixture, 0), ERR_UNPROCESSABLE);
}

static void a_file_nobody_asked_for_is_refused(void **state)
{
	static const struct conf_rendition rate = {"high", "aac", 320000, 48000, 2, "cmaf"};
	static const struct conf_rendition mono = {"high", "aac", 320000, 44100, 1, "cmaf"};
	static const struct conf_rendition opus = {"high", "opus", 320000, 44100, 2, "cmaf"};
	static const struct conf_rendition name = {"../high", "aac", 320000, 44100, 2, "cmaf"};
	static const struct conf_rendition nameless = {"", "aac", 320000, 44100, 2, "cmaf"};
	static const struct conf_rendition longest = {"abcdefghijklmnopqrstuvwx", "aac", 320000, 44100, 2, "cmaf"};
	const struct conf_rendition *const others[] = {&rate, &mono, &opus, &name, &nameless, &longest};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		fixture->outputs[0].wanted = others[i];
		assert_int_equal(check(fixture, 0), ERR_UNPROCESSABLE);
	}
}

static void cuts_must_match(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture, 1, SAMPLES / 2, SEGMENT / 2 + 2);
	assert_int_equal(check(fixture, 0), ERR_OK);
	assert_int_equal(check(fixture, 1), ERR_OK);
	assert_int_equal(align(fixture), ERR_UNPROCESSABLE);
	fill(fixture, 1, SAMPLES / 2, SEGMENT);
	assert_int_equal(check(fixture, 1), ERR_OK);
	assert_int_equal(align(fixture), ERR_UNPROCESSABLE);
}

static void cuts_must_match_what_is_published(void **state)
{
	struct fixture *fixture = *state;

	check_all(fixture);
	fixture->publish.count = 1;
	assert_int_equal(commit(fixture), ERR_OK);
	fixture->publish.outputs++;
	assert_int_equal(align(fixture), ERR_OK);
	fill(fixture, 1, SAMPLES / 2, SEGMENT);
	assert_int_equal(check(fixture, 0), ERR_OK);
	assert_int_equal(align(fixture), ERR_UNPROCESSABLE);
}

static void all_become_visible(void **state)
{
	struct fixture *fixture = *state;
	struct track track;

	check_all(fixture);
	assert_int_equal(count_visible(fixture, &track), 0);
	assert_int_equal(commit(fixture), ERR_OK);
	assert_int_equal(count_visible(fixture, &track), OUTPUTS);
	assert_int_equal(track.state, TRACK_READY);
	assert_int_equal(track.duration_ms, 10000);
	assert_string_equal(track.source_file, "x.wav");
	assert_int_equal(job_state(fixture), JOB_DONE);
	assert_int_equal(access(path_of(fixture, "source/x.wav"), F_OK), 0);
}

static void nothing_appears_when_the_job_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct track track;

	check_all(fixture);
	fixture->publish.owner = "another:1:bb";
	assert_int_equal(commit(fixture), ERR_CONFLICT);
	assert_int_equal(count_visible(fixture, &track), 0);
	assert_int_not_equal(access(path_of(fixture, "media"), F_OK), 0);
	assert_int_equal(track.state, TRACK_PENDING);
	assert_int_equal(job_state(fixture), JOB_RUNNING);
}

static void a_failure_between_the_files_shows_none(void **state)
{
	struct fixture *fixture = *state;
	struct track track;

	check_all(fixture);
	assert_int_equal(unlink(fixture->outputs[1].path), 0);
	assert_int_equal(commit(fixture), ERR_IO);
	assert_int_equal(count_visible(fixture, &track), 0);
	assert_int_equal(job_state(fixture), JOB_RUNNING);

	/* The next attempt goes over what lies there. */
	make_output(fixture, 0, &high);
	make_output(fixture, 1, &low);
	fill(fixture, 0, SAMPLES, SEGMENT);
	fill(fixture, 1, SAMPLES / 2, SEGMENT / 2);
	check_all(fixture);
	assert_int_equal(commit(fixture), ERR_OK);
	assert_int_equal(count_visible(fixture, &track), OUTPUTS);
}

static void a_deleted_track_stays_deleted(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};

	check_all(fixture);
	assert_int_equal(track_delete(fixture->db, fixture->track, &info), ERR_OK);
	assert_int_equal(commit(fixture), ERR_NOT_FOUND);
	assert_int_not_equal(access(path_of(fixture, "media"), F_OK), 0);
	assert_int_equal(job_state(fixture), JOB_RUNNING);
}

static void the_source_goes_when_it_is_not_kept(void **state)
{
	struct fixture *fixture = *state;
	struct track track;

	check_all(fixture);
	fixture->publish.drop_source = true;
	assert_int_equal(commit(fixture), ERR_OK);
	assert_int_equal(count_visible(fixture, &track), OUTPUTS);
	assert_null(track.source_file);
	assert_int_not_equal(access(path_of(fixture, "source/x.wav"), F_OK), 0);
}

static void the_source_stays_for_another_job(void **state)
{
	struct fixture *fixture = *state;
	char other[ID_SIZE];
	struct track track;

	check_all(fixture);
	submit(fixture, other);
	fixture->publish.drop_source = true;
	assert_int_equal(commit(fixture), ERR_OK);
	assert_int_equal(count_visible(fixture, &track), OUTPUTS);
	assert_string_equal(track.source_file, "x.wav");
	assert_int_equal(access(path_of(fixture, "source/x.wav"), F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_file_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_of_another_length_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cut_or_foreign_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_nobody_asked_for_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_must_match, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_must_match_what_is_published, setup, teardown),
		cmocka_unit_test_setup_teardown(all_become_visible, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_appears_when_the_job_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_between_the_files_shows_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deleted_track_stays_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(the_source_goes_when_it_is_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(the_source_stays_for_another_job, setup, teardown),
	};

	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
