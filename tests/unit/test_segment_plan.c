/* SPDX-License-Identifier: MIT */
#include "media/segment_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void rounds_to_whole_frames(void **state)
{
	(void)state;
	assert_int_equal(segment_plan_make(4000, 44100, 1024, 1024).frames, 172); /* 172.27 */
	assert_int_equal(segment_plan_make(4000, 22050, 1024, 1024).frames, 86);  /* 86.13 */
	assert_int_equal(segment_plan_make(4000, 48000, 1024, 1024).frames, 188); /* 187.5 */
	assert_int_equal(segment_plan_make(1, 8000, 1024, 1024).frames, 1);
}

static void lowest_rate_cuts_on_its_own_grid(void **state)
{
	struct segment_plan plan = segment_plan_make(4000, 44100, 1024, 1024);

	(void)state;
	for (uint64_t k = 1; k < 1000; k++)
		assert_int_equal(segment_plan_frame(&plan, k, 44100, 1024), 172 * k);
	plan = segment_plan_make(4000, 48000, 960, 312);
	for (uint64_t k = 1; k < 1000; k++)
		assert_int_equal(segment_plan_frame(&plan, k, 48000, 312), 200 * k);
}

/*
 * The instant at which a frame of 1024 samples is presented, times both rates (its own and OTHER) so that it stays
 * whole.
 */
static int64_t instant(uint64_t frame, int64_t other)
{
	return ((int64_t)frame * 1024 - 1024) * other;
}

/* Whatever the delay, the instant is the same: a rendition with another one cuts within a frame of it. */
static void other_delays_cut_at_the_same_instant(void **state)
{
	static const uint32_t delays[] = {0, 312, 1024, 2112, 5000};
	struct segment_plan plan = segment_plan_make(4000, 44100, 1024, 1024);

	(void)state;
	for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
		for (uint64_t k = 1; k < 1000; k++)
			assert_int_equal(segment_plan_sample(&plan, k, 44100, delays[i]),
				172 * 1024 * k - 1024 + delays[i]);
	}
}

static void doubled_rate_cuts_at_the_same_instant(void **state)
{
	struct segment_plan plan = segment_plan_make(4000, 22050, 1024, 1024);

	(void)state;
	for (uint64_t k = 1; k < 50000; k++) {
		uint64_t slow = segment_plan_frame(&plan, k, 22050, 1024);
		uint64_t fast = segment_plan_frame(&plan, k, 44100, 1024);

		assert_int_equal(slow, 86 * k);
		assert_int_equal(fast, (86 * k - 1) * 2 + 1);
		assert_int_equal(instant(slow, 44100), instant(fast, 22050));
	}
}

static void other_rates_cut_at_most_one_frame_late(void **state)
{
	struct segment_plan plan = segment_plan_make(4000, 44100, 1024, 1024);
	uint64_t before = 0;

	(void)state;
	for (uint64_t k = 1; k < 50000; k++) {
		uint64_t slow = segment_plan_frame(&plan, k, 44100, 1024);
		uint64_t fast = segment_plan_frame(&plan, k, 48000, 1024);
		int64_t late = instant(fast, 44100) - instant(slow, 48000);

		assert_true(late >= 0 && late < INT64_C(1024) * 44100);
		assert_true(fast > before);
		before = fast;
	}
}

static void one_frame_segments_do_not_collapse(void **state)
{
	struct segment_plan plan = segment_plan_make(10, 22050, 1024, 1024);

	(void)state;
	assert_int_equal(segment_plan_frame(&plan, 1, 22050, 1024), 1);
	assert_int_equal(segment_plan_frame(&plan, 1, 44100, 1024), 1);
	assert_int_equal(segment_plan_frame(&plan, 2, 44100, 1024), 3);
}

static void counts_enough_segments(void **state)
{
	struct segment_plan plan = segment_plan_make(4000, 44100, 1024, 1024);

	(void)state;
	assert_true(segment_plan_count(&plan, 0) >= 1);
	for (uint64_t s = 1; s < 20000; s++) {
		uint64_t frames = (s * 44100 + 1024 + 1023) / 1024;

		assert_true(segment_plan_count(&plan, s * 1000) >= (frames + 171) / 172);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_to_whole_frames),
		cmocka_unit_test(lowest_rate_cuts_on_its_own_grid),
		cmocka_unit_test(other_delays_cut_at_the_same_instant),
		cmocka_unit_test(doubled_rate_cuts_at_the_same_instant),
		cmocka_unit_test(other_rates_cut_at_most_one_frame_late),
		cmocka_unit_test(one_frame_segments_do_not_collapse),
		cmocka_unit_test(counts_enough_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
