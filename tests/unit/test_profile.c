/* SPDX-License-Identifier: MIT */
#include "conf/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum err check_in(
	const char *codec, const char *container, int64_t bit_rate, int64_t sample_rate, int64_t channels)
{
	struct conf_rendition row = {.quality = "x",
		.codec = codec,
		.container = container,
		.bit_rate = bit_rate,
		.sample_rate = sample_rate,
		.channels = channels};
	struct err_info info = {0};
	enum err err = profile_check(&row, &info);

	if (err != ERR_OK) {
		assert_int_equal(info.code, err);
		assert_true(strlen(info.detail) > 0);
	}
	return err;
}

static enum err check(const char *codec, int64_t bit_rate, int64_t sample_rate, int64_t channels)
{
	return check_in(codec, "cmaf", bit_rate, sample_rate, channels);
}

static void takes_the_default_ladder(void **state)
{
	(void)state;
	assert_int_equal(check("aac", 320000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 192000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 128000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 96000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 96000, 22050, 1), ERR_OK);
	assert_int_equal(check("aac", 64000, 22050, 1), ERR_OK);
}

static void takes_every_usual_bit_rate(void **state)
{
	static const int64_t usual[] = {64000, 96000, 128000, 192000, 256000, 320000};

	(void)state;
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		assert_int_equal(check("aac", usual[i], 44100, 2), ERR_OK);
		assert_int_equal(check("opus", usual[i], 48000, 2), ERR_OK);
		assert_int_equal(check_in("opus", "ogg", usual[i], 48000, 2), ERR_OK);
		assert_int_equal(check_in("vorbis", "ogg", usual[i], 44100, 2), ERR_OK);
		assert_int_equal(check_in("mp3", "mp3", usual[i], 44100, 2), ERR_OK);
	}
	assert_int_equal(check("flac", 0, 96000, 2), ERR_OK);
	assert_int_equal(check_in("flac", "flac", 0, 0, 0), ERR_OK);
	assert_int_equal(check_in("pcm", "wav", 0, 0, 1), ERR_OK);
}

static void names_what_it_cannot_make(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check_in("aac", NULL, 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("mp4", 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("mp3", 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 44101, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 44100, 0), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 44100, 6), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 8000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 320001, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 192000, 22050, 1), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", -1, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 0, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("opus", 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("opus", 320000, 48000, 1), ERR_UNPROCESSABLE);
	assert_int_equal(check_in("vorbis", "ogg", 320000, 44100, 1), ERR_UNPROCESSABLE);
	assert_int_equal(check_in("mp3", "mp3", 100000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check_in("mp3", "mp3", 320000, 22050, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check_in("mp3", "mp3", 0, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("flac", 1000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("flac", 0, 400000, 2), ERR_UNPROCESSABLE);
}

static void reads_words(void **state)
{
	static const struct {
		const char *word, *codec, *container;
		int64_t bit_rate, sample_rate, channels;
	} cases[] = {
		{"aac-128", "aac", "cmaf", 128000, 44100, 2},
		{"mp3-320", "mp3", "mp3", 320000, 44100, 2},
		{"opus-96", "opus", "cmaf", 96000, 48000, 2},
		{"opus-ogg-64", "opus", "ogg", 64000, 48000, 2},
		{"vorbis-192", "vorbis", "ogg", 192000, 44100, 2},
		{"flac", "flac", "cmaf", 0, 0, 0},
		{"flac-flac", "flac", "flac", 0, 0, 0},
		{"wav", "pcm", "wav", 0, 0, 0},
	};
	struct arena arena = {0};
	struct err_info info;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conf_rendition row;

		assert_int_equal(profile_parse(cases[i].word, &arena, &row, &info), ERR_OK);
		assert_string_equal(row.quality, cases[i].word);
		assert_string_equal(row.codec, cases[i].codec);
		assert_string_equal(row.container, cases[i].container);
		assert_int_equal(row.bit_rate, cases[i].bit_rate);
		assert_int_equal(row.sample_rate, cases[i].sample_rate);
		assert_int_equal(row.channels, cases[i].channels);
	}
	arena_free(&arena);
}

static void refuses_other_words(void **state)
{
	static const char *const words[] = {"", "-", "mp3", "mp3-", "mp3-0", "mp3-321", "mp3-99999", "MP3-320",
		"flac-900", "opus-ogg", "wav-1", "aac-ts", "vorbis-cmaf-64", "aac-128-2", "aac-12 "};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct conf_rendition row;
		struct err_info info = {0};

		assert_int_equal(profile_parse(words[i], &arena, &row, &info), ERR_UNPROCESSABLE);
		assert_true(strlen(info.detail) > 0);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_default_ladder),
		cmocka_unit_test(takes_every_usual_bit_rate),
		cmocka_unit_test(names_what_it_cannot_make),
		cmocka_unit_test(reads_words),
		cmocka_unit_test(refuses_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
