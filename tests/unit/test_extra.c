/* SPDX-License-Identifier: MIT */
#include "model/extra.h"

#include "model/track.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void insert_track(struct fixture *fixture, struct track *track)
{
	struct err_info info;

	*track = (struct track){.owner = "", .created_ms = 1, .updated_ms = 1};
	id_new(NULL, track->id);
	assert_int_equal(track_insert(fixture->db, track, &info), ERR_OK);
}

static void are_put_and_listed(void **state)
{
	struct fixture *fixture = *state;
	struct extra extra = {.role = EXTRA_WAVEFORM, .etag = "ab", .file_size = 40, .modified = 7}, out[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	struct err_info info;
	struct track track;

	insert_track(fixture, &track);
	assert_int_equal(extra_list(fixture->db, track.id, out, found, &info), ERR_OK);
	for (int role = 0; role < EXTRA_ROLES; role++)
		assert_false(found[role]);
	assert_int_equal(extra_put(fixture->db, track.id, &extra, &info), ERR_OK);
	extra.file_size = 41;
	assert_int_equal(extra_put(fixture->db, track.id, &extra, &info), ERR_OK);
	assert_int_equal(extra_list(fixture->db, track.id, out, found, &info), ERR_OK);
	assert_true(found[EXTRA_WAVEFORM]);
	assert_false(found[EXTRA_WAVEFORM_SPLIT]);
	assert_int_equal(out[EXTRA_WAVEFORM].role, EXTRA_WAVEFORM);
	assert_int_equal(out[EXTRA_WAVEFORM].file_size, 41);
	assert_int_equal(out[EXTRA_WAVEFORM].modified, 7);
	assert_string_equal(out[EXTRA_WAVEFORM].etag, "ab");
}

static void go_with_the_track(void **state)
{
	struct fixture *fixture = *state;
	struct extra extra = {.role = EXTRA_WAVEFORM, .etag = "ab"}, out[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	struct err_info info;
	struct track track;

	assert_int_equal(extra_put(fixture->db, "01jd5w3k9q2m8x7c4b6v0n1ztr", &extra, &info), ERR_CONFLICT);
	insert_track(fixture, &track);
	assert_int_equal(extra_put(fixture->db, track.id, &extra, &info), ERR_OK);
	assert_int_equal(track_delete(fixture->db, track.id, &info), ERR_OK);
	assert_int_equal(extra_list(fixture->db, track.id, out, found, &info), ERR_OK);
	assert_false(found[EXTRA_WAVEFORM]);
}

static void unknown_roles_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct extra out[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	struct err_info info;
	struct track track;

	insert_track(fixture, &track);
	fixture_sql(fixture, "INSERT INTO extra SELECT id, 'later', 'ab', 1, 1 FROM track");
	assert_int_equal(extra_list(fixture->db, track.id, out, found, &info), ERR_OK);
	for (int role = 0; role < EXTRA_ROLES; role++)
		assert_false(found[role]);
}

static void roles_have_names(void **state)
{
	(void)state;
	for (int role = 0; role < EXTRA_ROLES; role++) {
		enum extra_role again = EXTRA_ROLES;

		assert_true(extra_role_parse(extra_role_name((enum extra_role)role), &again));
		assert_int_equal(again, role);
		assert_non_null(strchr(extra_file((enum extra_role)role), '.'));
	}
	assert_false(extra_role_parse("sound", &(enum extra_role){0}));
	assert_false(extra_role_parse(NULL, &(enum extra_role){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(are_put_and_listed, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(go_with_the_track, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(unknown_roles_are_passed_over, fixture_db, fixture_remove),
		cmocka_unit_test(roles_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
