/* SPDX-License-Identifier: MIT */
#include "media/aac_window.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_a_pair_with_a_common_window(void **state)
{
	/* 001 0000 1, 0 10 1 ...: a pair, its common window: eight short, Kaiser-Bessel */
	const uint8_t frame[] = {0x21, 0x50, 0};
	struct aac_window window;

	(void)state;
	assert_true(aac_window_read(frame, sizeof frame, &window));
	assert_int_equal(window.sequence, 2);
	assert_int_equal(window.shape, 1);
}

static void reads_a_single_channel(void **state)
{
	/* 000 0011, global gain 10101010, 0 01 0 ...: a single channel, long start, sine */
	const uint8_t frame[] = {0x07, 0x54, 0x40};
	struct aac_window window;

	(void)state;
	assert_true(aac_window_read(frame, sizeof frame, &window));
	assert_int_equal(window.sequence, 1);
	assert_int_equal(window.shape, 0);
}

static void refuses_what_has_no_window_in_common(void **state)
{
	const uint8_t apart[] = {0x20, 0x50, 0}, filler[] = {0xc0, 0, 0}, cut[] = {0x21, 0x50};
	struct aac_window window;

	(void)state;
	assert_false(aac_window_read(apart, sizeof apart, &window));
	assert_false(aac_window_read(filler, sizeof filler, &window));
	assert_false(aac_window_read(cut, sizeof cut, &window));
	assert_false(aac_window_read(cut, 0, &window));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_pair_with_a_common_window),
		cmocka_unit_test(reads_a_single_channel),
		cmocka_unit_test(refuses_what_has_no_window_in_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
