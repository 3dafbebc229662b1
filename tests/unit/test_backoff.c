/* SPDX-License-Identifier: MIT */
#include "jobs/backoff.h"
#include "model/job_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void doubles_up_to_its_cap(void **state)
{
	static const int64_t most[] = {5000, 10000, 20000, 40000, 80000, 160000, 300000, 300000};

	(void)state;
	for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
		assert_int_equal(backoff_ms((int64_t)i + 1, (uint64_t)most[i]), most[i]);
		assert_int_equal(backoff_ms((int64_t)i + 1, (uint64_t)most[i] + 1), 0);
	}
}

static void takes_any_number(void **state)
{
	static const int64_t attempts[] = {INT64_MIN, -1, 0, 1, 63, 64, 65, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		assert_in_range(backoff_ms(attempts[i], UINT64_MAX), 0, BACKOFF_MOST_MS);
		assert_in_range(backoff_ms(attempts[i], 0), 0, 0);
	}
}

static void spreads_over_the_whole_range(void **state)
{
	int low = 0, high = 0;

	(void)state;
	for (uint64_t random = 0; random < 50000; random += 7) {
		low += backoff_ms(2, random) < 5000;
		high += backoff_ms(2, random) >= 5000;
	}
	assert_true(low > 3000 && high > 3000);
}

/* A cache that is away for a month is told in the end. */
static void outlasts_a_cache_that_is_away(void **state)
{
	int64_t attempts = job_kind_find("purge")->max_attempts, ms = 0;

	(void)state;
	for (int64_t attempt = 1; attempt < attempts; attempt++)
		ms += backoff_ms(attempt, BACKOFF_MOST_MS / 2);
	assert_true(ms > INT64_C(30) * 86400 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_its_cap),
		cmocka_unit_test(takes_any_number),
		cmocka_unit_test(spreads_over_the_whole_range),
		cmocka_unit_test(outlasts_a_cache_that_is_away),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
