/* SPDX-License-Identifier: MIT */
#include "jobs/jump.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LEASE_MS = 30000 };
#define SECOND_US INT64_C(1000000)
#define BOOT_US (1000 * SECOND_US)

static int64_t wall_ms;

static const struct clock wall = {told_ms, &wall_ms};

/* The wall clock ADVANCED by MS more than the other, in SECONDS of that. */
static bool look(struct jump *jump, int64_t *now_us, int64_t seconds, int64_t ms)
{
	*now_us += seconds * SECOND_US;
	wall_ms += seconds * 1000 + ms;
	return jump_look(jump, &wall, *now_us);
}

static struct jump begin(int64_t *now_us)
{
	struct jump jump;

	wall_ms = INT64_C(1700000000000);
	*now_us = BOOT_US;
	jump_begin(&jump, LEASE_MS, &wall, *now_us);
	return jump;
}

static void time_that_passes_is_no_jump(void **state)
{
	int64_t now;
	struct jump jump = begin(&now);

	(void)state;
	assert_false(jump_is_settled(&jump, now));
	for (int i = 0; i < 10000; i++)
		assert_false(look(&jump, &now, 1, 1));
	assert_true(jump_is_settled(&jump, now));
	assert_true(jump.paused_us <= now);
}

static void after_a_jump_forward_nothing_is_claimed_for_moments(void **state)
{
	int64_t now;
	struct jump jump = begin(&now);

	(void)state;
	assert_true(look(&jump, &now, 1, 3600000));
	assert_int_equal(jump.paused_us, now + JUMP_PAUSE_MS * INT64_C(1000));
	assert_false(look(&jump, &now, 1, 0));
}

static void a_clock_that_never_rests_stops_nothing(void **state)
{
	int64_t now, paused = 0;
	struct jump jump = begin(&now);

	(void)state;
	for (int second = 0; second < 60; second++) {
		assert_true(look(&jump, &now, 1, 600000));
		paused += jump.paused_us > now;
	}
	assert_in_range(paused, 3, 9);
	assert_false(jump_is_settled(&jump, now));
}

static void after_a_jump_back_a_lease_passes_before_it_is_settled(void **state)
{
	int64_t now;
	struct jump jump = begin(&now);

	(void)state;
	look(&jump, &now, 40, 0);
	assert_true(jump_is_settled(&jump, now));
	assert_true(look(&jump, &now, 1, -3600000));
	assert_true(jump.paused_us <= now);
	assert_false(jump_is_settled(&jump, now + 29 * SECOND_US));
	assert_true(jump_is_settled(&jump, now + 30 * SECOND_US));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_that_passes_is_no_jump),
		cmocka_unit_test(after_a_jump_forward_nothing_is_claimed_for_moments),
		cmocka_unit_test(a_clock_that_never_rests_stops_nothing),
		cmocka_unit_test(after_a_jump_back_a_lease_passes_before_it_is_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
