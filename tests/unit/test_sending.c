/* SPDX-License-Identifier: MIT */
#include "model/sending.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct sending first = {"s", "a key", "u1", "file 1", 12, 5, 1000};

static void goes_on_with_what_was_written_down(void **state)
{
	struct fixture *fixture = *state;
	struct sending found;
	const char *etags[3];

	assert_int_equal(sending_get(fixture->db, "s", "a key", &fixture->arena, &found, NULL), ERR_NOT_FOUND);
	assert_int_equal(sending_begin(fixture->db, &first, NULL), ERR_OK);
	assert_int_equal(sending_part_done(fixture->db, &first, 3, "e3", NULL), ERR_OK);
	assert_int_equal(sending_part_done(fixture->db, &first, 1, "e1", NULL), ERR_OK);
	assert_int_equal(sending_part_done(fixture->db, &first, 1, "e1 again", NULL), ERR_OK);
	assert_int_equal(sending_get(fixture->db, "s", "a key", &fixture->arena, &found, NULL), ERR_OK);
	assert_string_equal(found.upload, "u1");
	assert_string_equal(found.source, "file 1");
	assert_int_equal(found.size, 12);
	assert_int_equal(found.part_size, 5);
	assert_int_equal(found.begun_ms, 1000);
	assert_int_equal(sending_parts(fixture->db, &found, 3, &fixture->arena, etags, NULL), ERR_OK);
	assert_string_equal(etags[0], "e1 again");
	assert_null(etags[1]);
	assert_string_equal(etags[2], "e3");
	/* Parts past the count are nobody's. */
	assert_int_equal(sending_parts(fixture->db, &found, 2, &fixture->arena, etags, NULL), ERR_OK);
	assert_int_equal(sending_get(fixture->db, "other", "a key", &fixture->arena, &found, NULL), ERR_NOT_FOUND);
	assert_int_equal(sending_end(fixture->db, "s", "a key", NULL), ERR_OK);
	assert_int_equal(sending_end(fixture->db, "s", "a key", NULL), ERR_OK);
	assert_int_equal(sending_get(fixture->db, "s", "a key", &fixture->arena, &found, NULL), ERR_NOT_FOUND);
}

static void a_new_upload_takes_the_place_of_the_old(void **state)
{
	struct fixture *fixture = *state;
	struct sending second = first;
	const char *etags[1];

	second.upload = "u2";
	assert_int_equal(sending_begin(fixture->db, &first, NULL), ERR_OK);
	assert_int_equal(sending_part_done(fixture->db, &first, 1, "e1", NULL), ERR_OK);
	assert_int_equal(sending_begin(fixture->db, &second, NULL), ERR_OK);
	assert_int_equal(sending_parts(fixture->db, &second, 1, &fixture->arena, etags, NULL), ERR_OK);
	assert_null(etags[0]);
	assert_int_equal(sending_part_done(fixture->db, &first, 1, "late", NULL), ERR_CONFLICT);
	assert_int_equal(sending_part_done(fixture->db, &second, 1, "e2", NULL), ERR_OK);
	assert_int_equal(sending_parts(fixture->db, &second, 1, &fixture->arena, etags, NULL), ERR_OK);
	assert_string_equal(etags[0], "e2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on_with_what_was_written_down, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_new_upload_takes_the_place_of_the_old, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
