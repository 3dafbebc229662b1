/* SPDX-License-Identifier: MIT */
/*
 * What is done to the sound: words and filters that are refused, a gain that is linear, effects that do what they are
 * for, and renditions that are as loud as was asked, measured by a second run over the first one's output.
 */
#include "conf/preset.h"
#include "media/filter.h"
#include "media/pipeline.h"
#include "media/shape.h"
#include "media/watch.h"
#include "tone.h"

#include <fcntl.h>
#include <libavutil/log.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 44100, FRAME = 4096 };

static const struct conf_rendition rendition = {.quality = "high",
	.codec = "aac",
	.bit_rate = 320000,
	.sample_rate = RATE,
	.channels = 2};
static atomic_int stop;
static unsigned measuring;
static double began_at, told; /* the first fraction of the encoding, and the last of all */

static void hostile_filters_are_refused(void **state)
{
	static const char *const good[] = {"volume=3dB", "highpass=f=80,acompressor=threshold=-18dB:ratio=3:attack=5",
		"silenceremove=start_periods=1:start_threshold=-50dB", "afade=t=in:d=1,equalizer=f=1000:t=q:w=1:g=2"};
	static const char *const bad[] = {"", ",", "volume,", "amovie=/etc/passwd", "volume=1,amovie=x",
		"asendcmd=c='0 x'", "arnndn=m=x", "ladspa=file=x", "lv2=p=x", "afir", "sofalizer=sofa=x",
		"ametadata=mode=print:file=/tmp/x", "[in]volume=1[out]", "volume=1;volume=2", "volume@a=1",
		"volume='1'", "volume=\\1", "anullsrc", "apad", "aloop=-1", "asetrate=8000", "volume=\n1", " volume=1",
		"Volume=1", "volumes=1"};
	struct err_info info;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(preset_check(good[i], &info), ERR_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (preset_check(bad[i], &info) != ERR_UNPROCESSABLE)
			fail_msg("accepted: %s", bad[i]);
		assert_true(info.detail[0] != '\0');
	}
}

static void words_are_chosen_over_the_configuration(void **state)
{
	struct conf_preset presets[] = {{"voice", "highpass=f=80"}, {"loud", "volume=3dB"}};
	struct conf conf = {.loudness = "tags", .loudness_target = -16, .true_peak = -2, .preset = "voice",
		.presets = presets, .preset_count = 2};
	struct arena arena = {0};
	struct sound sound, back;
	struct err_info info;
	json_t *json;

	(void)state;
	assert_int_equal(sound_choose(&conf, NULL, NULL, "LP", 0, &sound, &info), ERR_OK);
	assert_int_equal(sound.mode, SOUND_TAGS);
	assert_string_equal(sound.filter, "highpass=f=80");
	json = sound_json(&sound);
	assert_int_equal(sound_read(json, &arena, &back, &info), ERR_OK);
	assert_string_equal(back.filter, sound.filter);
	assert_string_equal(back.album, "LP");
	assert_float_equal(back.target_lufs, -16, 1e-6);
	assert_false(back.gain_known);
	json_object_set_new(json, "filter", json_string("amovie=x"));
	assert_int_equal(sound_read(json, &arena, &back, &info), ERR_UNPROCESSABLE);
	json_decref(json);
	assert_int_equal(sound_choose(&conf, "apply", "", NULL, 0, &sound, &info), ERR_OK);
	assert_int_equal(sound.mode, SOUND_APPLY);
	assert_null(sound.filter);
	assert_int_equal(sound_choose(&conf, "apply", NULL, "LP", 0, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "apply", NULL, NULL, 12, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "apply", NULL, "LP", 1000, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "off", NULL, "LP", 12, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "apply", NULL, "LP", 12, &sound, &info), ERR_OK);
	json = sound_json(&sound);
	assert_int_equal(sound_read(json, &arena, &back, &info), ERR_OK);
	assert_int_equal(back.album_tracks, 12);
	json_decref(json);
	assert_int_equal(sound_choose(&conf, NULL, "nosuch", NULL, 0, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "louder", NULL, NULL, 0, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, NULL, NULL, "", 0, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "apply", NULL, "K\xE4se", 12, &sound, &info), ERR_UNPROCESSABLE);
	assert_int_equal(sound_choose(&conf, "apply", NULL, "K\xC3\xA4se", 12, &sound, &info), ERR_OK);
	arena_free(&arena);
}

