/* SPDX-License-Identifier: MIT */
#include "model/breaker.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HERE "https://here"

enum { NOW = 1000000 };

static enum err ask(struct fixture *fixture, int64_t now, int64_t *due)
{
	return breaker_ask(fixture->db, HERE, now, due, NULL);
}

static void end(struct fixture *fixture, bool well, int64_t now)
{
	assert_int_equal(breaker_end(fixture->db, HERE, well, now, NULL), ERR_OK);
}

static void fail_often(struct fixture *fixture, int times, int64_t now)
{
	for (int i = 0; i < times; i++)
		end(fixture, false, now);
}

static struct breaker only(struct fixture *fixture)
{
	struct breaker *breakers;
	size_t count;

	assert_int_equal(breaker_list(fixture->db, &fixture->arena, &breakers, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	return breakers[0];
}

static void opens_after_failures_in_a_row(void **state)
{
	struct fixture *fixture = *state;
	int64_t due = 0;

	assert_int_equal(ask(fixture, NOW, &due), ERR_OK);
	end(fixture, true, NOW);
	fail_often(fixture, BREAKER_FAILURES - 1, NOW);
	end(fixture, true, NOW);
	fail_often(fixture, BREAKER_FAILURES - 1, NOW);
	assert_int_equal(ask(fixture, NOW, &due), ERR_OK);
	end(fixture, false, NOW);
	assert_int_equal(ask(fixture, NOW, &due), ERR_NOT_READY);
	assert_int_equal(due, NOW + BREAKER_PAUSE_MS);
	assert_int_equal(only(fixture).state, BREAKER_OPEN);
	assert_int_equal(breaker_ask(fixture->db, "https://there", NOW, &due, NULL), ERR_OK);
}

static void what_was_under_way_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	fail_often(fixture, BREAKER_FAILURES, NOW);
	end(fixture, false, NOW + 1000);
	end(fixture, true, NOW + 1000);
	assert_int_equal(only(fixture).state, BREAKER_OPEN);
	assert_int_equal(only(fixture).until_ms, NOW + BREAKER_PAUSE_MS);
	assert_int_equal(only(fixture).opened, 1);
}

static void one_asks_on_trial(void **state)
{
	struct fixture *fixture = *state;
	int64_t due = 0, now = NOW + BREAKER_PAUSE_MS;

	fail_often(fixture, BREAKER_FAILURES, NOW);
	assert_int_equal(ask(fixture, now - 1, &due), ERR_NOT_READY);
	assert_int_equal(ask(fixture, now, &due), ERR_OK);
	assert_int_equal(only(fixture).state, BREAKER_HALF_OPEN);
	assert_int_equal(ask(fixture, now, &due), ERR_NOT_READY);
	assert_true(due > now && due < now + BREAKER_TRIAL_MS);
	end(fixture, false, now);
	assert_int_equal(ask(fixture, now, &due), ERR_NOT_READY);
	assert_int_equal(due, now + 2 * BREAKER_PAUSE_MS);
	assert_int_equal(only(fixture).opened, 2);
	assert_int_equal(ask(fixture, due, &due), ERR_OK);
	end(fixture, true, due);
	assert_int_equal(only(fixture).state, BREAKER_CLOSED);
	assert_int_equal(ask(fixture, due, &due), ERR_OK);
	fail_often(fixture, BREAKER_FAILURES, now);
	assert_int_equal(only(fixture).until_ms, now + BREAKER_PAUSE_MS); /* from the beginning again */
}

static void pauses_have_an_end(void **state)
{
	struct fixture *fixture = *state;
	int64_t due = NOW, last = NOW;

	fail_often(fixture, BREAKER_FAILURES, NOW);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask(fixture, due, &due), i == 0 ? ERR_NOT_READY : ERR_OK);
		last = due;
		end(fixture, false, due);
		due = only(fixture).until_ms;
	}
	assert_int_equal(due - last, BREAKER_PAUSE_MOST_MS);
	/* Who asked on trial has died. */
	assert_int_equal(ask(fixture, due, &last), ERR_OK);
	assert_int_equal(ask(fixture, due + BREAKER_TRIAL_MS - 1, &last), ERR_NOT_READY);
	assert_int_equal(ask(fixture, due + BREAKER_TRIAL_MS, &last), ERR_OK);
}

static void a_clock_that_was_ahead_holds_nobody_up(void **state)
{
	struct fixture *fixture = *state;
	int64_t due = 0, year = INT64_C(365) * 86400000;

	fail_often(fixture, BREAKER_FAILURES, NOW + year);
	assert_int_equal(ask(fixture, NOW, &due), ERR_OK);
	assert_int_equal(ask(fixture, NOW, &due), ERR_NOT_READY);
	assert_true(due < NOW + BREAKER_TRIAL_MS);
	/* Nor does a trial of that time. */
	assert_int_equal(ask(fixture, NOW - year, &due), ERR_OK);
	end(fixture, true, NOW - year);
	assert_int_equal(only(fixture).state, BREAKER_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_after_failures_in_a_row, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(what_was_under_way_changes_nothing, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(one_asks_on_trial, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(pauses_have_an_end, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_clock_that_was_ahead_holds_nobody_up, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
