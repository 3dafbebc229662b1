/* SPDX-License-Identifier: MIT */
/*
 * What other rates and fewer bits leave of the sound: tones through the filter that converts rates, judged by the
 * amplitudes of what comes out; and through the whole pipeline into 16 bits, exact or with dither, by what is in the
 * file.
 */
#include "media/filter.h"
#include "media/pipeline.h"
#include "tone.h"

#include <libavutil/log.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME = 4096, SECOND = 44100, HARMONICS = 15 };

static atomic_int stop;

struct tone {
	double hz, amplitude;
	int rate;
};

static double value_at(const struct tone *tone, size_t n)
{
	return tone->amplitude * sin(2 * M_PI * tone->hz * (double)n / tone->rate);
}

/* A second of what comes out, after one in which it settles. */
struct heard {
	double samples[SECOND];
	size_t seen;
};

static enum err hear(void *context, AVFrame *frame, struct err_info *info)
{
	struct heard *heard = context;
	const float *samples = (const float *)(const void *)frame->data[0];

	(void)info;
	for (int i = 0; i < frame->nb_samples; i++, heard->seen++) {
		if (heard->seen >= SECOND && heard->seen < 2 * SECOND)
			heard->samples[heard->seen - SECOND] = (double)samples[i];
	}
	av_frame_free(&frame);
	return ERR_OK;
}

static AVFrame *make_frame(const struct tone *tone, size_t from)
{
	AVFrame *frame = av_frame_alloc();

	frame->nb_samples = FRAME;
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = tone->rate;
	av_channel_layout_default(&frame->ch_layout, 1);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (size_t n = 0; n < FRAME; n++)
		((float *)(void *)frame->data[0])[n] = (float)value_at(tone, from + n);
	return frame;
}

/* TONE at 44.1 kHz. */
static void convert(const struct tone *tone, struct heard *heard)
{
	struct filter *filter;
	struct err_info info;
	uint64_t samples;

	heard->seen = 0;
	assert_int_equal(filter_open(SECOND, 1, 1024, &filter, &info), ERR_OK);
	for (size_t at = 0; at < 3 * (size_t)tone->rate; at += FRAME) {
		AVFrame *frame = make_frame(tone, at);

		assert_int_equal(filter_push(filter, frame, hear, heard, &info), ERR_OK);
		av_frame_free(&frame);
	}
	assert_int_equal(filter_finish(filter, hear, heard, &samples, &info), ERR_OK);
	assert_true(heard->seen >= 2 * SECOND);
	filter_close(filter);
}

static double level_of_all(const double *samples)
{
	double power = 0;

	for (size_t n = 0; n < SECOND; n++)
		power += samples[n] * samples[n] / SECOND;
	return 10 * log10(2 * power);
}

static double db(double factor)
{
	return 20 * log10(factor);
}

static void pass_band_is_flat(void **state)
{
	static const double tones[] = {20, 100, 440, 1000, 5000, 10000, 15000, 18000, 19000, 20000};
	static const int rates[] = {48000, 96000, 32000};
	static struct heard heard;

	(void)state;
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
		for (size_t i = 0; i < sizeof tones / sizeof *tones; i++) {
			struct tone tone = {tones[i], 0.5, rates[r]};

			if (tone.hz > 0.9 * rates[r] / 2)
				continue;
			convert(&tone, &heard);
			if (fabs(db(tone_amplitude(heard.samples, SECOND, SECOND, tone.hz) / tone.amplitude)) > 0.01)
				fail_msg("%.0f Hz at %d: %.4f dB", tone.hz, tone.rate,
					db(tone_amplitude(heard.samples, SECOND, SECOND, tone.hz) / tone.amplitude));
		}
	}
}

/* 21 kHz lies between pass band and Nyquist frequency: it may be weaker, but nothing else may come of it. */
static void what_comes_out_is_what_went_in(void **state)
{
	static const double tones[] = {1000, 10000, 20000, 21000};
	static struct heard heard;

	(void)state;
	for (size_t i = 0; i < sizeof tones / sizeof *tones; i++) {
		struct tone tone = {tones[i], 0.9, 48000};
		double real = 0, imaginary = 0;

		convert(&tone, &heard);
		for (size_t n = 0; n < SECOND; n++) {
			real += 2 * heard.samples[n] * cos(2 * M_PI * tone.hz * (double)n / SECOND) / SECOND;
			imaginary += 2 * heard.samples[n] * sin(2 * M_PI * tone.hz * (double)n / SECOND) / SECOND;
		}
		for (size_t n = 0; n < SECOND; n++)
			heard.samples[n] -= real * cos(2 * M_PI * tone.hz * (double)n / SECOND) +
					    imaginary * sin(2 * M_PI * tone.hz * (double)n / SECOND);
		if (level_of_all(heard.samples) > -110)
			fail_msg("%.0f Hz leaves %.1f dB of something else", tone.hz, level_of_all(heard.samples));
	}
}

