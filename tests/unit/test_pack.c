/* SPDX-License-Identifier: MIT */
#include "media/pack.h"
#include "tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TONE_SAMPLES = 48000, BLOCK = 4608, TONE_HZ = 1000, HARMONICS = 15 };

static void every_16_bit_sample_comes_back(void **state)
{
	(void)state;
	for (int32_t i = INT16_MIN; i <= INT16_MAX; i++) {
		float x = (float)i / 32768;
		const float *planes[] = {&x};
		int16_t out;

		pack_s16(planes, 1, 1, (uint64_t)(i - INT16_MIN), &out);
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

		pack_s24(planes, 1, 1, (uint64_t)(i + (1 << 23)), &out);
		assert_int_equal(out, i * 256);
	}
}

static void cuts_at_full_scale(void **state)
{
	static const float left[] = {1, -1, 2, -2, INFINITY}, right[] = {-INFINITY, NAN, 0.3F, 1.00001F, -1.00001F};
	static const int16_t shall[] = {INT16_MAX, INT16_MIN, INT16_MIN, INT16_MAX, INT16_MAX, 0, INT16_MIN, INT16_MAX,
		INT16_MAX, INT16_MIN};
	const float *planes[] = {left, right};
	int16_t out[10];
	int32_t deep[10];

	(void)state;
	pack_s16(planes, 2, 5, 0, out);
	pack_s24(planes, 2, 5, 0, deep);
	for (size_t i = 0; i < 10; i++) {
		if (shall[i] == 0)
			continue;
		/* Full scale itself may be dithered by a step. */
		assert_int_equal(abs(out[i] - shall[i]) <= 1, 1);
		assert_int_equal(abs((deep[i] >> 8) - (shall[i] < 0 ? -(1 << 23) : (1 << 23) - 1)) <= 1, 1);
	}
}

/* A sine of DBFS as float, and as 16 bits in blocks, as an encoder is given them. */
static void make_tone(double dbfs, float *tone, int16_t *out)
{
	for (size_t n = 0; n < TONE_SAMPLES; n++)
		tone[n] = (float)(pow(10, dbfs / 20) * sin(2 * M_PI * TONE_HZ * (double)n / TONE_SAMPLES));
	for (size_t at = 0; at < TONE_SAMPLES; at += BLOCK) {
		const float *planes[] = {tone + at};

		pack_s16(planes, 1, at + BLOCK < TONE_SAMPLES ? BLOCK : TONE_SAMPLES - at, at, out + at);
	}
}

/* Of HZ, in steps of 16 bits. */
static double amplitude(const int16_t *samples, double hz)
{
	static double heard[TONE_SAMPLES];

	for (size_t n = 0; n < TONE_SAMPLES; n++)
		heard[n] = samples[n];
	return tone_amplitude(heard, TONE_SAMPLES, TONE_SAMPLES, hz);
}

static double greatest_harmonic(const int16_t *samples)
{
	double most = 0;

	for (int k = 2; k <= HARMONICS; k++)
		most = fmax(most, amplitude(samples, k * TONE_HZ));
	return most;
}

static double error_power(const float *tone, const int16_t *out)
{
	double power = 0;

	for (size_t n = 0; n < TONE_SAMPLES; n++)
		power += pow(out[n] - (double)tone[n] * 32768, 2) / TONE_SAMPLES;
	return power;
}

static void quiet_tones_stay_tones(void **state)
{
	static const double levels[] = {-90, -96, -102};
	static float tone[TONE_SAMPLES];
	static int16_t out[TONE_SAMPLES], rounded[TONE_SAMPLES];

	(void)state;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		double shall = pow(10, levels[i] / 20) * 32768;

		make_tone(levels[i], tone, out);
		assert_float_equal(amplitude(out, TONE_HZ), shall, 0.02);
		assert_true(greatest_harmonic(out) < 0.02);
		/* A quarter of a step squared, whatever the tone. */
		assert_float_equal(error_power(tone, out), 0.25, 0.01);
	}
	/* Without noise the first is distorted and the last is gone: the measure above tells. */
	make_tone(-90, tone, out);
	for (size_t n = 0; n < TONE_SAMPLES; n++)
		rounded[n] = (int16_t)lrintf(tone[n] * 32768);
	assert_true(greatest_harmonic(rounded) > 0.1);
}

static void same_sound_gives_same_bytes(void **state)
{
	static float tone[TONE_SAMPLES];
	static int16_t first[TONE_SAMPLES], second[TONE_SAMPLES];
	const float *planes[] = {tone + 100};
	size_t differing = 0;

	(void)state;
	make_tone(-60, tone, first);
	make_tone(-60, tone, second);
	assert_memory_equal(first, second, sizeof first);
	/* The place counts, not the block; and no two stretches have the same noise. */
	pack_s16(planes, 1, BLOCK, 100, second + 100);
	assert_memory_equal(first, second, sizeof first);
	pack_s16(planes, 1, BLOCK, 100 + TONE_SAMPLES, second + 100);
	for (size_t n = 0; n < TONE_SAMPLES; n++)
		differing += first[n] != second[n];
	assert_true(differing > BLOCK / 4);
}

static void channels_have_noise_of_their_own(void **state)
{
	static float half[BLOCK];
	const float *planes[] = {half, half};
	static int16_t out[2 * BLOCK];
	size_t differing = 0;

	(void)state;
	for (size_t i = 0; i < BLOCK; i++)
		half[i] = 0.25F / 32768;
	pack_s16(planes, 2, BLOCK, 0, out);
	for (size_t i = 0; i < BLOCK; i++)
		differing += out[2 * i] != out[2 * i + 1];
	assert_true(differing > BLOCK / 4);
}

static void silence_stays_silent(void **state)
{
	static const float nothing[BLOCK];
	static const int16_t shall[BLOCK];
	const float *planes[] = {nothing};
	int16_t out[BLOCK];

	(void)state;
	pack_s16(planes, 1, BLOCK, 12345, out);
	assert_memory_equal(out, shall, sizeof shall);
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
		cmocka_unit_test(cuts_at_full_scale),
		cmocka_unit_test(quiet_tones_stay_tones),
		cmocka_unit_test(same_sound_gives_same_bytes),
		cmocka_unit_test(channels_have_noise_of_their_own),
		cmocka_unit_test(silence_stays_silent),
		cmocka_unit_test(interleaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
