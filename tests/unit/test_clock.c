/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_injected_time(void **state)
{
	int64_t now = 784111777999;
	struct clock clock = {told_ms, &now};

	(void)state;
	assert_int_equal(clock_ms(&clock), now);
	assert_int_equal(clock_seconds(&clock), 784111777);
}

static void test_system_time(void **state)
{
	int64_t before = (int64_t)time(NULL), monotonic = clock_monotonic_us();

	(void)state;
	assert_true(clock_ms(NULL) >= before * 1000);
	assert_true(clock_seconds(NULL) >= before);
	assert_true(clock_monotonic_us() >= monotonic);
}

static void test_written(void **state)
{
	static const char *const no_times[] = {"", "1994-11-06", "1994-11-06T08:49:37", "1994-11-06T08:49:37.Z",
		"1994-11-06T08:49:37+01:00", "1994-11-06T08:49:37Z ", "1994-13-06T08:49:37Z"};
	char text[CLOCK_TEXT];

	(void)state;
	assert_string_equal(clock_http_date(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_string_equal(clock_http_date(0, text), "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_string_equal(clock_rfc3339(784111777005, text), "1994-11-06T08:49:37.005Z");
	assert_string_equal(clock_rfc3339(0, text), "1970-01-01T00:00:00.000Z");
	assert_int_equal(clock_parse_rfc3339("1994-11-06T08:49:37.005Z"), 784111777005);
	assert_int_equal(clock_parse_rfc3339("1994-11-06T08:49:37Z"), 784111777000);
	assert_int_equal(clock_parse_rfc3339("1994-11-06T08:49:37.0059999Z"), 784111777005);
	for (size_t i = 0; i < sizeof no_times / sizeof *no_times; i++)
		assert_int_equal(clock_parse_rfc3339(no_times[i]), -1);
}

static void test_read(void **state)
{
	static const char *const wrong[] = {"", "yesterday", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 32 Nov 1994 08:49:37 GMT",
		"784111777"};

	(void)state;
	assert_int_equal(clock_parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	assert_int_equal(clock_parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	assert_int_equal(clock_parse_http_date("Sun Nov  6 08:49:37 1994"), 784111777);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(clock_parse_http_date(wrong[i]), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_injected_time),
		cmocka_unit_test(test_system_time),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