/* A frame of float at RATE: VALUE(n) in both channels. */
static AVFrame *make_frame(double (*value)(size_t n), size_t from)
{
	AVFrame *frame = av_frame_alloc();

	frame->nb_samples = FRAME;
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = RATE;
	av_channel_layout_default(&frame->ch_layout, 2);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (size_t n = 0; n < FRAME; n++)
		((float *)frame->data[0])[n] = ((float *)frame->data[1])[n] = (float)value(from + n);
	return frame;
}

/* A low and a high tone. */
static double two_tones(size_t n)
{
	return 0.25 * sin(2 * M_PI * 100 * (double)n / RATE) + 0.25 * sin(2 * M_PI * 5000 * (double)n / RATE);
}

struct heard {
	double samples[64 * FRAME];
	size_t count;
};

static void hear(struct heard *heard, const AVFrame *frame)
{
	const float *samples = (const float *)(const void *)frame->data[0];

	for (int i = 0; i < frame->nb_samples; i++)
		heard->samples[heard->count++] = (double)samples[i];
}

static enum err hear_filter(void *context, AVFrame *frame, struct err_info *info)
{
	(void)info;
	hear(context, frame);
	av_frame_free(&frame);
	return ERR_OK;
}

static enum err hear_shape(void *context, const AVFrame *frame, struct err_info *info)
{
	(void)info;
	hear(context, frame);
	return ERR_OK;
}

static void gain_is_linear(void **state)
{
	struct heard *heard = calloc(1, sizeof *heard);
	struct filter *filter;
	struct err_info info;
	uint64_t samples;

	(void)state;
	assert_int_equal(filter_open(RATE, 2, 1024, &filter, &info), ERR_OK);
	filter->gain = 0.3;
	for (size_t at = 0; at < 8 * FRAME; at += FRAME) {
		AVFrame *frame = make_frame(two_tones, at);

		assert_int_equal(filter_push(filter, frame, hear_filter, heard, &info), ERR_OK);
		av_frame_free(&frame);
	}
	assert_int_equal(filter_finish(filter, hear_filter, heard, &samples, &info), ERR_OK);
	filter_close(filter);
	assert_int_equal(heard->count, 8 * FRAME);
	for (size_t n = 0; n < heard->count; n++) {
		if (fabs(heard->samples[n] - (float)two_tones(n) * 0.3) > 1e-7)
			fail_msg("sample %zu is %g", n, heard->samples[n]);
	}
	free(heard);
}

static void run_shape(const char *filter, const struct shape_limiter *limiter, double (*value)(size_t n),
	struct heard *heard)
{
	struct shape *shape;
	struct err_info info;
	uint64_t samples;

	heard->count = 0;
	assert_int_equal(shape_open(filter, limiter, RATE, 2, &shape, &info), ERR_OK);
	for (size_t at = 0; at < 20 * FRAME; at += FRAME) {
		AVFrame *frame = make_frame(value, at);

		assert_int_equal(shape_push(shape, frame, hear_shape, heard, &info), ERR_OK);
		av_frame_free(&frame);
	}
	assert_int_equal(shape_finish(shape, hear_shape, heard, &samples, &info), ERR_OK);
	assert_int_equal(samples, heard->count);
	shape_close(shape);
}

