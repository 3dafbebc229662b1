/* SPDX-License-Identifier: MIT */
/* Resumable uploads: what counts of the bytes that came, who may write, and what goes when. */
#include "fixture.h"
#include "storage/arrival.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char flac[] = "fLaC\0\0\0\x22 and more bytes, so that there is something to look at in this file .....";
static struct conf_rendition ladder[] = {{"high", "aac", 320000, 44100, 2, "cmaf"}};
static int64_t now;

static const struct clock watch = {told_ms, &now};

struct room {
	struct conf conf;
	struct db *db;
	struct arena *arena;
	struct err_info info;
};

static struct room room_of(void **state)
{
	struct fixture *fixture = *state;

	now = 1000000;
	return (struct room){.db = fixture->db,
		.arena = &fixture->arena,
		.conf = {.data_dir = fixture->dir,
			.upload_size = 1000,
			.uploads_open = 3,
			.upload_keep_s = 100,
			.ladder = ladder,
			.ladder_count = 1,
			.job_max_attempts = 3}};
}

static const char *begin(struct room *room, enum resumable_kind kind, int64_t length)
{
	struct resumable row = {.owner = "alice", .kind = kind, .length = length, .metadata = "", .concat = ""};

	assert_int_equal(arrival_begin(&room->conf, room->db, &watch, &row, &room->info), ERR_OK);
	return arena_strdup(room->arena, row.id);
}

static enum err open_it(struct room *room, const char *id, bool doubted, struct arrival *out)
{
	return arrival_open(&room->conf, room->db, &watch, id, "alice", doubted, room->arena, out, &room->info);
}

static int64_t offset_of(struct room *room, const char *id)
{
	struct resumable row;
	int64_t offset;

	assert_int_equal(
		arrival_look(&room->conf, room->db, &watch, id, "alice", room->arena, &row, &offset, &room->info), ERR_OK);
	return offset;
}

static enum err look(struct room *room, const char *id, const char *owner)
{
	struct resumable row;
	int64_t offset;

	return arrival_look(&room->conf, room->db, &watch, id, owner, room->arena, &row, &offset, &room->info);
}

static const char *file_of(struct room *room, const char *id)
{
	return conf_data_path(&room->conf, room->arena, "spool/%s.upload", id);
}

/* A whole piece, as it should go. */
static void bring(struct room *room, const char *id, const void *bytes, size_t length)
{
	struct arrival arrival;

	assert_int_equal(open_it(room, id, false, &arrival), ERR_OK);
	assert_int_equal(arrival_write(&arrival, bytes, length, &room->info), ERR_OK);
	assert_int_equal(arrival_settle(&arrival, &room->info), ERR_OK);
	arrival_close(&arrival);
}

static enum err measure(struct room *room, const char *id, int64_t length)
{
	struct arrival arrival;
	enum err err;

	assert_int_equal(open_it(room, id, false, &arrival), ERR_OK);
	err = arrival_measure(&arrival, room->db, length, &room->info);
	arrival_close(&arrival);
	return err;
}

