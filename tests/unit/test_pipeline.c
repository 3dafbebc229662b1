/* SPDX-License-Identifier: MIT */
/*
 * The pipeline without the cage, so that sanitizers and valgrind see its memory; what comes out is judged by the
 * integration test.
 */
#include "media/pipeline.h"
#include "tone.h"

#include <fcntl.h>
#include <libavutil/log.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 48000, SAMPLES = 3 * RATE + 7, RENDITIONS = 10 };

static const struct conf_rendition renditions[RENDITIONS] = {
	{"high", "aac", 192000, 44100, 2, "cmaf"},
	{"low", "aac", 64000, 44100, 2, "cmaf"},
	{"slow", "aac", 32000, 22050, 1, "cmaf"},
	{"opus", "opus", 64000, 48000, 2, "cmaf"},
	{"lossless", "flac", 0, 0, 0, "cmaf"},
	{"mp3", "mp3", 128000, 44100, 2, "mp3"},
	{"opus-ogg", "opus", 64000, 48000, 1, "ogg"},
	{"vorbis", "vorbis", 128000, 44100, 2, "ogg"},
	{"flac", "flac", 0, 96000, 2, "flac"},
	{"wav", "pcm", 0, 0, 0, "wav"},
};

static atomic_int stop;
static unsigned sources;
static struct source_info seen;

static void on_source(void *context, const struct source_info *source)
{
	(void)context;
	sources++;
	seen = *source;
}

static void on_progress(void *context, const char *stage, double fraction, double speed)
{
	(void)context;
	assert_non_null(stage);
	assert_true(fraction >= 0 && fraction <= 1 && speed >= 0);
}

/* A mono 16-bit WAV that claims SAMPLES samples of a saw tooth and holds HELD of them. */
static int make_wav(uint32_t held)
{
	int fd = wav_begin(RATE, SAMPLES, sizeof(int16_t));

	for (uint32_t i = 0; i < held; i++) {
		int16_t sample = (int16_t)(i * 97 % 16384);

		assert_int_equal(write(fd, &sample, sizeof sample), sizeof sample);
	}
	return fd;
}

/* Runs SOURCE (closed afterwards) into files in memory, or into some that cannot be written. */
static enum err run(
	int source, uint64_t duration_s, bool writable, struct pipeline_result *result, struct err_info *info)
{
	int outputs[RENDITIONS];
	struct pipeline_job job = {.source = source,
		.segment_ms = 1000,
		.duration_s = duration_s,
		.renditions = renditions,
		.outputs = outputs,
		.count = RENDITIONS,
		.stop = &stop,
		.on_source = on_source,
		.on_progress = on_progress};
	enum err err;

	for (size_t i = 0; i < RENDITIONS; i++) {
		outputs[i] = writable ? memfd_create("output", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(outputs[i] >= 0);
	}
	sources = 0;
	err = pipeline_run(&job, result, info);
	for (size_t i = 0; i < RENDITIONS; i++) {
		if (err == ERR_OK)
			assert_true(lseek(outputs[i], 0, SEEK_END) > 1000);
		close(outputs[i]);
	}
	close(source);
	return err;
}

static void makes_all_renditions(void **state)
{
	struct pipeline_result result;
	struct err_info info;

	(void)state;
	assert_int_equal(run(make_wav(SAMPLES), 10, true, &result, &info), ERR_OK);
	assert_int_equal(result.samples, SAMPLES);
	assert_int_equal(result.sample_rate, RATE);
	assert_int_equal(sources, 1);
	assert_int_equal(seen.format, MAGIC_WAV);
	assert_int_equal(seen.channels, 1);
	assert_true(seen.duration_claimed);
	assert_int_equal(seen.duration_ms, 3000);
}

static unsigned passed;

static void on_passthrough(void *context, size_t rendition, const char *why)
{
	(void)context;
	assert_true((why == NULL) == (rendition < 2));
	passed += why == NULL;
}

/* A FLAC file, as an earlier run makes it, into others: two of its own packets, and one that is encoded. */
static void passes_packets_through(void **state)
{
	static const struct conf_rendition flac = {"flac", "flac", 0, 0, 0, "flac"};
	static const struct conf_rendition wanted[] = {{"segments", "flac", 0, 0, 0, "cmaf"},
		{"again", "flac", 0, 0, 0, "flac"}, {"aac", "aac", 96000, 44100, 2, "cmaf"}};
	const struct sound louder = {.mode = SOUND_APPLY, .gain_known = true, .gain_db = 1};
	int wav = make_wav(SAMPLES), source = memfd_create("flac", MFD_CLOEXEC), outputs[3];
	struct pipeline_job job = {.source = wav,
		.segment_ms = 1000,
		.duration_s = 10,
		.renditions = &flac,
		.outputs = &source,
		.count = 1,
		.stop = &stop,
		.on_source = on_source,
		.on_progress = on_progress,
		.on_passthrough = on_passthrough};
	struct pipeline_result result;
	struct err_info info;

	(void)state;
	assert_int_equal(pipeline_run(&job, &result, &info), ERR_OK);
	for (size_t i = 0; i < 3; i++)
		outputs[i] = memfd_create("output", MFD_CLOEXEC);
	job.source = source;
	job.renditions = wanted;
	job.outputs = outputs;
	job.count = 3;
	job.passthrough = true;
	passed = 0;
	assert_int_equal(pipeline_run(&job, &result, &info), ERR_OK);
	assert_int_equal(result.samples, SAMPLES);
	assert_int_equal(passed, 2);
	assert_int_equal(lseek(outputs[1], 0, SEEK_END), lseek(source, 0, SEEK_END));
	job.sound = &louder;
	job.renditions = wanted + 2;
	job.outputs = outputs + 2;
	job.count = 1;
	job.on_passthrough = NULL;
	assert_int_equal(pipeline_run(&job, &result, &info), ERR_OK);
	for (size_t i = 0; i < 3; i++)
		close(outputs[i]);
	close(source);
	close(wav);
}

enum { COVER_SIDE = 2500 };

static off_t size_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_size;
}