static void nothing_folds_back(void **state)
{
	static const struct tone tones[] = {{22500, 1, 48000}, {23000, 1, 48000}, {23900, 1, 48000}, {24000, 1, 96000},
		{43100, 1, 96000}, {44000, 1, 96000}, {70000, 1, 192000}};
	static struct heard heard;

	(void)state;
	for (size_t i = 0; i < sizeof tones / sizeof *tones; i++) {
		convert(&tones[i], &heard);
		if (level_of_all(heard.samples) > -110)
			fail_msg("%.0f Hz at %d: %.1f dB", tones[i].hz, tones[i].rate, level_of_all(heard.samples));
	}
}

static uint32_t get32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* A mono WAV of 24 bits. */
static int make_wav(const struct tone *tone)
{
	static unsigned char samples[3 * SECOND];
	int fd = wav_begin(SECOND, SECOND, 3);

	for (size_t n = 0; n < SECOND; n++) {
		long value = lround(8388607 * value_at(tone, n));

		for (size_t i = 0; i < 3; i++)
			samples[3 * n + i] = (unsigned char)(value >> 8 * i);
	}
	assert_int_equal(write(fd, samples, sizeof samples), sizeof samples);
	return fd;
}

/* TONE through an effect into a WAV file; the bytes of it in BYTES. */
static size_t into_wav(const struct tone *tone, const char *effect, unsigned char *bytes, size_t room)
{
	static const struct conf_rendition rendition = {"wav", "pcm", 0, 0, 0, "wav"};
	const struct sound sound = {.filter = effect};
	int output = memfd_create("output", MFD_CLOEXEC), source = make_wav(tone);
	struct pipeline_job job = {.source = source,
		.segment_ms = 1000,
		.duration_s = 60,
		.renditions = &rendition,
		.outputs = &output,
		.count = 1,
		.sound = &sound,
		.stop = &stop,
		.on_source = ignore_source,
		.on_progress = ignore_progress};
	struct pipeline_result result;
	struct err_info info = {0};
	ssize_t got;

	if (pipeline_run(&job, &result, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	got = pread(output, bytes, room, 0);
	close(output);
	close(source);
	assert_true(got > WAV_HEAD);
	return (size_t)got;
}

/* The 24-bit samples in the last chunk of a WAV file. */
static void read_samples(const unsigned char *bytes, size_t size, double *out)
{
	size_t at = 12;

	while (at + 8 <= size && memcmp(bytes + at, "data", 4) != 0)
		at += 8 + get32(bytes + at + 4);
	assert_int_equal(get32(bytes + at + 4), 3 * SECOND);
	bytes += at + 8;
	for (size_t n = 0; n < SECOND; n++, bytes += 3)
		out[n] = (double)((int32_t)((uint32_t)bytes[0] << 8 | (uint32_t)bytes[1] << 16 |
					    (uint32_t)bytes[2] << 24) >>
				  8);
}

/* A tone as quiet as the last of its bits: at 24 of them -138 dBFS. */
static void quiet_tones_stay_tones(void **state)
{
	const struct tone tone = {1000, 0.5, SECOND};
	static unsigned char bytes[4 * SECOND], again[4 * SECOND];
	static double samples[SECOND];
	double shall = pow(10, -138.0 / 20) * 8388608, greatest = 0;
	size_t size = into_wav(&tone, "volume=-131.9794dB:precision=double", bytes, sizeof bytes);

	(void)state;
	read_samples(bytes, size, samples);
	assert_float_equal(tone_amplitude(samples, SECOND, SECOND, tone.hz), shall, 0.02);
	for (int k = 2; k <= HARMONICS; k++)
		greatest = fmax(greatest, tone_amplitude(samples, SECOND, SECOND, k * tone.hz));
	assert_true(greatest < 0.02);
	assert_int_equal(into_wav(&tone, "volume=-131.9794dB:precision=double", again, sizeof again), size);
	assert_memory_equal(bytes, again, size);
}

static void untouched_sound_is_the_same(void **state)
{
	const struct tone tone = {1000, 0.5, SECOND};
	static unsigned char bytes[4 * SECOND];
	static double samples[SECOND];

	(void)state;
	read_samples(bytes, into_wav(&tone, NULL, bytes, sizeof bytes), samples);
	for (size_t n = 0; n < SECOND; n++)
		assert_int_equal((long)samples[n], lround(8388607 * value_at(&tone, n)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pass_band_is_flat),
		cmocka_unit_test(what_comes_out_is_what_went_in),
		cmocka_unit_test(nothing_folds_back),
		cmocka_unit_test(quiet_tones_stay_tones),
		cmocka_unit_test(untouched_sound_is_the_same),
	};

	av_log_set_level(AV_LOG_QUIET);
	return cmocka_run_group_tests_name("convert", tests, NULL, NULL);
}
