/* SPDX-License-Identifier: MIT */
/* Renditions that grow: from the worker's words over the table to what a responder finds, and when they go. */
#include "job_maker.h"
#include "jobs/grow.h"
#include "package/cmaf.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUTS = 2, FRAME = 1024, FRAMES = 10 };

static const struct conf_rendition high = {"high", "aac", 320000, 44100, 2, "cmaf"};
static const struct conf_rendition low = {"low", "aac", 64000, 44100, 2, "cmaf"};

/* A claimed job whose worker writes two files. */
struct scene {
	struct fixture *fixture;
	struct publish_output outputs[OUTPUTS];
	struct cmaf_writer *writers[OUTPUTS];
	size_t told[OUTPUTS];
	struct segment last[OUTPUTS];
	struct publish publish;
	struct grow grow;
};

static enum err write_at(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const int *fd = context;

	(void)info;
	assert_int_equal(pwrite(*fd, bytes, length, (off_t)offset), length);
	return ERR_OK;
}

static void open_writer(struct scene *scene, size_t index)
{
	const struct cmaf_track track = {.codec = CMAF_AAC,
		.timescale = 44100,
		.sample_rate = 44100,
		.channels = 2,
		.priming = FRAME,
		.config = "\x12\x10",
		.config_size = 2,
		.segments_expected = 100};

	scene->outputs[index].fd = memfd_create("work", MFD_CLOEXEC);
	assert_int_equal(cmaf_open(&track, &(struct cmaf_output){write_at, &scene->outputs[index].fd},
				 &scene->writers[index], NULL),
		ERR_OK);
}

static int setup(void **state)
{
	struct track track = {.id = "t", .owner = "", .state = TRACK_PENDING};
	struct scene *scene = calloc(1, sizeof *scene);
	struct job job = job_number(1, "");

	if (fixture_db(state) != 0)
		return -1;
	scene->fixture = *state;
	*state = scene;
	job.track = "t";
	assert_int_equal(track_insert(scene->fixture->db, &track, NULL), ERR_OK);
	submit(scene->fixture, &job);
	assert_int_equal(claim_number(scene->fixture, JOB_CLASS_ALL, BIRTH), 1);
	scene->outputs[0] = (struct publish_output){.wanted = &high, .path = "/data/spool/job-1.ab/0.mp4"};
	scene->outputs[1] = (struct publish_output){.wanted = &low, .path = "/data/spool/job-1.ab/1.mp4"};
	open_writer(scene, 0);
	open_writer(scene, 1);
	scene->publish = (struct publish){.db = scene->fixture->db,
		.arena = &scene->fixture->arena,
		.owner = "r",
		.job = arena_strdup(&scene->fixture->arena, job.id),
		.track = "t",
		.source = {.sample_rate = 44100, .duration_ms = 60000},
		.outputs = scene->outputs,
		.count = OUTPUTS};
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < OUTPUTS; i++) {
		cmaf_free(scene->writers[i]);
		close(scene->outputs[i].fd);
	}
	grow_free(&scene->grow);
	*state = scene->fixture;
	free(scene);
	return fixture_remove(state);
}

/* The worker of output INDEX finishes COUNT segments more; what it would say of them. */
static struct report_segments encode(struct scene *scene, size_t index, size_t count)
{
	struct report_segments report = {.rendition = index};

	for (size_t i = 0; i < count * FRAMES + (scene->told[index] == 0); i++) {
		if (i % FRAMES == (scene->told[index] > 0 ? FRAMES - 1 : 0))
			assert_int_equal(cmaf_cut(scene->writers[index], NULL), ERR_OK);
		assert_int_equal(cmaf_sample(scene->writers[index], "sound", 5, FRAME, NULL), ERR_OK);
	}
	while (cmaf_next_segment(scene->writers[index], scene->told[index], &scene->last[index])) {
		scene->told[index]++;
		report.segments[report.count++] = scene->last[index];
	}
	assert_int_equal(report.count, count);
	return report;
}

static enum err take(struct scene *scene, const struct report_segments *report)
{
	struct err_info info = {0};
	enum err err = grow_take(&scene->grow, &scene->publish, report, &info);

	assert_true(err == ERR_OK || info.detail[0] != '\0');
	return err;
}

static void grows(struct scene *scene, size_t index, size_t count)
{
	struct report_segments report = encode(scene, index, count);

	assert_int_equal(take(scene, &report), ERR_OK);
	scene->grow.written_us = 0;
	grow_write(&scene->grow, &scene->publish);
}

static size_t count_growing(struct scene *scene)
{
	struct rendition *list;
	size_t count;

	assert_int_equal(
		rendition_list_growing(scene->fixture->db, "t", &scene->fixture->arena, &list, &count, NULL), ERR_OK);
	return count;
}

