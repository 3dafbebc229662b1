/* SPDX-License-Identifier: MIT */
/*
 * The meter against the signals of EBU Tech 3341 and 3342 (tests/vectors/ebur128.json), synthesised here, each value
 * within the tolerance that the documents allow; and the arithmetic of gains and albums.
 */
#include "media/loudness.h"
#include "media/true_peak.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHANNELS_MOST = 6 };

struct signal {
	size_t channels, count;
	uint32_t rate;
	float *planes[CHANNELS_MOST];
};

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static json_t *read_cases(void)
{
	const char *source = getenv("TONEARM_SOURCE");
	char path[4096];
	json_t *file;

	snprintf(path, sizeof path, "%s/tests/vectors/ebur128.json", source != NULL ? source : ".");
	file = json_load_file(path, 0, NULL);
	assert_non_null(file);
	return file;
}

static size_t frames(double seconds, uint32_t rate)
{
	return (size_t)lround(seconds * rate);
}

/* Peak level of CHANNEL in dBFS under SEGMENT; -HUGE_VAL for silence. */
static double level(const json_t *test, const json_t *segment, size_t channel)
{
	const json_t *each = json_array_get(json_object_get(test, "channel_dbfs"), channel);

	if (json_is_true(json_object_get(segment, "silence")) || json_is_null(each))
		return -HUGE_VAL;
	return number(segment, "dbfs") + (each != NULL ? json_number_value(each) : 0);
}

static void make_segments(const json_t *test, struct signal *signal)
{
	const json_t *segments = json_object_get(test, "segments");
	double seconds = 0, amplitude[CHANNELS_MOST], hz;
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(segments); i++) {
		const json_t *segment = json_array_get(segments, i);
		size_t end;

		seconds += number(segment, "dur_s");
		end = frames(seconds, signal->rate);
		for (size_t channel = 0; channel < signal->channels; channel++)
			amplitude[channel] = pow(10, level(test, segment, channel) / 20);
		hz = number(segment, "hz");
		for (; at < end; at++) {
			double sine = sin(2 * M_PI * hz * (double)at / signal->rate);

			for (size_t channel = 0; channel < signal->channels; channel++)
				signal->planes[channel][at] = (float)(amplitude[channel] * sine);
		}
	}
}

static void make_tone(const json_t *tone, struct signal *signal)
{
	double fade = number(tone, "fade_s") * signal->rate;

	for (size_t n = 0; n < signal->count; n++) {
		double edge = fmin(1, fmin((double)n, (double)(signal->count - n)) / fade);
		double phase = number(tone, "phase_deg") * M_PI / 180;
		double value = edge * number(tone, "amplitude") *
			       sin(2 * M_PI * number(tone, "hz") * (double)n / signal->rate + phase);

		for (size_t channel = 0; channel < signal->channels; channel++)
			signal->planes[channel][n] = (float)value;
	}
}

static void make_signal(const json_t *test, struct signal *signal)
{
	const json_t *tone = json_object_get(test, "tone"), *segments = json_object_get(test, "segments");
	double seconds = number(tone, "dur_s");

	for (size_t i = 0; i < json_array_size(segments); i++)
		seconds += number(json_array_get(segments, i), "dur_s");
	signal->channels = (size_t)number(test, "channels");
	signal->rate = (uint32_t)number(test, "sample_rate");
	signal->count = frames(seconds, signal->rate);
	for (size_t channel = 0; channel < signal->channels; channel++) {
		signal->planes[channel] = calloc(signal->count, sizeof(float));
		assert_non_null(signal->planes[channel]);
	}
	if (tone != NULL)
		make_tone(tone, signal);
	else
		make_segments(test, signal);
}

static void free_signal(struct signal *signal)
{
	for (size_t channel = 0; channel < signal->channels; channel++)
		free(signal->planes[channel]);
}

/* COUNT samples of SIGNAL from AT, in pieces of odd sizes, to those of METER and PEAK that are not NULL. */
static void hear(
	const struct signal *signal, size_t at, size_t count, struct loudness_meter *meter, struct true_peak *peak)
{
	const float *planes[CHANNELS_MOST];
	struct err_info info;
	size_t end = at + count;

	for (size_t piece = 1; at < end; at += piece, piece = piece * 3 % 5003) {
		if (piece > end - at)
			piece = end - at;
		for (size_t channel = 0; channel < signal->channels; channel++)
			planes[channel] = signal->planes[channel] + at;
		if (meter != NULL)
			assert_int_equal(loudness_add(meter, planes, piece, &info), ERR_OK);
		if (peak != NULL)
			assert_int_equal(true_peak_add(peak, planes, piece, &info), ERR_OK);
	}
}

