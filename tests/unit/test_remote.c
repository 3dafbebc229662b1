/* SPDX-License-Identifier: MIT */
#include "model/remote.h"

#include "fixture.h"
#include "model/rendition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define STORE "https://s/bucket"
#define KEY "media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4"

static const char track_id[] = "01jd5w3k9q2m8x7c4b6v0n1ztr";

static void put_rendition(struct fixture *fixture, const char *etag)
{
	struct rendition rendition = {.quality = "high", .codec = "aac", .container = "cmaf", .file = "high.mp4", .file_size = 9};

	snprintf(rendition.track, sizeof rendition.track, "%s", track_id);
	snprintf(rendition.etag, sizeof rendition.etag, "%s", etag);
	assert_int_equal(rendition_put(fixture->db, &rendition, NULL), ERR_OK);
}

static int make_track(void **state)
{
	struct track track = {.owner = "", .created_ms = 1, .updated_ms = 1};

	if (fixture_db(state) != 0)
		return -1;
	snprintf(track.id, sizeof track.id, "%s", track_id);
	if (track_insert(((struct fixture *)*state)->db, &track, NULL) != ERR_OK)
		return -1;
	put_rendition(*state, "aa");
	return 0;
}

/* The one file of the track. */
static struct stored file(struct fixture *fixture)
{
	struct stored *files;
	size_t count;

	assert_int_equal(stored_list(fixture->db, track_id, &fixture->arena, &files, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	return files[0];
}

static struct remote row(struct fixture *fixture)
{
	struct remote *rows;
	size_t count;

	assert_int_equal(remote_list(fixture->db, STORE, track_id, &fixture->arena, &rows, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	return rows[0];
}

static enum err find(struct fixture *fixture, const char *etag)
{
	struct remote found;

	return remote_find(fixture->db, STORE, track_id, STORED_RENDITION, "high", etag, &fixture->arena, &found, NULL);
}

static void expect(struct fixture *fixture)
{
	struct stored stored = file(fixture);

	assert_int_equal(remote_expect(fixture->db, STORE, KEY, &stored, NULL), ERR_OK);
}

static enum err confirm(struct fixture *fixture, const struct stored *stored)
{
	return remote_confirm(fixture->db, STORE, KEY, stored, stored->etag, 77, NULL);
}

static void counts_only_when_it_is_confirmed(void **state)
{
	struct fixture *fixture = *state;
	struct stored stored = file(fixture);
	struct remote_counts counts;

	expect(fixture);
	assert_false(row(fixture).confirmed);
	assert_int_equal(find(fixture, "aa"), ERR_NOT_FOUND);
	assert_int_equal(confirm(fixture, &stored), ERR_OK);
	assert_int_equal(find(fixture, "aa"), ERR_OK);
	assert_int_equal(find(fixture, "bb"), ERR_NOT_FOUND);
	expect(fixture); /* the same again: it stays */
	assert_true(row(fixture).confirmed);
	assert_int_equal(row(fixture).confirmed_ms, 77);
	assert_int_equal(remote_count(fixture->db, STORE, &counts, NULL), ERR_OK);
	assert_int_equal(counts.objects, 1);
	assert_int_equal(counts.confirmed, 1);
	assert_int_equal(remote_doubt(fixture->db, STORE, KEY, NULL), ERR_OK);
	assert_int_equal(find(fixture, "aa"), ERR_NOT_FOUND);
}

static void of_a_file_that_was_made_anew_there_is_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct stored before = file(fixture);

	expect(fixture);
	put_rendition(fixture, "bb");
	expect(fixture);
	assert_int_equal(confirm(fixture, &before), ERR_CONFLICT); /* it was under way */
	assert_false(row(fixture).confirmed);
	before = file(fixture);
	assert_int_equal(confirm(fixture, &before), ERR_OK);
	assert_int_equal(find(fixture, "aa"), ERR_NOT_FOUND);
	assert_int_equal(find(fixture, "bb"), ERR_OK);
}

static void a_file_is_away_when_it_is_released(void **state)
{
	struct fixture *fixture = *state;
	struct stored stored = file(fixture);
	bool done;

	expect(fixture);
	assert_int_equal(remote_release(fixture->db, STORE, KEY, "aa", 80, &done, NULL), ERR_OK);
	assert_false(done);
	assert_int_equal(confirm(fixture, &stored), ERR_OK);
	assert_false(file(fixture).away);
	assert_int_equal(remote_release(fixture->db, STORE, KEY, "bb", 80, &done, NULL), ERR_OK);
	assert_false(done);
	assert_int_equal(remote_release(fixture->db, STORE, KEY, "aa", 80, &done, NULL), ERR_OK);
	assert_true(done);
	assert_int_equal(remote_release(fixture->db, STORE, KEY, "aa", 90, &done, NULL), ERR_OK);
	assert_false(done);
	assert_int_equal(row(fixture).released_ms, 80);
	assert_true(file(fixture).away);
	put_rendition(fixture, "bb");
	assert_false(file(fixture).away);
	expect(fixture);
	assert_int_equal(row(fixture).released_ms, 0);
}

static void outlives_its_track(void **state)
{
	struct fixture *fixture = *state;
	char lost[ID_SIZE];

	expect(fixture);
	assert_int_equal(remote_next_lost(fixture->db, STORE, "", lost, NULL), ERR_NOT_FOUND);
	assert_int_equal(track_delete(fixture->db, track_id, NULL), ERR_OK);
	assert_int_equal(remote_next_lost(fixture->db, STORE, "", lost, NULL), ERR_OK);
	assert_string_equal(lost, track_id);
	assert_int_equal(remote_next_lost(fixture->db, STORE, track_id, lost, NULL), ERR_NOT_FOUND);
	assert_int_equal(remote_next_lost(fixture->db, "other", "", lost, NULL), ERR_NOT_FOUND);
	assert_string_equal(row(fixture).key, KEY);
	assert_int_equal(remote_forget(fixture->db, STORE, KEY, NULL), ERR_OK);
	assert_int_equal(remote_next_lost(fixture->db, STORE, "", lost, NULL), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_only_when_it_is_confirmed, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(
			of_a_file_that_was_made_anew_there_is_nothing, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(a_file_is_away_when_it_is_released, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(outlives_its_track, make_track, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
