/* SPDX-License-Identifier: MIT */
/* Spool, import and ingest: what comes in is there whole with its job, or leaves nothing. */
#include "fixture.h"
#include "model/rendition.h"
#include "storage/import.h"
#include "storage/ingest.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char flac[] = "fLaC\0\0\0\x22 and more bytes, so that there is something to look at in this file .....";
static struct conf_rendition ladder[] = {
	{"high", "aac", 320000, 44100, 2, "cmaf"}, {"low", "aac", 128000, 44100, 2, "cmaf"}};
static const struct ingest plain = {.owner = "alice", .visibility = TRACK_PRIVATE};

struct room {
	struct fixture *fixture;
	struct conf conf;
	const char *imports[1];
	struct arena *arena;
};

static struct room room_of(void **state)
{
	struct fixture *fixture = *state;
	struct room room = {
		.fixture = fixture,
		.arena = &fixture->arena,
		.conf = {.data_dir = fixture->dir,
			.upload_size = 1000,
			.ladder = ladder,
			.ladder_count = 2,
			.job_max_attempts = 3,
			.import_dir_count = 1},
	};

	room.imports[0] = arena_printf(room.arena, "%s/import", fixture->dir);
	mkdir(room.imports[0], 0750);
	return room;
}

static struct conf *conf_of(struct room *room)
{
	room->conf.import_dirs = room->imports;
	return &room->conf;
}