static void effects_do_what_they_are_for(void **state)
{
	struct heard *heard = calloc(1, sizeof *heard);
	struct shape *shape;
	struct err_info info;

	(void)state;
	run_shape("highpass=f=1000", NULL, two_tones, heard);
	assert_int_equal(heard->count, 20 * FRAME);
	assert_true(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 100) < 0.01);
	assert_float_equal(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 5000), 0.25, 0.01);
	run_shape("lowpass=f=500,volume=-6.0206dB", NULL, two_tones, heard);
	assert_float_equal(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 100), 0.125, 0.01);
	assert_true(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 5000) < 0.01);
	run_shape("equalizer=f=5000:t=q:w=1:g=6.0206", NULL, two_tones, heard);
	assert_float_equal(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 5000), 0.5, 0.01);
	assert_float_equal(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 100), 0.25, 0.01);
	run_shape("acompressor=threshold=-30dB:ratio=4:attack=5:release=50", NULL, two_tones, heard);
	assert_true(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 100) < 0.1);
	run_shape("afade=t=in:d=0.5", NULL, two_tones, heard);
	assert_true(tone_amplitude(heard->samples, RATE / 100, RATE, 100) < 0.01);
	assert_float_equal(tone_amplitude(heard->samples + RATE / 2, RATE, RATE, 5000), 0.25, 0.01);
	assert_int_equal(shape_open("highpass=nosuch=1", NULL, RATE, 2, &shape, &info), ERR_UNPROCESSABLE);
	assert_null(shape);
	free(heard);
}

static void limiter_holds_its_limit(void **state)
{
	const struct shape_limiter limiter = {12, -1};
	struct heard *heard = calloc(1, sizeof *heard);
	double most = 0;

	(void)state;
	run_shape(NULL, &limiter, two_tones, heard);
	assert_true(heard->count > 20 * FRAME - 16 && heard->count < 20 * FRAME + 16);
	for (size_t n = 0; n < heard->count; n++)
		most = fmax(most, fabs(heard->samples[n]));
	assert_true(most < pow(10, -0.9 / 20));
	assert_true(most > pow(10, -2.0 / 20));
	free(heard);
}

/* A mono WAV of VALUE(n). */
static int make_wav(double (*value)(size_t n), uint32_t count)
{
	int16_t *samples = calloc(count, sizeof *samples);
	int fd = wav_begin(RATE, count, sizeof *samples);

	for (uint32_t n = 0; n < count; n++)
		samples[n] = (int16_t)lround(32767 * value(n));
	assert_int_equal(write(fd, samples, 2 * count), 2 * count);
	free(samples);
	return fd;
}

static void on_progress(void *context, const char *stage, double fraction, double speed)
{
	(void)context;
	measuring += strcmp(stage, "measure") == 0;
	assert_true(fraction >= told && fraction <= 1 && speed >= 0);
	if (strcmp(stage, "transcode") == 0 && began_at < 0)
		began_at = fraction;
	told = fraction;
}