static enum err get(struct scene *scene, const char *quality, struct rendition_view *view)
{
	return rendition_get_growing(scene->fixture->db, "t", quality, &scene->fixture->arena, view, NULL);
}

static void all_appear_together(void **state)
{
	struct scene *scene = *state;
	struct rendition_view view;

	grows(scene, 0, 2);
	assert_int_equal(count_growing(scene), 0);
	grows(scene, 1, 1);
	assert_int_equal(count_growing(scene), 2);
	assert_int_equal(get(scene, "high", &view), ERR_OK);
	assert_int_equal(view.state, TRACK_PENDING);
	assert_string_equal(view.rendition.work, "job-1.ab/0.mp4");
	assert_string_equal(view.rendition.file, "high.mp4");
	assert_string_equal(view.rendition.codecs, "mp4a.40.2");
	assert_int_equal(view.rendition.samples, 60 * 44100);
	assert_int_equal(view.rendition.priming, FRAME);
	assert_true(view.rendition.peak_bandwidth > 320000);
	assert_int_equal(view.rendition.segments.count, 2);
}

static void a_row_names_what_is_in_the_file(void **state)
{
	struct scene *scene = *state;
	struct rendition_view view;
	struct stat status;

	grows(scene, 0, 1);
	grows(scene, 1, 1);
	for (size_t more = 1; more < 40; more += 7) {
		const struct segment *last;

		grows(scene, 0, more);
		assert_int_equal(get(scene, "high", &view), ERR_OK);
		last = &view.rendition.segments.segments[view.rendition.segments.count - 1];
		assert_int_equal(view.rendition.segments.count, scene->told[0]);
		assert_int_equal(last->offset, scene->last[0].offset);
		assert_int_equal(last->offset + last->size, view.rendition.file_size);
		assert_int_equal(fstat(scene->outputs[0].fd, &status), 0);
		assert_true(view.rendition.file_size <= (uint64_t)status.st_size);
		assert_int_equal(status.st_mode & 07777, 0640);
	}
}

/* As FLAC is ordered: with no bit rate, and the rate and channels of the source. */
static void a_lossless_one_has_a_bandwidth(void **state)
{
	static const struct conf_rendition lossless = {"lossless", "flac", 0, 0, 0, "cmaf"};
	struct scene *scene = *state;
	struct rendition_view view;

	scene->outputs[1].wanted = &lossless;
	grows(scene, 0, 1);
	grows(scene, 1, 1);
	assert_int_equal(get(scene, "lossless", &view), ERR_OK);
	assert_int_equal(view.rendition.peak_bandwidth, 44100 * 2 * 24);
	assert_int_equal(view.rendition.average_bandwidth, view.rendition.peak_bandwidth);
}

/* The first at once; then at most once a second. */
static void rows_are_not_written_all_the_time(void **state)
{
	struct scene *scene = *state;
	struct report_segments report;
	struct rendition_view view;

	grows(scene, 0, 1);
	grows(scene, 1, 1);
	scene->grow.written_us = INT64_MAX;
	report = encode(scene, 0, 3);
	assert_int_equal(take(scene, &report), ERR_OK);
	grow_write(&scene->grow, &scene->publish);
	assert_int_equal(get(scene, "high", &view), ERR_OK);
	assert_int_equal(view.rendition.segments.count, 1);
	scene->grow.written_us = 0;
	grow_write(&scene->grow, &scene->publish);
	assert_int_equal(get(scene, "high", &view), ERR_OK);
	assert_int_equal(view.rendition.segments.count, 4);
}

static void lies_are_refused(void **state)
{
	struct scene *scene = *state;
	struct report_segments good = encode(scene, 0, 3), bad;

	for (int lie = 0; lie < 7; lie++) {
		struct grow grow = scene->grow;

		bad = good;
		if (lie == 0)
			bad.segments[2].size += 4096; /* past the end of the file */
		else if (lie == 1)
			bad.segments[1].offset++;
		else if (lie == 2)
			bad.segments[0].offset = 0;
		else if (lie == 3)
			bad.segments[0].size--;
		else if (lie == 4)
			bad.segments[0].size += bad.segments[1].size; /* two in one */
		else if (lie == 5)
			bad.rendition = OUTPUTS;
		else
			bad.segments[0].offset = UINT64_MAX;
		assert_int_equal(take(scene, &bad), ERR_UNPROCESSABLE);
		grow_free(&scene->grow);
		scene->grow = grow;
	}
	assert_int_equal(take(scene, &good), ERR_OK);
	assert_int_equal(take(scene, &good), ERR_UNPROCESSABLE);
}

static void segments_before_the_source_are_refused(void **state)
{
	struct scene *scene = *state;
	struct report_segments report = encode(scene, 0, 1);

	scene->publish.source.sample_rate = 0;
	assert_int_equal(take(scene, &report), ERR_UNPROCESSABLE);
}

