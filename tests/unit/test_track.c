/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "model/track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct track track_number(int number)
{
	struct track track = {.visibility = TRACK_PUBLIC, .owner = "", .created_ms = 1000, .updated_ms = 1000};

	snprintf(track.id, sizeof track.id, "%026d", number);
	return track;
}

static void insert(struct fixture *fixture, const struct track *track)
{
	struct err_info info = {0};

	if (track_insert(fixture->db, track, &info) != ERR_OK)
		fail_msg("%s", info.detail);
}

static struct track get(struct fixture *fixture, int number)
{
	struct track want = track_number(number), track;

	assert_int_equal(track_get(fixture->db, want.id, &fixture->arena, &track, NULL), ERR_OK);
	return track;
}

static void test_names(void **state)
{
	enum track_visibility visibility;

	(void)state;
	assert_int_equal(track_visibility_parse("public", &visibility), ERR_OK);
	assert_int_equal(visibility, TRACK_PUBLIC);
	assert_int_equal(track_visibility_parse("private", &visibility), ERR_OK);
	assert_int_equal(visibility, TRACK_PRIVATE);
	assert_int_equal(track_visibility_parse("secret", &visibility), ERR_BAD_REQUEST);
	assert_int_equal(track_visibility_parse(NULL, &visibility), ERR_BAD_REQUEST);
	assert_string_equal(track_visibility_name(TRACK_PRIVATE), "private");
	assert_string_equal(track_state_name(TRACK_PENDING), "pending");
	assert_string_equal(track_state_name(TRACK_READY), "ready");
	assert_string_equal(track_state_name(TRACK_FAILED), "failed");
}

static void test_insert_and_get(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1), got;
	struct err_info info;

	track.visibility = TRACK_PRIVATE;
	track.owner = "somebody";
	track.title = "T\xc3\xadtulo";
	track.number = 3;
	track.year = 1969;
	track.places = "DE !DE-BY";
	track.source_name = "a.flac";
	track.source_file = "x.flac";
	track.source_bytes = INT64_C(5000000000);
	insert(fixture, &track);
	got = get(fixture, 1);
	assert_string_equal(got.id, track.id);
	assert_int_equal(got.visibility, TRACK_PRIVATE);
	assert_int_equal(got.state, TRACK_PENDING);
	assert_string_equal(got.owner, "somebody");
	assert_string_equal(got.title, "T\xc3\xadtulo");
	assert_null(got.artist);
	assert_null(got.album);
	assert_int_equal(got.number, 3);
	assert_int_equal(got.year, 1969);
	assert_string_equal(got.places, "DE !DE-BY");
	assert_string_equal(got.source_name, "a.flac");
	assert_string_equal(got.source_file, "x.flac");
	assert_null(got.source_format);
	assert_true(got.source_bytes == INT64_C(5000000000));
	assert_null(got.failure);
	assert_int_equal(got.created_ms, 1000);
	assert_int_equal(track_insert(fixture->db, &track, &info), ERR_CONFLICT);
	assert_int_equal(track_get(fixture->db, "nobody", &fixture->arena, &got, &info), ERR_NOT_FOUND);
	assert_string_equal(info.detail, "there is no such track");
}

static void test_owner_is_required(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1);

	track.owner = NULL;
	assert_int_equal(track_insert(fixture->db, &track, NULL), ERR_CONFLICT);
}

