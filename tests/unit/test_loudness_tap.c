/* SPDX-License-Identifier: MIT */
/* Threads that hear frames against meters that hear all of the sound: to the bit the same, wherever the frames end. */
#include "media/loudness_tap.h"

#include "media/loudness.h"
#include "media/true_peak.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHANNELS_MOST = 2, FRAME_MOST = 7000, FRAME = 4096 };

struct signal {
	int channels, rate;
	size_t count;
	float *planes[CHANNELS_MOST];
};

/* Noise whose loudness changes every two seconds, between -1 and 1 of LEVEL. */
static void make_noise(struct signal *signal)
{
	uint32_t random = 1;

	for (int c = 0; c < signal->channels; c++) {
		signal->planes[c] = malloc(signal->count * sizeof(float));
		for (size_t n = 0; n < signal->count; n++) {
			double level = 0.05 + 0.2 * (double)(n / (2 * (size_t)signal->rate) % 3);

			random = random * 1664525 + 1013904223;
			signal->planes[c][n] = (float)(level * ((double)(random >> 8) / (1 << 23) - 1));
		}
	}
}

/* Peaks between two samples, of about 1: a sine of a quarter of the rate that never shows more than 0.71. */
static void put_peak(const struct signal *signal, size_t at)
{
	for (size_t n = at - 200; n < at + 200; n++)
		signal->planes[0][n] = (float)(0.98 * sin(M_PI / 2 * (double)n + M_PI / 4));
}

static void free_signal(struct signal *signal)
{
	for (int c = 0; c < signal->channels; c++)
		free(signal->planes[c]);
}

static AVFrame *make_frame(const struct signal *signal, size_t at, size_t count)
{
	AVFrame *frame = av_frame_alloc();

	frame->nb_samples = (int)count;
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = signal->rate;
	av_channel_layout_default(&frame->ch_layout, signal->channels);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (int c = 0; c < signal->channels; c++)
		memcpy(frame->data[c], signal->planes[c] + at, count * sizeof(float));
	return frame;
}

static struct loudness tap_all(const struct signal *signal, uint32_t *bins)
{
	struct loudness loudness = {0};
	struct loudness_tap *tap;
	struct err_info info;
	size_t count;

	assert_int_equal(loudness_tap_open(signal->rate, signal->channels, &tap, &info), ERR_OK);
	for (size_t at = 0, piece = 1; at < signal->count; at += count, piece = piece * 3 % FRAME_MOST + 1) {
		AVFrame *frame;

		count = piece < signal->count - at ? piece : signal->count - at;
		frame = make_frame(signal, at, count);
		assert_int_equal(loudness_tap_push(tap, frame, &info), ERR_OK);
		av_frame_free(&frame);
	}
	assert_int_equal(loudness_tap_finish(tap, &loudness, bins, &info), ERR_OK);
	loudness_tap_close(tap);
	return loudness;
}

static struct loudness meter_all(const struct signal *signal, uint32_t *bins)
{
	struct loudness loudness = {0};
	struct loudness_meter *meter;
	struct true_peak *peak;
	struct err_info info;

	assert_int_equal(
		loudness_open((unsigned)signal->channels, (uint32_t)signal->rate, &meter, &info), ERR_OK);
	assert_int_equal(
		true_peak_open((unsigned)signal->channels, (uint32_t)signal->rate, &peak, &info), ERR_OK);
	assert_int_equal(
		loudness_add(meter, (const float *const *)signal->planes, signal->count, &info), ERR_OK);
	assert_int_equal(
		true_peak_add(peak, (const float *const *)signal->planes, signal->count, &info), ERR_OK);
	assert_int_equal(loudness_finish(meter, &loudness, bins, &info), ERR_OK);
	loudness.true_peak_dbtp = true_peak_dbtp(peak);
	loudness_close(meter);
	true_peak_close(peak);
	return loudness;
}

static void check(const struct signal *signal)
{
	uint32_t bins[LOUDNESS_BINS], all_bins[LOUDNESS_BINS];
	struct loudness parts = tap_all(signal, bins), all = meter_all(signal, all_bins);

	assert_memory_equal(&parts, &all, sizeof all);
	assert_memory_equal(bins, all_bins, sizeof bins);
}

static void threads_tell_what_one_does(void **state)
{
	static const struct {
		int channels, rate;
		size_t count;
	} cases[] = {{1, 44100, 1000}, {2, 44100, 30 * 44100 + 7}, {1, 48000, 4 * FRAME}, {2, 96000, 9 * FRAME + 1},
		{2, 192000, 5 * FRAME - 1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct signal signal = {cases[i].channels, cases[i].rate, cases[i].count, {NULL, NULL}};

		make_noise(&signal);
		check(&signal);
		free_signal(&signal);
	}
}

/* In every frame, at its edges and across them. */
static void no_peak_is_lost_between_frames(void **state)
{
	static const long offsets[] = {-400, -13, -1, 0, 1, 12, 300};

	(void)state;
	for (size_t frame = 1; frame < 6; frame++) {
		for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
			struct signal signal = {1, 44100, 6 * FRAME, {NULL, NULL}};
			struct loudness parts;

			make_noise(&signal);
			put_peak(&signal, (size_t)((long)(frame * FRAME) + offsets[i]));
			parts = tap_all(&signal, (uint32_t[LOUDNESS_BINS]){0});
			assert_true(parts.true_peak_dbtp > -1);
			check(&signal);
			free_signal(&signal);
		}
	}
}

static void nothing_is_silent(void **state)
{
	struct signal signal = {2, 44100, 0, {NULL, NULL}};

	(void)state;
	check(&signal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_tell_what_one_does),
		cmocka_unit_test(no_peak_is_lost_between_frames),
		cmocka_unit_test(nothing_is_silent),
	};

	return cmocka_run_group_tests_name("loudness_tap", tests, NULL, NULL);
}
