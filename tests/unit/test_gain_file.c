/* SPDX-License-Identifier: MIT */
/*
 * What files tell of their loudness: the numbers, and files of all containers made with and without, read back by
 * FFmpeg. With them or not, the frames in a file are the same.
 */
#include "media/gain_comment.h"
#include "media/gain_file.h"
#include "media/pipeline.h"
#include "tone.h"

#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 48000, SAMPLES = 2 * RATE, FILES = 8 };

static const struct conf_rendition renditions[FILES] = {
	{"high", "aac", 128000, 44100, 2, "cmaf"},
	{"opus", "opus", 64000, 48000, 2, "cmaf"},
	{"lossless", "flac", 0, 0, 0, "cmaf"},
	{"mp3", "mp3", 128000, 44100, 2, "mp3"},
	{"opus-ogg", "opus", 64000, 48000, 1, "ogg"},
	{"vorbis", "vorbis", 128000, 44100, 2, "ogg"},
	{"flac", "flac", 0, 0, 0, "flac"},
	{"wav", "pcm", 0, 0, 0, "wav"},
};
enum { OPUS_OGG = 4, WAV = 7 };

static const struct sound tags = {.mode = SOUND_TAGS, .target_lufs = -14, .peak_dbtp = -1};
static const struct sound applied = {.mode = SOUND_APPLY, .target_lufs = -14, .peak_dbtp = -1};
static atomic_int stop;

static void numbers_are_those_of_the_documents(void **state)
{
	const struct loudness loud = {.integrated_lufs = -11.5, .true_peak_dbtp = -0.1};
	const struct loudness quiet = {.integrated_lufs = -30.13, .true_peak_dbtp = 1.5};
	const struct loudness silent = {
		.integrated_lufs = LOUDNESS_SILENT_LUFS, .true_peak_dbtp = LOUDNESS_SILENT_DBTP};
	const struct loudness infinite = {.integrated_lufs = -20, .true_peak_dbtp = HUGE_VAL};
	const struct loudness absurd = {.integrated_lufs = 199, .true_peak_dbtp = 199};
	struct gain_text text;

	(void)state;
	assert_true(gain_text_make(&loud, &text));
	assert_string_equal(text.gain, "-6.50 dB");
	assert_string_equal(text.peak, "0.988553");
	assert_string_equal(text.r128, "-2944");
	assert_string_equal(text.norm, " 00001173 00001173 00002B9F 00002B9F 00000000 00000000 00007E89 00007E89 "
				       "00000000 00000000");
	assert_true(gain_text_make(&quiet, &text));
	assert_string_equal(text.gain, "12.13 dB");
	assert_string_equal(text.peak, "1.188502");
	assert_string_equal(text.r128, "1825");
	assert_true(gain_text_make(&absurd, &text));
	assert_false(gain_text_make(&infinite, &text));
	assert_false(gain_text_make(&silent, &text));
	assert_string_equal(text.gain, "");
}

/* A mono 16-bit WAV of a tone of AMPLITUDE. */
static int make_wav(double amplitude)
{
	static int16_t samples[SAMPLES];
	int fd = wav_begin(RATE, SAMPLES, sizeof *samples);

	for (size_t n = 0; n < SAMPLES; n++)
		samples[n] = (int16_t)lround(32767 * amplitude * sin(2 * M_PI * 997 * (double)n / RATE));
	assert_int_equal(write(fd, samples, sizeof samples), sizeof samples);
	return fd;
}

/* A tone of AMPLITUDE by SOUND into FILES, which the caller closes. */
static struct pipeline_result make(double amplitude, const struct sound *sound, int *files)
{
	int source = make_wav(amplitude);
	struct pipeline_job job = {.source = source,
		.segment_ms = 1000,
		.duration_s = 60,
		.renditions = renditions,
		.outputs = files,
		.count = FILES,
		.sound = sound,
		.stop = &stop,
		.on_source = ignore_source,
		.on_progress = ignore_progress};
	struct pipeline_result result;
	struct err_info info = {0};