static void the_length_may_come_later(void **state)
{
	struct room room = room_of(state);
	const char *id = begin(&room, RESUMABLE_WHOLE, RESUMABLE_LENGTH_OPEN);
	const char *forgotten = begin(&room, RESUMABLE_WHOLE, RESUMABLE_LENGTH_OPEN);
	static const char much[1000];
	struct arrival arrival;
	size_t count;

	bring(&room, id, flac, 10);
	assert_int_equal(open_it(&room, id, false, &arrival), ERR_OK);
	assert_int_equal(arrival.row.length, RESUMABLE_LENGTH_OPEN);
	assert_int_equal(arrival_write(&arrival, much, 991, &room.info), ERR_TOO_LARGE);
	arrival_close(&arrival);
	assert_int_equal(measure(&room, id, 9), ERR_BAD_REQUEST);
	assert_int_equal(measure(&room, id, 12), ERR_OK);
	assert_int_equal(measure(&room, id, 12), ERR_OK);
	assert_int_equal(measure(&room, id, 13), ERR_BAD_REQUEST);
	assert_int_equal(open_it(&room, id, false, &arrival), ERR_OK);
	assert_int_equal(arrival.row.length, 12);
	assert_int_equal(arrival_write(&arrival, much, 3, &room.info), ERR_TOO_LARGE);
	assert_int_equal(arrival_write(&arrival, much, 2, &room.info), ERR_OK);
	arrival_close(&arrival);
	bring(&room, forgotten, flac, 10);
	now += 100001;
	assert_int_equal(arrival_expire(&room.conf, room.db, &watch, &count, &room.info), ERR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(access(file_of(&room, forgotten), F_OK), -1);
}

static void pieces_add_up(void **state)
{
	struct room room = room_of(state);
	const char *id = begin(&room, RESUMABLE_WHOLE, sizeof flac);
	const struct ingest ingest = {.owner = "alice"};
	struct arrival arrival;
	struct track track;
	struct job job;

	assert_int_equal(offset_of(&room, id), 0);
	bring(&room, id, flac, 10);
	assert_int_equal(offset_of(&room, id), 10);
	bring(&room, id, flac + 10, sizeof flac - 10);
	assert_int_equal(open_it(&room, id, false, &arrival), ERR_OK);
	assert_int_equal(arrival_write(&arrival, "x", 1, &room.info), ERR_TOO_LARGE);
	assert_int_equal(
		arrival_finish(&arrival, room.db, &ingest, &watch, room.arena, &track, &job, &room.info), ERR_OK);
	arrival_close(&arrival);
	assert_int_equal(track.source_bytes, sizeof flac);
	assert_int_equal(offset_of(&room, id), sizeof flac);
	assert_int_equal(access(file_of(&room, id), F_OK), -1);
	assert_int_equal(open_it(&room, id, false, &arrival), ERR_CONFLICT);
}

/* As a process that is killed leaves it: nothing is closed in good order. */
static void what_was_not_verified_does_not_count(void **state)
{
	struct room room = room_of(state);
	const char *id = begin(&room, RESUMABLE_WHOLE, 100);
	struct arrival arrival;

	bring(&room, id, "0123456789", 10);
	assert_int_equal(open_it(&room, id, true, &arrival), ERR_OK);
	assert_int_equal(arrival_write(&arrival, "abc", 3, &room.info), ERR_OK);
	close(arrival.file.fd);
	assert_int_equal(offset_of(&room, id), 10);
	assert_int_equal(open_it(&room, id, true, &arrival), ERR_OK);
	assert_int_equal(arrival.file.bytes, 10);
	assert_int_equal(arrival_write(&arrival, "de", 2, &room.info), ERR_OK);
	assert_int_equal(arrival_settle(&arrival, &room.info), ERR_OK);
	assert_int_equal(arrival_trust(&arrival, room.db, &room.info), ERR_OK);
	arrival_close(&arrival);
	assert_int_equal(offset_of(&room, id), 12);
	assert_int_equal(open_it(&room, id, false, &arrival), ERR_OK);
	assert_int_equal(arrival_write(&arrival, "fgh", 3, &room.info), ERR_OK);
	assert_int_equal(arrival_take_back(&arrival, &room.info), ERR_OK);
	arrival_close(&arrival);
	assert_int_equal(offset_of(&room, id), 12);
}

static void one_writes_at_a_time(void **state)
{
	struct room room = room_of(state);
	const char *id = begin(&room, RESUMABLE_WHOLE, 100);
	struct arrival first, second;

	assert_int_equal(open_it(&room, id, false, &first), ERR_OK);
	assert_int_equal(open_it(&room, id, false, &second), ERR_LOCKED);
	assert_int_equal(arrival_remove(&room.conf, room.db, &watch, id, "alice", room.arena, &room.info), ERR_LOCKED);
	assert_int_equal(look(&room, id, "alice"), ERR_OK);
	arrival_close(&first);
	assert_int_equal(open_it(&room, id, false, &second), ERR_OK);
	arrival_close(&second);
	assert_int_equal(look(&room, id, "bob"), ERR_NOT_FOUND);
	assert_int_equal(arrival_remove(&room.conf, room.db, &watch, id, "bob", room.arena, &room.info), ERR_NOT_FOUND);
	assert_int_equal(look(&room, "../../etc/passwd", "alice"), ERR_NOT_FOUND);
	assert_int_equal(arrival_remove(&room.conf, room.db, &watch, id, "alice", room.arena, &room.info), ERR_OK);
	assert_int_equal(look(&room, id, "alice"), ERR_NOT_FOUND);
	assert_int_equal(access(file_of(&room, id), F_OK), -1);
}

static void nobody_begins_without_end(void **state)
{
	struct room room = room_of(state);
	struct resumable row = {.owner = "alice", .length = 1, .metadata = "", .concat = ""};

	for (int i = 0; i < 3; i++)
		begin(&room, RESUMABLE_WHOLE, 10);
	assert_int_equal(arrival_begin(&room.conf, room.db, &watch, &row, &room.info), ERR_TOO_MANY);
	row.owner = "bob";
	assert_int_equal(arrival_begin(&room.conf, room.db, &watch, &row, &room.info), ERR_OK);
	now += 100000;
	row.owner = "alice";
	assert_int_equal(arrival_begin(&room.conf, room.db, &watch, &row, &room.info), ERR_OK);
}

static void what_nobody_takes_up_goes(void **state)
{
	struct room room = room_of(state);
	const char *old = begin(&room, RESUMABLE_WHOLE, 100), *busy = begin(&room, RESUMABLE_WHOLE, 100), *kept;
	struct arrival arrival;
	size_t count;

	bring(&room, old, "old", 3);
	assert_int_equal(open_it(&room, busy, false, &arrival), ERR_OK);
	now += 50000;
	kept = begin(&room, RESUMABLE_WHOLE, 100);
	bring(&room, kept, "kept", 4);
	now += 50000;
	assert_int_equal(look(&room, old, "alice"), ERR_NOT_FOUND);
	assert_int_equal(symlink("nowhere", file_of(&room, "01aaaaaaaaaaaaaaaaaaaaaaaa")), 0);
	assert_int_equal(link(file_of(&room, kept), file_of(&room, "01aaaaaaaaaaaaaaaaaaaaaaab")), 0);
	assert_int_equal(arrival_expire(&room.conf, room.db, &watch, &count, &room.info), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(access(file_of(&room, old), F_OK), -1);
	assert_int_equal(access(file_of(&room, busy), F_OK), 0);
	assert_int_equal(access(file_of(&room, "01aaaaaaaaaaaaaaaaaaaaaaab"), F_OK), -1);
	arrival_close(&arrival);
	assert_int_equal(arrival_expire(&room.conf, room.db, &watch, &count, &room.info), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(offset_of(&room, kept), 4);
}

static void parts_are_joined_in_order(void **state)
{
	struct room room = room_of(state);
	const char *parts[] = {begin(&room, RESUMABLE_PARTIAL, 5), begin(&room, RESUMABLE_PARTIAL, sizeof flac - 5)};
	struct resumable row = {.owner = "alice", .kind = RESUMABLE_FINAL, .metadata = "", .concat = "final;"};
	const struct ingest ingest = {.owner = "alice"};
	struct track track;
	struct job job;

	bring(&room, parts[0], flac, 5);
	assert_int_equal(arrival_join(&room.conf, room.db, &watch, parts, 2, &row, &ingest, room.arena, &track, &job,
				 &room.info),
		ERR_CONFLICT);
	bring(&room, parts[1], flac + 5, sizeof flac - 5);
	room.conf.upload_size = 10;
	assert_int_equal(arrival_join(&room.conf, room.db, &watch, parts, 2, &row, &ingest, room.arena, &track, &job,
				 &room.info),
		ERR_TOO_LARGE);
	room.conf.upload_size = 1000;
	assert_int_equal(arrival_join(&room.conf, room.db, &watch, parts, 2, &row, &ingest, room.arena, &track, &job,
				 &room.info),
		ERR_OK);
	assert_int_equal(row.length, sizeof flac);
	assert_string_equal(row.track, track.id);
	assert_string_equal(track.source_format, "flac");
	assert_int_equal(offset_of(&room, row.id), sizeof flac);
	assert_int_equal(look(&room, parts[0], "alice"), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pieces_add_up, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(the_length_may_come_later, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(what_was_not_verified_does_not_count, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(one_writes_at_a_time, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(nobody_begins_without_end, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(what_nobody_takes_up_goes, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(parts_are_joined_in_order, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
