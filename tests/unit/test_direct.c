/* SPDX-License-Identifier: MIT */
#include "model/direct.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char id[] = "01jd5w3k9q2m8x7c4b6v0n1ztr", other[] = "01jd5w3k9q2m8x7c4b6v0n1zts";

static void is_divided_into_parts(void **state)
{
	const struct direct odd = {.size = 11, .part_size = 5}, even = {.size = 10, .part_size = 5},
			    large = {.size = 10, .part_size = INT64_MAX};

	(void)state;
	assert_int_equal(direct_parts(&odd), 3);
	assert_int_equal(direct_part_size(&odd, 2), 5);
	assert_int_equal(direct_part_size(&odd, 3), 1);
	assert_int_equal(direct_parts(&even), 2);
	assert_int_equal(direct_part_size(&even, 2), 5);
	assert_int_equal(direct_parts(&large), 1);
	assert_int_equal(direct_part_size(&large, 1), 10);
}

static void put(struct fixture *fixture, const char *name, int64_t finished_ms)
{
	struct direct row = {
		.owner = "", .size = 9, .part_size = 9, .fields = "{}", .expires_ms = 5, .finished_ms = finished_ms};

	snprintf(row.id, sizeof row.id, "%s", name);
	assert_int_equal(direct_put(fixture->db, &row, NULL), ERR_OK);
}

static enum err expired(struct fixture *fixture, struct direct *out)
{
	return direct_expired(fixture->db, 5, &fixture->arena, out, NULL);
}

static void submit(struct fixture *fixture, const char *upload)
{
	fixture_sql(fixture,
		arena_printf(&fixture->arena,
			"INSERT INTO job (id, kind, class, payload, submitter, state, held_by, priority, rank_ms, "
			"fair_ms, depth, attempts, max_attempts, run_after_ms, lease_expires_ms, progress, stage, speed, "
			"cancel_requested, created_ms, updated_ms, started_ms, finished_ms) "
			"VALUES ('j%s', 'fetch', 'network', '{\"track\":\"t\",\"upload\":\"%s\",\"size\":9}', '', "
			"'queued', 'nothing', 0, 0, 0, 0, 0, 3, 0, 0, 0, 'queued', 0, 0, 1, 1, 0, 0)",
			upload, upload));
}

static void stays_until_it_is_fetched(void **state)
{
	struct fixture *fixture = *state;
	struct direct row;

	put(fixture, id, 1);
	submit(fixture, id);
	assert_int_equal(expired(fixture, &row), ERR_NOT_FOUND);
	put(fixture, other, 1);
	assert_int_equal(expired(fixture, &row), ERR_OK);
	assert_string_equal(row.id, other);
	assert_int_equal(direct_delete(fixture->db, other, NULL), ERR_OK);
	put(fixture, other, 0);
	assert_int_equal(expired(fixture, &row), ERR_OK);
	assert_string_equal(row.id, other);
	assert_int_equal(direct_delete(fixture->db, other, NULL), ERR_OK);
	fixture_sql(fixture, "UPDATE job SET state = 'running'");
	assert_int_equal(expired(fixture, &row), ERR_NOT_FOUND);
	fixture_sql(fixture, "UPDATE job SET state = 'done'");
	assert_int_equal(expired(fixture, &row), ERR_OK);
	assert_string_equal(row.id, id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_divided_into_parts),
		cmocka_unit_test_setup_teardown(stays_until_it_is_fetched, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