/* What the meter says of COUNT samples of SIGNAL from AT; all but the true peak. */
static struct loudness measure(const struct signal *signal, size_t at, size_t count, uint32_t *bins)
{
	struct loudness_meter *meter;
	struct loudness loudness = {0};
	struct err_info info;

	assert_int_equal(loudness_open((unsigned)signal->channels, signal->rate, &meter, &info), ERR_OK);
	hear(signal, at, count, meter, NULL);
	assert_int_equal(loudness_finish(meter, &loudness, bins, &info), ERR_OK);
	loudness_close(meter);
	return loudness;
}

/* The true peak of the first COUNT samples of SIGNAL. */
static double peak_of(const struct signal *signal, size_t count)
{
	struct true_peak *peak;
	struct err_info info;
	double dbtp;

	assert_int_equal(true_peak_open((unsigned)signal->channels, signal->rate, &peak, &info), ERR_OK);
	hear(signal, 0, count, NULL, peak);
	dbtp = true_peak_dbtp(peak);
	true_peak_close(peak);
	return dbtp;
}

/* EXPECTED is [value, tolerance] or [value, plus, minus]. */
static void within(const json_t *test, const char *what, const json_t *expected, double measured)
{
	double value = json_number_value(json_array_get(expected, 0));
	double plus = fabs(json_number_value(json_array_get(expected, 1)));
	double minus = json_array_size(expected) > 2 ? fabs(json_number_value(json_array_get(expected, 2))) : plus;

	if (!(measured <= value + plus && measured >= value - minus))
		fail_msg("%s: %s is %.3f, not %.2f +%.2f -%.2f", json_string_value(json_object_get(test, "id")), what,
			measured, value, plus, minus);
}

/* The pieces of SECONDS that TEST is made of, each measured by itself. */
static void check_pieces(const json_t *test, const struct signal *signal, const char *name, double seconds)
{
	const json_t *list = json_object_get(json_object_get(test, "expect"), name);
	size_t count = frames(seconds, signal->rate);

	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t at = i * count, end = at + count < signal->count ? at + count : signal->count;
		struct loudness loudness = measure(signal, at, end - at, NULL);

		within(test, name, json_array_get(list, i),
			strstr(name, "momentary") != NULL ? loudness.momentary_max_lufs : loudness.short_term_max_lufs);
	}
}

/* Windows of SECONDS at odd places give one value. */
static void check_constant(const json_t *test, const struct signal *signal, const char *name, double seconds)
{
	const json_t *expect = json_object_get(test, "expect");
	bool momentary = strstr(name, "momentary") != NULL;
	const json_t *value = json_object_get(expect, momentary ? "max_momentary" : "max_short_term");

	if (json_object_get(expect, name) == NULL)
		return;
	for (double from = number(expect, name); (from + seconds) * signal->rate < (double)signal->count;
		from += 0.37) {
		struct loudness loudness = measure(
			signal, frames(from, signal->rate), frames(seconds, signal->rate), NULL);

		within(test, name, value, momentary ? loudness.momentary_max_lufs : loudness.short_term_max_lufs);
	}
}

static void check_case(const json_t *test)
{
	const json_t *expect = json_object_get(test, "expect"), *value;
	struct signal signal = {0};
	struct loudness loudness;
	const char *name;

	make_signal(test, &signal);
	loudness = measure(&signal, 0, signal.count, NULL);
	const struct {
		const char *name;
		double measured;
	} values[] = {
		{"integrated_lufs", loudness.integrated_lufs},
		{"lra_lu", loudness.range_lu},
		{"max_momentary", loudness.momentary_max_lufs},
		{"max_short_term", loudness.short_term_max_lufs},
	};

	json_object_foreach((json_t *)expect, name, value) {
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			if (strcmp(name, values[i].name) == 0)
				within(test, name, value, values[i].measured);
		}
	}
	value = json_object_get(expect, "true_peak_dbtp");
	if (value != NULL)
		within(test, "true_peak_dbtp", value, peak_of(&signal, signal.count));
	check_pieces(test, &signal, "max_short_term_per_6s_segment", 6);
	check_pieces(test, &signal, "max_momentary_per_0.8s_segment", 0.8);
	check_constant(test, &signal, "short_term_constant_after_s", 3);
	check_constant(test, &signal, "momentary_constant_after_s", 0.4);
	free_signal(&signal);
}

static void meets_every_tolerance(void **state)
{
	json_t *file = read_cases();
	const json_t *cases = json_object_get(file, "cases");

	(void)state;
	assert_true(json_array_size(cases) > 50);
	for (size_t i = 0; i < json_array_size(cases); i++)
		check_case(json_array_get(cases, i));
	json_decref(file);
}