	for (size_t i = 0; i < FILES; i++)
		files[i] = memfd_create("output", MFD_CLOEXEC);
	if (pipeline_run(&job, &result, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	close(source);
	return result;
}

static void close_all(const int *files)
{
	for (size_t i = 0; i < FILES; i++)
		close(files[i]);
}

static AVFormatContext *open_file(int fd)
{
	AVFormatContext *format = NULL;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	assert_int_equal(avformat_open_input(&format, path, NULL, NULL), 0);
	assert_int_equal(avformat_find_stream_info(format, NULL), 0);
	assert_int_equal(format->nb_streams, 1);
	return format;
}

/* The tag NAME of the file or its stream; NULL when there is none. */
static const char *tag_of(const AVFormatContext *format, const char *name)
{
	const AVDictionaryEntry *entry = av_dict_get(format->metadata, name, NULL, 0);

	if (entry == NULL)
		entry = av_dict_get(format->streams[0]->metadata, name, NULL, 0);
	return entry != NULL ? entry->value : NULL;
}

static void expect_tag(const AVFormatContext *format, const char *quality, const char *name, const char *shall)
{
	const char *is = tag_of(format, name);

	if ((is == NULL) != (shall == NULL) || (is != NULL && strcmp(is, shall) != 0))
		fail_msg("%s: %s is %s, not %s", quality, name, is != NULL ? is : "(none)",
			shall != NULL ? shall : "(none)");
}

/* What bext says in the hundredths at INDEX of its five; INT16_MIN when it is not of version 2. */
static int16_t bext_value(int fd, size_t index)
{
	unsigned char head[2048];
	const unsigned char *bext;

	assert_true(pread(fd, head, sizeof head, 0) == sizeof head);
	bext = memmem(head, sizeof head, "bext", 4);
	if (bext == NULL || bext[8 + 346] != 2)
		return INT16_MIN;
	return (int16_t)(bext[8 + 412 + 2 * index] | bext[8 + 412 + 2 * index + 1] << 8);
}

/* That file number INDEX tells TEXT; NULL: nothing. */
static void check_told(int fd, size_t index, const struct gain_text *text)
{
	const struct conf_rendition *made = &renditions[index];
	bool opus = index == OPUS_OGG, wav = index == WAV;
	AVFormatContext *format = open_file(fd);
	bool apple = strcmp(made->container, "cmaf") == 0 || strcmp(made->container, "mp3") == 0;

	expect_tag(format, made->quality, "REPLAYGAIN_TRACK_GAIN", text != NULL && !opus && !wav ? text->gain : NULL);
	expect_tag(format, made->quality, "REPLAYGAIN_TRACK_PEAK", text != NULL && !opus && !wav ? text->peak : NULL);
	expect_tag(format, made->quality, "R128_TRACK_GAIN", text != NULL && opus ? text->r128 : NULL);
	expect_tag(format, made->quality, "iTunNORM", text != NULL && apple ? text->norm : NULL);
	expect_tag(format, made->quality, GAIN_FILE_HOLDER, NULL);
	avformat_close_input(&format);
	if (wav)
		assert_int_equal(bext_value(fd, 0) != INT16_MIN, text != NULL);
}

/* That two files hold the same frames at the same times. */
static void check_same_frames(int one, int two)
{
	AVFormatContext *a = open_file(one), *b = open_file(two);
	AVPacket *x = av_packet_alloc(), *y = av_packet_alloc();
	size_t count = 0;

	while (av_read_frame(a, x) == 0) {
		assert_int_equal(av_read_frame(b, y), 0);
		assert_int_equal(x->size, y->size);
		assert_int_equal(x->pts, y->pts);
		assert_memory_equal(x->data, y->data, (size_t)x->size);
		av_packet_unref(x);
		av_packet_unref(y);
		count++;
	}
	assert_true(av_read_frame(b, y) != 0);
	assert_true(count > 10);
	av_packet_free(&x);
	av_packet_free(&y);
	avformat_close_input(&a);
	avformat_close_input(&b);
}

static void every_container_tells_its_loudness(void **state)
{
	int told[FILES], silent[FILES];
	struct pipeline_result result = make(0.25, &tags, told);
	struct gain_text text;

	(void)state;
	make(0.25, NULL, silent);
	assert_true(gain_text_make(&result.loudness, &text));
	for (size_t i = 0; i < FILES; i++) {
		check_told(told[i], i, &text);
		check_told(silent[i], i, NULL);
		check_same_frames(told[i], silent[i]);
	}
	assert_int_equal(bext_value(told[WAV], 0), lround(result.loudness.integrated_lufs * 100));
	assert_int_equal(bext_value(told[WAV], 1), lround(result.loudness.range_lu * 100));
	assert_int_equal(bext_value(told[WAV], 2), lround(result.loudness.true_peak_dbtp * 100));
	assert_int_equal(bext_value(told[WAV], 3), lround(result.loudness.momentary_max_lufs * 100));
	close_all(told);
	close_all(silent);
}

/* The room stays room, and the file as long as one that tells. */
static void silence_tells_nothing(void **state)
{
	int told[FILES], silent[FILES];

	(void)state;
	make(0, &tags, silent);
	make(0.25, &tags, told);
	for (size_t i = 0; i < FILES; i++) {
		struct stat one, two;

		check_told(silent[i], i, NULL);
		assert_int_equal(fstat(told[i], &one), 0);
		assert_int_equal(fstat(silent[i], &two), 0);
		if (i == WAV)
			assert_int_equal(one.st_size, two.st_size);
	}
	close_all(told);
	close_all(silent);
}

static void applied_gain_is_never_told(void **state)
{
	int files[FILES];

	(void)state;
	make(0.25, &applied, files);
	for (size_t i = 0; i < FILES; i++)
		check_told(files[i], i, NULL);
	close_all(files);
}

/* Of earlier renditions: nothing is measured, the same is told. */
static void known_loudness_is_told_again(void **state)
{
	const struct loudness known = {.integrated_lufs = -9.25, .true_peak_dbtp = -0.5};
	struct sound again = tags;
	struct pipeline_result result;
	struct gain_text text;
	int files[FILES];

	(void)state;
	again.loudness_known = true;
	again.known_lufs = known.integrated_lufs;
	again.known_peak_dbtp = known.true_peak_dbtp;
	result = make(0.25, &again, files);
	assert_false(result.measured);
	assert_true(gain_text_make(&known, &text));
	for (size_t i = 0; i < WAV; i++)
		check_told(files[i], i, &text);
	close_all(files);
}

typedef bool changer(unsigned char *head, size_t length, const struct gain_text *text);

/* Every length of a file's head: what ends too early is refused and left alone. */
static void cut_at_every_length(int fd, changer *change)
{
	const struct loudness loudness = {.integrated_lufs = -20, .true_peak_dbtp = -3};
	static unsigned char whole[16384];
	ssize_t size = pread(fd, whole, sizeof whole, 0);
	struct gain_text text;
	size_t refused = 0;

	assert_true(size > 1000);
	assert_true(gain_text_make(&loudness, &text));
	for (size_t length = 0; length < (size_t)size; length += length < 600 ? 1 : 97) {
		unsigned char *head = malloc(length + 1);

		memcpy(head, whole, length);
		if (!change(head, length, &text)) {
			assert_memory_equal(head, whole, length);
			refused++;
		}
		free(head);
	}
	assert_true(refused > 100);
}

static void damaged_heads_are_refused(void **state)
{
	int files[FILES];
	struct err_info info;

	(void)state;
	make(0.25, NULL, files);
	cut_at_every_length(files[5], gain_comment_ogg);
	cut_at_every_length(files[6], gain_comment_flac);
	assert_int_equal(gain_file_write(files[6], "ogg", NULL, &info), ERR_INTERNAL);
	assert_int_equal(gain_file_write(files[5], "mp3", &(struct loudness){.integrated_lufs = -20}, &info),
		ERR_INTERNAL);
	assert_int_equal(gain_file_write(files[WAV], "wav", &(struct loudness){.integrated_lufs = -20}, &info),
		ERR_INTERNAL);
	close_all(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_documents),
		cmocka_unit_test(every_container_tells_its_loudness),
		cmocka_unit_test(silence_tells_nothing),
		cmocka_unit_test(applied_gain_is_never_told),
		cmocka_unit_test(known_loudness_is_told_again),
		cmocka_unit_test(damaged_heads_are_refused),
	};

	av_log_set_level(AV_LOG_QUIET);
	return cmocka_run_group_tests_name("gain_file", tests, NULL, NULL);
}