static int cover;
static bool heard, held_up;

/* The first report comes at once, and segments with those that follow. */
static void on_first_progress(void *context, const char *stage, double fraction, double speed)
{
	on_progress(context, stage, fraction, speed);
	held_up = held_up || (!heard && size_of(cover) > 0);
	heard = true;
}

/* The start of a FLAC file whose cover is a large picture of one colour. */
static void put_cover(int from, int to)
{
	static unsigned char pixels[COVER_SIDE * COVER_SIDE];
	png_image image = {
		.version = PNG_IMAGE_VERSION, .width = COVER_SIDE, .height = COVER_SIDE, .format = PNG_FORMAT_GRAY};
	unsigned char start[4 + 4 + 34], head[4 + 8 + 9 + 20 + 4] = {[0] = 6, [7] = 3, [11] = 9};
	png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
	unsigned char *picture = malloc(size), rest[4096];
	ssize_t got;

	assert_int_equal(png_image_write_to_memory(&image, picture, &size, 0, pixels, 0, NULL), 1);
	assert_int_equal(pread(from, start, sizeof start, 0), sizeof start);
	assert_int_equal(start[4] & 0x80, 0);
	memcpy(head + 12, "image/png", 9);
	for (int i = 0; i < 3; i++)
		head[1 + i] = (unsigned char)((sizeof head - 4 + size) >> 8 * (2 - i));
	for (int i = 0; i < 4; i++)
		head[sizeof head - 4 + (size_t)i] = (unsigned char)(size >> 8 * (3 - i));
	assert_int_equal(write(to, start, sizeof start), sizeof start);
	assert_int_equal(write(to, head, sizeof head), sizeof head);
	assert_int_equal(write(to, picture, size), (ssize_t)size);
	free(picture);
	lseek(from, sizeof start, SEEK_SET);
	while ((got = read(from, rest, sizeof rest)) > 0)
		assert_int_equal(write(to, rest, (size_t)got), got);
}

static void a_large_cover_holds_nothing_up(void **state)
{
	static const struct conf_rendition flac = {"flac", "flac", 0, 0, 0, "flac"};
	int wav = make_wav(SAMPLES), plain = memfd_create("flac", MFD_CLOEXEC), source = memfd_create("cover", MFD_CLOEXEC);
	int output = memfd_create("output", MFD_CLOEXEC), extras[EXTRA_ROLES] = {-1, -1, -1, -1, -1};
	struct pipeline_job job = {.source = wav,
		.segment_ms = 1000,
		.duration_s = 10,
		.renditions = &flac,
		.outputs = &plain,
		.count = 1,
		.stop = &stop,
		.on_source = on_source,
		.on_progress = on_progress};
	struct pipeline_result result;
	struct err_info info;

	(void)state;
	assert_int_equal(pipeline_run(&job, &result, &info), ERR_OK);
	put_cover(plain, source);
	cover = extras[EXTRA_COVER_LARGE] = memfd_create("large", MFD_CLOEXEC);
	job.source = source;
	job.outputs = &output;
	job.extras = extras;
	job.on_progress = on_first_progress;
	assert_int_equal(pipeline_run(&job, &result, &info), ERR_OK);
	assert_true(heard);
	assert_false(held_up);
	assert_true(size_of(cover) > 0);
	close(cover);
	close(output);
	close(source);
	close(plain);
	close(wav);
}

static void judges_what_is_cut_off(void **state)
{
	struct pipeline_result result;
	struct err_info info;

	(void)state;
	/* For WAV, FFmpeg believes the file's size more than its header. */
	assert_int_equal(run(make_wav(SAMPLES / 3), 10, true, &result, &info), ERR_OK);
	assert_int_equal(result.samples, SAMPLES / 3);
	assert_int_equal(run(make_wav(0), 10, true, &result, &info), ERR_UNPROCESSABLE);
}

static void refuses_what_is_too_long(void **state)
{
	struct pipeline_result result;
	struct err_info info;

	(void)state;
	assert_int_equal(run(make_wav(SAMPLES), 2, true, &result, &info), ERR_TOO_LARGE);
	assert_int_equal(sources, 0);
}

static void refuses_other_formats(void **state)
{
	struct pipeline_result result;
	struct err_info info;
	int fd = memfd_create("source", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "#EXTM3U\n", 8), 8);
	assert_int_equal(run(fd, 10, true, &result, &info), ERR_UNSUPPORTED);
	assert_int_equal(run(memfd_create("source", MFD_CLOEXEC), 10, true, &result, &info), ERR_UNPROCESSABLE);
}

static void one_failing_output_ends_all(void **state)
{
	struct pipeline_result result;
	struct err_info info;

	(void)state;
	assert_int_equal(run(make_wav(SAMPLES), 10, false, &result, &info), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_all_renditions),
		cmocka_unit_test(passes_packets_through),
		cmocka_unit_test(a_large_cover_holds_nothing_up),
		cmocka_unit_test(judges_what_is_cut_off),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(refuses_other_formats),
		cmocka_unit_test(one_failing_output_ends_all),
	};

	av_log_set_level(AV_LOG_QUIET);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