static size_t files_in(struct room *room, const char *folder)
{
	DIR *dir = opendir(arena_printf(room->arena, "%s/%s", room->fixture->dir, folder));
	struct dirent *entry;
	size_t count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static size_t jobs_in(struct room *room)
{
	struct err_info info;
	struct job *jobs;
	size_t count;

	assert_int_equal(
		job_list(room->fixture->db, NULL, NULL, NULL, JOB_PAGE_MOST, room->arena, &jobs, &count, &info),
		ERR_OK);
	return count;
}

static size_t tracks_in(struct room *room)
{
	struct track *tracks;
	struct err_info info;
	size_t count;

	assert_int_equal(
		track_list(room->fixture->db, NULL, 0, NULL, TRACK_PAGE_MOST, room->arena, &tracks, &count, &info),
		ERR_OK);
	return count;
}

static void nothing_left(struct room *room)
{
	assert_int_equal(files_in(room, "spool"), 0);
	assert_int_equal(files_in(room, "source"), 0);
	assert_int_equal(jobs_in(room), 0);
	assert_int_equal(tracks_in(room), 0);
}

static enum err take(struct room *room, const void *bytes, size_t length, const struct ingest *ingest,
	struct track *track, struct job *job)
{
	struct err_info info = {0};
	struct spool spool;
	enum err err = spool_open(conf_of(room), room->arena, &spool, &info);

	if (err == ERR_OK)
		err = spool_write(&spool, bytes, length, &info);
	if (err == ERR_OK)
		err = ingest_spool(
			conf_of(room), room->fixture->db, &spool, ingest, NULL, room->arena, track, job, &info);
	assert_true(err == ERR_OK || info.detail[0] != '\0');
	if (err == ERR_OK)
		assert_null(spool.path);
	spool_discard(&spool);
	spool_discard(&spool);
	return err;
}

static const char *import_file(struct room *room, const char *name, const void *bytes, size_t length)
{
	const char *path = arena_printf(room->arena, "%s/import/%s", room->fixture->dir, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
	return path;
}

static void an_upload_becomes_track_and_job(void **state)
{
	struct room room = room_of(state);
	struct ingest ingest = plain;
	struct transcode_job payload;
	struct track track, row;
	struct err_info info;
	struct job job, job_row;

	ingest.source_name = "C:\\music/My \x01song\xff.flac";
	ingest.title = "";
	ingest.artist = "\xC3\xA9";
	assert_int_equal(take(&room, flac, sizeof flac, &ingest, &track, &job), ERR_OK);
	assert_int_equal(files_in(&room, "spool"), 0);
	assert_int_equal(files_in(&room, "source"), 1);
	assert_int_equal(track_get(room.fixture->db, track.id, room.arena, &row, &info), ERR_OK);
	assert_string_equal(row.source_name, "My song\xEF\xBF\xBD.flac");
	assert_string_equal(row.source_format, "flac");
	assert_string_equal(row.owner, "alice");
	assert_string_equal(row.artist, "\xC3\xA9");
	assert_null(row.title);
	assert_int_equal(row.source_bytes, sizeof flac);
	assert_int_equal(row.state, TRACK_PENDING);
	assert_int_equal(job_get(room.fixture->db, job.id, room.arena, &job_row, &info), ERR_OK);
	assert_string_equal(job_row.track, track.id);
	assert_string_equal(job_row.submitter, "alice");
	assert_int_equal(job_row.max_attempts, 3);
	assert_int_equal(transcode_job_decode(job_row.payload, room.arena, &payload, &info), ERR_OK);
	assert_string_equal(payload.source, row.source_file);
	assert_int_equal(payload.count, 2);
}

static void what_is_refused_leaves_nothing(void **state)
{
	static const char large[1001];
	struct room room = room_of(state);
	struct track track;
	struct job job;

	assert_int_equal(take(&room, "", 0, &plain, &track, &job), ERR_UNPROCESSABLE);
	assert_int_equal(take(&room, "#EXTM3U\n", 8, &plain, &track, &job), ERR_UNSUPPORTED);
	assert_int_equal(take(&room, large, sizeof large, &plain, &track, &job), ERR_TOO_LARGE);
	room.conf.disk_floor = INT64_MAX;
	assert_int_equal(take(&room, flac, sizeof flac, &plain, &track, &job), ERR_NO_SPACE);
	nothing_left(&room);
}

static void a_database_that_says_no_leaves_nothing(void **state)
{
	struct room room = room_of(state);
	struct track track;
	struct job job;
	struct db *other = fixture_connect(room.fixture, 0), *own = room.fixture->db;
	struct err_info info;

	room.fixture->db = fixture_connect(room.fixture, 1);
	assert_int_equal(db_begin(other, &info), ERR_OK);
	assert_int_equal(take(&room, flac, sizeof flac, &plain, &track, &job), ERR_BUSY);
	db_rollback(other);
	nothing_left(&room);
	db_close(other);
	db_close(room.fixture->db);
	room.fixture->db = own;
}

static void a_full_queue_leaves_nothing_more(void **state)
{
	struct room room = room_of(state);
	struct track track;
	struct job job;

	room.conf.job_max_queued = 1;
	assert_int_equal(take(&room, flac, sizeof flac, &plain, &track, &job), ERR_OK);
	assert_int_equal(take(&room, flac, sizeof flac, &plain, &track, &job), ERR_BUSY);
	assert_int_equal(files_in(&room, "source"), 1);
	assert_int_equal(files_in(&room, "spool"), 0);
	assert_int_equal(tracks_in(&room), 1);
	assert_int_equal(jobs_in(&room), 1);
}

static void a_source_folder_that_cannot_be_leaves_nothing(void **state)
{
	struct room room = room_of(state);
	const char *path = arena_printf(room.arena, "%s/source", room.fixture->dir);
	struct track track;
	struct job job;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	close(fd);
	assert_int_equal(take(&room, flac, sizeof flac, &plain, &track, &job), ERR_IO);
	unlink(path);
	nothing_left(&room);
}

static void make_old(const char *path)
{
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void what_a_dead_writer_left_is_swept(void **state)
{
	struct room room = room_of(state);
	struct spool alive, dead, young;
	struct err_info info;

	assert_int_equal(spool_sweep(conf_of(&room), 0), 0);
	assert_int_equal(spool_open(conf_of(&room), room.arena, &alive, &info), ERR_OK);
	assert_int_equal(spool_open(conf_of(&room), room.arena, &dead, &info), ERR_OK);
	assert_int_equal(spool_open(conf_of(&room), room.arena, &young, &info), ERR_OK);
	make_old(alive.path);
	make_old(dead.path);
	close(dead.fd); /* as the kernel does for a process that is killed: the lock goes with it */
	close(young.fd);
	assert_int_equal(spool_sweep(conf_of(&room), 60), 1);
	assert_int_equal(access(alive.path, F_OK), 0);
	assert_int_equal(access(young.path, F_OK), 0);
	assert_int_not_equal(access(dead.path, F_OK), 0);
	unlink(young.path);
	spool_discard(&alive);
	assert_int_equal(files_in(&room, "spool"), 0);
}

static void an_import_stays_where_it_is(void **state)
{
	struct room room = room_of(state);
	const char *path = import_file(&room, "a.flac", flac, sizeof flac);
	struct transcode_job payload;
	struct err_info info;
	struct track track;
	struct job job;

	assert_int_equal(ingest_import(conf_of(&room), room.fixture->db, "a.flac", &plain, NULL, room.arena, &track,
				 &job, &info),
		ERR_OK);
	assert_string_equal(track.source_name, "a.flac");
	assert_null(track.source_file);
	assert_int_equal(transcode_job_decode(job.payload, room.arena, &payload, &info), ERR_OK);
	assert_string_equal(payload.import, path);
	assert_int_equal(
		ingest_import(conf_of(&room), room.fixture->db, path, &plain, NULL, room.arena, &track, &job, &info),
		ERR_OK);
	import_file(&room, "noise", "noise", 5);
	assert_int_equal(
		ingest_import(conf_of(&room), room.fixture->db, "noise", &plain, NULL, room.arena, &track, &job, &info),
		ERR_UNSUPPORTED);
	assert_int_equal(tracks_in(&room), 2);
	assert_int_equal(jobs_in(&room), 2);
}

static enum err import(struct room *room, const char *path)
{
	struct err_info info = {0};
	const char *resolved;
	int fd;
	enum err err = import_open(conf_of(room), path, room->arena, &fd, &resolved, &info);

	assert_true((err == ERR_OK) == (fd >= 0));
	if (fd >= 0)
		close(fd);
	return err;
}

static void imports_do_not_leave_their_folder(void **state)
{
	struct room room = room_of(state);
	const char *dir = room.fixture->dir;
	char *inside = arena_printf(room.arena, "%s/import/", dir),
	     *beside = arena_printf(room.arena, "%s/import2", dir);

	import_file(&room, "a", flac, sizeof flac);
	mkdir(arena_printf(room.arena, "%ssub", inside), 0750);
	mkfifo(arena_printf(room.arena, "%spipe", inside), 0600);
	assert_int_equal(symlink("a", arena_printf(room.arena, "%sgood", inside)), 0);
	assert_int_equal(symlink("/etc/passwd", arena_printf(room.arena, "%sbad", inside)), 0);
	assert_int_equal(symlink("/etc", arena_printf(room.arena, "%sbad-folder", inside)), 0);
	assert_int_equal(symlink("nowhere", arena_printf(room.arena, "%sdangling", inside)), 0);
	mkdir(beside, 0750);
	assert_int_equal(import(&room, "a"), ERR_OK);
	assert_int_equal(import(&room, "./a"), ERR_OK);
	assert_int_equal(import(&room, "good"), ERR_OK);
	assert_int_equal(import(&room, arena_printf(room.arena, "%s//a", inside)), ERR_OK);
	assert_int_equal(import(&room, "bad"), ERR_FORBIDDEN);
	assert_int_equal(import(&room, "bad-folder/passwd"), ERR_FORBIDDEN);
	assert_int_equal(import(&room, "../tonearm.db"), ERR_FORBIDDEN);
	assert_int_equal(import(&room, "sub/../../tonearm.db"), ERR_FORBIDDEN);
	assert_int_equal(import(&room, ".."), ERR_FORBIDDEN);
	assert_int_equal(import(&room, "/etc/passwd"), ERR_FORBIDDEN);
	assert_int_equal(import(&room, "/nonexistent"), ERR_FORBIDDEN);
	assert_int_equal(import(&room, beside), ERR_FORBIDDEN);
	assert_int_equal(import(&room, "dangling"), ERR_NOT_FOUND);
	assert_int_equal(import(&room, "none"), ERR_NOT_FOUND);
	assert_int_equal(import(&room, "a/b"), ERR_NOT_FOUND);
	assert_int_equal(import(&room, "sub"), ERR_UNPROCESSABLE);
	assert_int_equal(import(&room, "pipe"), ERR_UNPROCESSABLE);
	room.conf.import_dir_count = 0;
	assert_int_equal(import(&room, "a"), ERR_NOT_FOUND);
}

/* Ends the newest job of the track as a runner would. */
static void finish(struct room *room, const char *id)
{
	struct err_info info;
	struct job job;

	assert_int_equal(
		job_claim(room->fixture->db, "me", JOB_CLASS_ALL, clock_ms(NULL), 1000, room->arena, &job, &info),
		ERR_OK);
	assert_string_equal(job.id, id);
	assert_int_equal(job_finish(room->fixture->db, id, "me", clock_ms(NULL), &info), ERR_OK);
}

static enum err more(
	struct room *room, const char *track, const struct conf_rendition *renditions, size_t count, struct job *job)
{
	struct ingest ingest = plain;
	struct err_info info = {0};

	ingest.renditions = renditions;
	ingest.rendition_count = count;
	return ingest_more(conf_of(room), room->fixture->db, track, &ingest, NULL, room->arena, job, &info);
}

static void more_is_what_is_missing(void **state)
{
	static const struct conf_rendition tiny = {"tiny", "aac", 48000, 44100, 2, "cmaf"};
	struct room room = room_of(state);
	struct rendition high = {.quality = "high", .codec = "aac", .codecs = "mp4a.40.2", .file = "high.mp4"};
	struct transcode_job payload;
	struct err_info info;
	struct track track;
	struct job job;

	assert_int_equal(take(&room, flac, sizeof flac, &plain, &track, &job), ERR_OK);
	assert_int_equal(more(&room, track.id, &tiny, 1, &job), ERR_CONFLICT); /* its first job waits */
	finish(&room, job.id);
	strcpy(high.track, track.id);
	assert_int_equal(rendition_put(room.fixture->db, &high, &info), ERR_OK);
	assert_int_equal(more(&room, track.id, NULL, 0, &job), ERR_OK);
	assert_int_equal(transcode_job_decode(job.payload, room.arena, &payload, &info), ERR_OK);
	assert_int_equal(payload.count, 1);
	assert_string_equal(payload.renditions[0].quality, "low");
	finish(&room, job.id);
	assert_int_equal(more(&room, track.id, ladder, 1, &job), ERR_CONFLICT); /* it has that one */
	assert_int_equal(more(&room, "01aaaaaaaaaaaaaaaaaaaaaaaa", &tiny, 1, &job), ERR_NOT_FOUND);
	unlink(arena_printf(room.arena, "%s/source/%s", room.fixture->dir, track.source_file));
	assert_int_equal(more(&room, track.id, &tiny, 1, &job), ERR_CONFLICT); /* its source is gone */
}

static void more_of_an_import_finds_its_file(void **state)
{
	static const struct conf_rendition tiny = {"tiny", "aac", 48000, 44100, 2, "cmaf"};
	struct room room = room_of(state);
	const char *path = import_file(&room, "a.flac", flac, sizeof flac);
	struct transcode_job payload;
	struct err_info info;
	struct track track;
	struct job job;

	assert_int_equal(
		ingest_import(conf_of(&room), room.fixture->db, path, &plain, NULL, room.arena, &track, &job, &info),
		ERR_OK);
	finish(&room, job.id);
	assert_int_equal(more(&room, track.id, &tiny, 1, &job), ERR_OK);
	assert_int_equal(transcode_job_decode(job.payload, room.arena, &payload, &info), ERR_OK);
	assert_string_equal(payload.import, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_upload_becomes_track_and_job, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(what_is_refused_leaves_nothing, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_database_that_says_no_leaves_nothing, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_full_queue_leaves_nothing_more, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(
			a_source_folder_that_cannot_be_leaves_nothing, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(what_a_dead_writer_left_is_swept, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(an_import_stays_where_it_is, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(imports_do_not_leave_their_folder, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(more_is_what_is_missing, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(more_of_an_import_finds_its_file, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}