static void test_pages(void **state)
{
	struct fixture *fixture = *state;
	struct track track, *page;
	const char *after = NULL;
	size_t count;

	for (int i = 1; i <= 7; i++) {
		track = track_number(i);
		insert(fixture, &track);
	}
	for (int newest = 7; newest > 0; newest -= 3) {
		assert_int_equal(
			track_list(fixture->db, after, 0, NULL, 3, &fixture->arena, &page, &count, NULL), ERR_OK);
		assert_int_equal(count, newest < 3 ? newest : 3);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(page[i].id, track_number(newest - (int)i).id);
		after = page[count - 1].id;
	}
	assert_int_equal(track_list(fixture->db, after, 0, NULL, 3, &fixture->arena, &page, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
}

static void assert_page(struct fixture *fixture, const char *after, const char *owner, size_t limit, const int *numbers)
{
	struct track *page;
	size_t count, i;

	assert_int_equal(track_list(fixture->db, after, 1, owner, limit, &fixture->arena, &page, &count, NULL), ERR_OK);
	for (i = 0; numbers[i] != 0; i++) {
		assert_true(i < count);
		assert_string_equal(page[i].id, track_number(numbers[i]).id);
	}
	assert_int_equal(count, i);
}

static void test_who_sees_what(void **state)
{
	struct fixture *fixture = *state;
	struct track track;

	/* Odd ones are private; 1 and 2 belong to "me", the others to "you". */
	for (int i = 1; i <= 6; i++) {
		track = track_number(i);
		track.visibility = i % 2 ? TRACK_PRIVATE : TRACK_PUBLIC;
		track.owner = i <= 2 ? "me" : "you";
		insert(fixture, &track);
	}
	assert_page(fixture, NULL, NULL, 10, (int[]){6, 4, 2, 0});
	assert_page(fixture, NULL, "me", 10, (int[]){6, 4, 2, 1, 0});
	assert_page(fixture, NULL, "you", 10, (int[]){6, 5, 4, 3, 2, 0});
	assert_page(fixture, NULL, "you", 2, (int[]){6, 5, 0});
	assert_page(fixture, track_number(5).id, "you", 2, (int[]){4, 3, 0});
}

static void test_update(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1), got;

	track.artist = "before";
	insert(fixture, &track);
	track.title = "after";
	track.artist = NULL;
	track.year = 2001;
	track.visibility = TRACK_PRIVATE;
	track.owner = "not written";
	track.updated_ms = 2000;
	assert_int_equal(track_update(fixture->db, &track, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_string_equal(got.title, "after");
	assert_null(got.artist);
	assert_int_equal(got.year, 2001);
	assert_int_equal(got.visibility, TRACK_PRIVATE);
	assert_string_equal(got.owner, "");
	assert_int_equal(got.updated_ms, 2000);
	track = track_number(2);
	assert_int_equal(track_update(fixture->db, &track, NULL), ERR_NOT_FOUND);
}

static void test_source_fills_what_is_unset(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1), found = track_number(1), got;

	track.title = "by hand";
	track.year = 1999;
	insert(fixture, &track);
	found.title = "from the tag";
	found.artist = "singer";
	found.year = 1971;
	found.number = 4;
	found.duration_ms = 10333;
	found.sample_rate = 48000;
	found.channels = 2;
	found.source_format = "flac";
	found.updated_ms = 3000;
	assert_int_equal(track_set_source(fixture->db, &found, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_string_equal(got.title, "by hand");
	assert_int_equal(got.year, 1999);
	assert_string_equal(got.artist, "singer");
	assert_null(got.album);
	assert_int_equal(got.number, 4);
	assert_int_equal(got.duration_ms, 10333);
	assert_int_equal(got.sample_rate, 48000);
	assert_int_equal(got.channels, 2);
	assert_string_equal(got.source_format, "flac");
	assert_int_equal(got.updated_ms, 3000);
	found = track_number(2);
	assert_int_equal(track_set_source(fixture->db, &found, NULL), ERR_NOT_FOUND);
}

static void test_states(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1), got;

	insert(fixture, &track);
	assert_int_equal(track_set_state(fixture->db, track.id, TRACK_FAILED, "no sound in it", 2000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, TRACK_FAILED);
	assert_string_equal(got.failure, "no sound in it");
	assert_int_equal(track_set_state(fixture->db, track.id, TRACK_READY, NULL, 3000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, TRACK_READY);
	assert_null(got.failure);
	assert_int_equal(got.updated_ms, 3000);
	assert_int_equal(track_set_state(fixture->db, "nobody", TRACK_READY, NULL, 0, NULL), ERR_NOT_FOUND);
}

static void test_delete(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1), got;

	insert(fixture, &track);
	assert_int_equal(track_delete(fixture->db, track.id, NULL), ERR_OK);
	assert_int_equal(track_get(fixture->db, track.id, &fixture->arena, &got, NULL), ERR_NOT_FOUND);
	assert_int_equal(track_delete(fixture->db, track.id, NULL), ERR_NOT_FOUND);
}

static void test_words_from_elsewhere(void **state)
{
	struct fixture *fixture = *state;
	struct track track = track_number(1), *page;
	size_t count;

	insert(fixture, &track);
	fixture_sql(fixture, "PRAGMA ignore_check_constraints = 1; UPDATE track SET state = 'asleep'");
	assert_int_equal(track_get(fixture->db, track.id, &fixture->arena, &track, NULL), ERR_INTERNAL);
	assert_int_equal(track_list(fixture->db, NULL, 0, NULL, 9, &fixture->arena, &page, &count, NULL), ERR_INTERNAL);
}

static void test_locked_database(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 0);
	struct track track = track_number(1);

	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(track_insert(other, &track, NULL), ERR_BUSY);
	assert_int_equal(track_update(other, &track, NULL), ERR_BUSY);
	assert_int_equal(track_delete(other, track.id, NULL), ERR_BUSY);
	assert_int_equal(track_get(other, track.id, &fixture->arena, &track, NULL), ERR_NOT_FOUND);
	db_rollback(fixture->db);
	db_close(other);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		WITH_DB(test_insert_and_get),
		WITH_DB(test_owner_is_required),
		WITH_DB(test_pages),
		WITH_DB(test_who_sees_what),
		WITH_DB(test_update),
		WITH_DB(test_source_fills_what_is_unset),
		WITH_DB(test_states),
		WITH_DB(test_delete),
		WITH_DB(test_words_from_elsewhere),
		WITH_DB(test_locked_database),
	};

	return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
