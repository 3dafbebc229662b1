/* SPDX-License-Identifier: MIT */
#include "model/spending.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The last second of January 2026, and the first of February. */
#define JANUARY INT64_C(1769903999)
#define FEBRUARY INT64_C(1769904000)

static const struct spending a_write = {1, 0}, a_read = {0, 1}, three_writes = {3, 0};

static void counts_and_caps_a_month(void **state)
{
	struct fixture *fixture = *state;
	struct spending spent;

	assert_int_equal(spending_get(fixture->db, "s", JANUARY, &spent, NULL), ERR_OK);
	assert_int_equal(spent.writes, 0);
	assert_int_equal(spending_add(fixture->db, "s", &three_writes, 2, JANUARY, NULL), ERR_TOO_MANY);
	assert_int_equal(spending_add(fixture->db, "s", &a_write, 2, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_add(fixture->db, "s", &a_write, 2, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_add(fixture->db, "s", &a_write, 2, JANUARY, NULL), ERR_TOO_MANY);
	assert_int_equal(spending_add(fixture->db, "s", &a_read, 2, JANUARY, NULL), ERR_OK);
	/* Also when the cap was lowered since. */
	assert_int_equal(spending_add(fixture->db, "s", &a_read, 1, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_get(fixture->db, "s", JANUARY, &spent, NULL), ERR_OK);
	assert_int_equal(spent.writes, 2);
	assert_int_equal(spent.reads, 2);
	assert_int_equal(spending_add(fixture->db, "s", &a_write, 2, FEBRUARY, NULL), ERR_OK);
	assert_int_equal(spending_add(fixture->db, "other", &a_write, 2, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_add(fixture->db, "s", &three_writes, 0, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_get(fixture->db, "s", JANUARY, &spent, NULL), ERR_OK);
	assert_int_equal(spent.writes, 5);
}

/* Two connections share what is left. */
static void is_shared_by_processes(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 1000);

	assert_int_equal(spending_add(fixture->db, "s", &a_write, 2, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_add(other, "s", &a_write, 2, JANUARY, NULL), ERR_OK);
	assert_int_equal(spending_add(fixture->db, "s", &a_write, 2, JANUARY, NULL), ERR_TOO_MANY);
	assert_int_equal(spending_add(other, "s", &a_write, 2, JANUARY, NULL), ERR_TOO_MANY);
	db_close(other);
}

static void is_renewed_with_the_month(void **state)
{
	(void)state;
	/* 2026-11-22T22:00:00Z, the last moment of that year, and the first of the next. */
	assert_int_equal(spending_renews_ms(INT64_C(1795384800123)), INT64_C(1796083200000));
	assert_int_equal(spending_renews_ms(INT64_C(1798761599999)), INT64_C(1798761600000));
	assert_int_equal(spending_renews_ms(INT64_C(1798761600000)), INT64_C(1801440000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_renewed_with_the_month),
		cmocka_unit_test_setup_teardown(counts_and_caps_a_month, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(is_shared_by_processes, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
