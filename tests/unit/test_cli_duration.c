/* SPDX-License-Identifier: MIT */
#include "cli/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_digits_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {{"1s", 1}, {"90s", 90}, {"15m", 900}, {"1h", 3600}, {"7d", 604800}, {"3650d", DURATION_MOST}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t seconds = 0;

		assert_int_equal(duration_parse(cases[i].text, "--ttl", &seconds, NULL), ERR_OK);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void refuses_everything_else(void **state)
{
	static const char *const cases[] = {"", "s", "90", "0s", "-1s", "+1s", " 1s", "1 s", "1s ", "1.5h", "1h30m",
		"1w", "1S", "3651d", "99999999999999999999s", "1\xC3\xA9"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err_info info = {0};
		int64_t seconds = 42;

		assert_int_equal(duration_parse(cases[i], "--ttl", &seconds, &info), ERR_BAD_REQUEST);
		assert_int_equal(seconds, 42);
		assert_memory_equal(info.detail, "--ttl ", 6);
	}
}

static void shows_lengths_and_ages(void **state)
{
	char text[DURATION_TEXT];

	(void)state;
	assert_string_equal(duration_clock(0, text), "-");
	assert_string_equal(duration_clock(4049, text), "0:04");
	assert_string_equal(duration_clock(59500, text), "1:00");
	assert_string_equal(duration_clock(3729000, text), "1:02:09");
	assert_string_equal(duration_ago(-5, text), "now");
	assert_string_equal(duration_ago(42000, text), "42 s ago");
	assert_string_equal(duration_ago(300000, text), "5 min ago");
	assert_string_equal(duration_ago(3 * 3600000, text), "3 h ago");
	assert_string_equal(duration_ago(12LL * 86400000, text), "12 d ago");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_digits_and_a_unit),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(shows_lengths_and_ages),
	};

	return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