/* Runs SOURCE (closed afterwards) by SOUND; the output's descriptor. */
static int run(int source, const struct sound *sound, struct pipeline_result *result)
{
	int output = memfd_create("output", MFD_CLOEXEC);
	struct pipeline_job job = {.source = source,
		.segment_ms = 1000,
		.duration_s = 60,
		.renditions = &rendition,
		.outputs = &output,
		.count = 1,
		.sound = sound,
		.stop = &stop,
		.on_source = ignore_source,
		.on_progress = on_progress};
	struct err_info info = {0};

	told = 0;
	began_at = -1;
	if (pipeline_run(&job, result, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	close(source);
	return output;
}

/* The loudness of a rendition, which is closed. */
static struct loudness listen(int rendition_fd)
{
	const struct sound sound = {.mode = SOUND_TAGS, .target_lufs = -14, .peak_dbtp = -1};
	struct pipeline_result result;

	close(run(rendition_fd, &sound, &result));
	assert_true(result.measured);
	return result.loudness;
}

static double quiet_chord(size_t n)
{
	return 0.2 * two_tones(n) * (1 + 0.5 * sin(2 * M_PI * (double)n / RATE));
}

/* Quiet, with a loud click each second. */
static double clicks(size_t n)
{
	return n % RATE < 40 ? 0.8 * sin(2 * M_PI * (double)(n % RATE) / 40) : 0.1 * two_tones(n);
}

static void tags_leave_the_sound_alone(void **state)
{
	const struct sound sound = {.mode = SOUND_TAGS, .target_lufs = -14, .peak_dbtp = -1};
	struct pipeline_result result;
	struct loudness heard;

	(void)state;
	heard = listen(run(make_wav(quiet_chord, 6 * RATE), &sound, &result));
	assert_true(result.measured);
	assert_false(result.loudness.applied);
	assert_float_equal(heard.integrated_lufs, result.loudness.integrated_lufs, 0.2);
	assert_float_equal((float)(result.loudness.gain_db + result.loudness.integrated_lufs), -14, 0.001);
	assert_int_equal(result.samples, 6 * RATE);
}

static void applied_gain_reaches_the_target(void **state)
{
	struct sound sound = {.mode = SOUND_APPLY, .target_lufs = -18, .peak_dbtp = -1};
	struct pipeline_result result;
	struct loudness heard;
	double gain;
	int made;

	(void)state;
	made = run(make_wav(quiet_chord, 6 * RATE), &sound, &result);
	assert_float_equal(began_at, WATCH_PASS_PART, 1e-9);
	heard = listen(made);
	assert_true(result.loudness.applied);
	assert_float_equal(heard.integrated_lufs, -18, 0.2);
	gain = result.loudness.gain_db;
	sound.gain_known = true;
	sound.gain_db = gain;
	made = run(make_wav(quiet_chord, 6 * RATE), &sound, &result);
	assert_float_equal(began_at, 0, 1e-9);
	heard = listen(made);
	assert_false(result.measured);
	assert_float_equal(heard.integrated_lufs, -18, 0.2);
}

static void peaks_limit_the_gain(void **state)
{
	struct sound sound = {.mode = SOUND_APPLY, .target_lufs = -14, .peak_dbtp = -3};
	struct pipeline_result result;
	struct loudness heard;

	(void)state;
	heard = listen(run(make_wav(clicks, 6 * RATE), &sound, &result));
	assert_true(heard.integrated_lufs < -18);
	assert_float_equal((float)(result.loudness.true_peak_dbtp + result.loudness.gain_db), -3, 0.001);
	assert_float_equal(heard.true_peak_dbtp, -3, 0.5);
	sound.limiter = true;
	heard = listen(run(make_wav(clicks, 6 * RATE), &sound, &result));
	assert_true(heard.integrated_lufs > -16);
	assert_true(heard.true_peak_dbtp < -2);
}

static double late_tone(size_t n)
{
	return n < 2 * RATE ? 0 : two_tones(n);
}

static void effects_come_before_measuring(void **state)
{
	const struct sound plain = {.mode = SOUND_TAGS, .target_lufs = -14, .peak_dbtp = -1};
	const struct sound quieter = {
		.mode = SOUND_TAGS, .target_lufs = -14, .peak_dbtp = -1, .filter = "volume=-10dB"};
	const struct sound trimmed = {.mode = SOUND_TAGS,
		.target_lufs = -14,
		.peak_dbtp = -1,
		.filter = "silenceremove=start_periods=1:start_threshold=-50dB"};
	struct pipeline_result before, after;

	(void)state;
	close(run(make_wav(late_tone, 6 * RATE), &plain, &before));
	close(run(make_wav(late_tone, 6 * RATE), &quieter, &after));
	assert_float_equal((float)(after.loudness.integrated_lufs + 10), (float)before.loudness.integrated_lufs, 0.01);
	assert_int_equal(after.samples, 6 * RATE);
	close(run(make_wav(late_tone, 6 * RATE), &trimmed, &after));
	assert_true(after.samples > 4 * RATE - RATE / 10 && after.samples <= 4 * RATE + RATE / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_filters_are_refused),
		cmocka_unit_test(words_are_chosen_over_the_configuration),
		cmocka_unit_test(gain_is_linear),
		cmocka_unit_test(effects_do_what_they_are_for),
		cmocka_unit_test(limiter_holds_its_limit),
		cmocka_unit_test(tags_leave_the_sound_alone),
		cmocka_unit_test(applied_gain_reaches_the_target),
		cmocka_unit_test(peaks_limit_the_gain),
		cmocka_unit_test(effects_come_before_measuring),
	};

	av_log_set_level(AV_LOG_QUIET);
	return cmocka_run_group_tests_name("sound", tests, NULL, NULL);
}