static const struct loudness loud = {.integrated_lufs = -9, .true_peak_dbtp = 0.5};
static const struct loudness quiet = {.integrated_lufs = -23, .true_peak_dbtp = -6};
static const struct loudness silent = {
	.integrated_lufs = LOUDNESS_SILENT_LUFS, .true_peak_dbtp = LOUDNESS_SILENT_DBTP};

static const struct loudness infinite = {.integrated_lufs = HUGE_VAL, .true_peak_dbtp = HUGE_VAL};

static void gain_never_clips(void **state)
{
	(void)state;
	assert_float_equal(loudness_gain(&loud, -14, -1), -5, 1e-6);
	assert_float_equal(loudness_gain(&quiet, -18, -1), 5, 1e-6);
	assert_float_equal(loudness_gain(&quiet, -14, -1), 5, 1e-6); /* 9 would bring the peak to 3 dBTP */
	assert_float_equal(loudness_gain(&silent, -14, -1), 0, 1e-6);
	assert_float_equal(loudness_gain(&infinite, -14, -1), 0, 1e-6);
}

static void silence_has_a_floor(void **state)
{
	struct signal signal = {.channels = 1, .count = 48000, .rate = 48000};
	struct loudness loudness;

	(void)state;
	signal.planes[0] = calloc(signal.count, sizeof(float));
	for (size_t count = 0; count <= signal.count; count += 12000) {
		loudness = measure(&signal, 0, count, NULL);
		assert_float_equal(loudness.integrated_lufs, LOUDNESS_SILENT_LUFS, 1e-6);
		assert_float_equal(loudness.momentary_max_lufs, LOUDNESS_SILENT_LUFS, 1e-6);
		assert_float_equal(loudness.short_term_max_lufs, LOUDNESS_SILENT_LUFS, 1e-6);
		assert_float_equal(peak_of(&signal, count), LOUDNESS_SILENT_DBTP, 1e-6);
		assert_float_equal(loudness.range_lu, 0, 1e-6);
	}
	free_signal(&signal);
}

/* The bins of all cases of two channels together against a meter that hears them one after the other. */
static void album_is_all_its_tracks(void **state)
{
	json_t *file = read_cases();
	const json_t *cases = json_object_get(file, "cases"), *test;
	uint64_t album[LOUDNESS_BINS] = {0};
	struct loudness_meter *meter;
	struct loudness whole;
	struct err_info info;
	size_t i;

	(void)state;
	assert_int_equal(loudness_open(2, 48000, &meter, &info), ERR_OK);
	json_array_foreach((json_t *)cases, i, test) {
		uint32_t bins[LOUDNESS_BINS];
		struct signal signal = {0};
		struct loudness loudness;
		uint64_t alone[LOUDNESS_BINS];

		make_signal(test, &signal);
		if (signal.channels == 2 && signal.rate == 48000 && signal.count > 10 * signal.rate) {
			loudness = measure(&signal, 0, signal.count, bins);
			for (size_t bin = 0; bin < LOUDNESS_BINS; bin++) {
				alone[bin] = bins[bin];
				album[bin] += bins[bin];
			}
			assert_float_equal(loudness_album(alone), loudness.integrated_lufs, 0.05);
			loudness_add(meter, (const float *const *)signal.planes, signal.count, &info);
		}
		free_signal(&signal);
	}
	assert_int_equal(loudness_finish(meter, &whole, NULL, &info), ERR_OK);
	assert_float_equal(loudness_album(album), whole.integrated_lufs, 0.05);
	loudness_close(meter);
	json_decref(file);
}

static void album_of_nothing_is_silent(void **state)
{
	uint64_t bins[LOUDNESS_BINS] = {0};

	(void)state;
	assert_float_equal(loudness_album(bins), LOUDNESS_SILENT_LUFS, 1e-6);
	assert_int_equal(loudness_bin(-70.1), -1);
	assert_int_equal(loudness_bin(-HUGE_VAL), -1);
	assert_int_equal(loudness_bin(NAN), -1);
	assert_int_equal(loudness_bin(-70), 0);
	assert_int_equal(loudness_bin(100), LOUDNESS_BINS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meets_every_tolerance),
		cmocka_unit_test(gain_never_clips),
		cmocka_unit_test(silence_has_a_floor),
		cmocka_unit_test(album_is_all_its_tracks),
		cmocka_unit_test(album_of_nothing_is_silent),
	};

	return cmocka_run_group_tests_name("loudness", tests, NULL, NULL);
}