static void native_containers_are_not_waited_for(void **state)
{
	static const struct conf_rendition mp3 = {"mp3-320", "mp3", 320000, 44100, 2, "mp3"};
	struct scene *scene = *state;
	struct report_segments report = encode(scene, 1, 1);

	scene->outputs[1].wanted = &mp3;
	grows(scene, 0, 1);
	assert_int_equal(count_growing(scene), 1);
	assert_int_equal(take(scene, &report), ERR_UNPROCESSABLE);
}

static void only_the_owner_writes(void **state)
{
	struct scene *scene = *state;

	scene->publish.owner = "another";
	grows(scene, 0, 1);
	grows(scene, 1, 1);
	assert_int_equal(count_growing(scene), 0);
}

static void what_is_whole_stays(void **state)
{
	struct scene *scene = *state;
	struct rendition whole = {.track = "t", .quality = "low", .codec = "aac", .container = "cmaf", .codecs = "x"};

	assert_int_equal(rendition_put(scene->fixture->db, &whole, NULL), ERR_OK);
	grows(scene, 0, 1);
	grows(scene, 1, 1);
	assert_int_equal(count_growing(scene), 1);
}

static void another_job_does_not_interfere(void **state)
{
	struct scene *scene = *state;
	struct job other = job_number(2, "");
	struct rendition_view view;

	grows(scene, 0, 1);
	grows(scene, 1, 1);
	other.track = "t";
	submit(scene->fixture, &other);
	assert_int_equal(claim_number(scene->fixture, JOB_CLASS_ALL, BIRTH), 2);
	scene->publish.job = arena_strdup(&scene->fixture->arena, other.id);
	scene->outputs[0].path = "/data/spool/job-2.cd/0.mp4";
	grow_free(&scene->grow);
	memset(&scene->grow, 0, sizeof scene->grow);
	memset(scene->told, 0, sizeof scene->told);
	cmaf_free(scene->writers[0]);
	close(scene->outputs[0].fd);
	open_writer(scene, 0);
	scene->publish.count = 1;
	grows(scene, 0, 2);
	assert_int_equal(get(scene, "high", &view), ERR_OK);
	assert_string_equal(view.rendition.work, "job-1.ab/0.mp4");
	assert_int_equal(view.rendition.segments.count, 1);
}

/* However an attempt ends, its rows are gone when the table says so. */
static void rows_go_with_the_attempt(void **state)
{
	struct scene *scene = *state;
	struct db *db = scene->fixture->db;
	const char *id = scene->publish.job;
	enum job_state left;

	for (int end = 0; end < 5; end++) {
		struct grow_rendition *renditions = scene->grow.renditions;

		renditions[0].shown = renditions[1].shown = 0;
		grows(scene, 0, 1);
		grows(scene, 1, 1);
		assert_int_equal(count_growing(scene), 2);
		assert_int_equal(job_report(db, id, "r", "transcode", 0.5, 2, BIRTH + 1, LEASE, NULL), ERR_OK);
		assert_int_equal(count_growing(scene), 2);
		if (end == 0)
			assert_int_equal(job_hand_back(db, id, "r", BIRTH, NULL), ERR_OK);
		else if (end == 1)
			assert_int_equal(job_fail(db, id, "r", "bad", 0, BIRTH, BIRTH, &left, NULL), ERR_OK);
		else if (end == 2)
			; /* its runner died: the lease lapses, another claims it */
		else if (end == 3)
			assert_int_equal(track_delete(db, "t", NULL), ERR_OK);
		if (end == 3) {
			struct track track = {.id = "t", .owner = "", .state = TRACK_PENDING};

			assert_int_equal(count_growing(scene), 0);
			assert_int_equal(track_insert(db, &track, NULL), ERR_OK);
			continue;
		}
		if (end == 4) {
			assert_int_equal(job_finish(db, id, "r", BIRTH, NULL), ERR_OK);
			assert_int_equal(count_growing(scene), 0);
			break;
		}
		assert_int_equal(claim_number(scene->fixture, JOB_CLASS_ALL, BIRTH + (end + 1) * 10 * LEASE), 1);
		assert_int_equal(count_growing(scene), 0);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_appear_together),
		TEST(a_row_names_what_is_in_the_file),
		TEST(a_lossless_one_has_a_bandwidth),
		TEST(rows_are_not_written_all_the_time),
		TEST(lies_are_refused),
		TEST(segments_before_the_source_are_refused),
		TEST(native_containers_are_not_waited_for),
		TEST(only_the_owner_writes),
		TEST(what_is_whole_stays),
		TEST(another_job_does_not_interfere),
		TEST(rows_go_with_the_attempt),
	};

	return cmocka_run_group_tests_name("grow", tests, NULL, NULL);
}
