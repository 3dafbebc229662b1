/* SPDX-License-Identifier: MIT */
#include "media/pack.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void every_16_bit_sample_comes_back(void **state)
{
	(void)state;
	for (int32_t i = INT16_MIN; i <= INT16_MAX; i++) {
		float x = (float)i / 32768;
		const float *planes[] = {&x};
		int16_t out;

		pack_s16(planes, 1, 1, &out);
		assert_int_equal(out, i);
	}
}

static void every_24_bit_sample_comes_back(void **state)
{
	(void)state;
	for (int32_t i = -(1 << 23); i < 1 << 23; i += 61) {
		float x = (float)i / (1 << 23);
		const float *planes[] = {&x};
		int32_t out;

		pack_s24(planes, 1, 1, &out);
		assert_int_equal(out, i * 256);
	}
}

static void rounds_and_cuts(void **state)
{
	static const float left[] = {0.4F / 32768, 0.6F / 32768, -0.6F / 32768, 1, -1, 2, -2};
	static const float right[] = {0, 0, 0, INFINITY, -INFINITY, NAN, 0.5F};
	static const int16_t shall[] = {
		0, 0, 1, 0, -1, 0, INT16_MAX, INT16_MAX, INT16_MIN, INT16_MIN, INT16_MAX, INT16_MAX, INT16_MIN, 16384};
	const float *planes[] = {left, right};
	int16_t out[14];
	int32_t deep[14];

	(void)state;
	pack_s16(planes, 2, 7, out);
	assert_memory_equal(out, shall, sizeof shall);
	pack_s24(planes, 2, 7, deep);
	assert_int_equal(deep[6], INT32_MAX - 255);
	assert_int_equal(deep[8], INT32_MIN);
	assert_int_equal(deep[13], 1 << 30);
}

static void interleaves(void **state)
{
	static const float left[] = {0.1F, 0.2F}, right[] = {0.3F, 3};
	static const float shall[] = {0.1F, 0.3F, 0.2F, 3};
	const float *planes[] = {left, right};
	float out[4];

	(void)state;
	pack_float(planes, 2, 2, out);
	assert_memory_equal(out, shall, sizeof shall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_16_bit_sample_comes_back),
		cmocka_unit_test(every_24_bit_sample_comes_back),
		cmocka_unit_test(rounds_and_cuts),
		cmocka_unit_test(interleaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
