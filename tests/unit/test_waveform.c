/* SPDX-License-Identifier: MIT */
#include "media/waveform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 8000 };

/* The part of a waveform of COUNT stereo samples, pushed in pieces of PIECE. */
static void make(const int16_t *left, const int16_t *right, size_t count, size_t piece, uint32_t per_pixel, size_t most,
	bool split, struct arena *arena, struct waveform_data *out)
{
	struct waveform waveform;
	struct err_info info;

	waveform_init(&waveform, RATE, right != NULL ? 2 : 1, per_pixel, most);
	for (size_t at = 0; at < count; at += piece) {
		const int16_t *planes[] = {left + at, right != NULL ? right + at : NULL};

		assert_int_equal(
			waveform_push(&waveform, planes, count - at < piece ? count - at : piece, &info), ERR_OK);
	}
	assert_int_equal(waveform_finish(&waveform, &info), ERR_OK);
	waveform_part(&waveform, split, arena, out);
	waveform_free(&waveform);
}

static void assert_pairs(const struct waveform_data *data, const int16_t *pairs, size_t count)
{
	assert_int_equal((size_t)data->length * data->channels * 2, count);
	assert_memory_equal(data->pairs, pairs, count * sizeof *pairs);
}

static const int16_t left[] = {1, -3, 5, 32767, -32768, 7, 0, -1, 100};
static const int16_t right[] = {2, -4, 0, 32767, -32768, -8, -1, 0, -301};

static void mixes_and_keeps_channels(void **state)
{
	/* (1+2)/2 = 1, (-3-4)/2 = -3, 2, 32767 | -32768, 0 (-1/2), 0 (-1/2), 0 (-1/2) | -100 */
	static const int16_t mix[] = {-3, 32767, -32768, 0, -100, -100};
	static const int16_t both[] = {-3, 32767, -4, 32767, -32768, 7, -32768, 0, 100, 100, -301, -301};
	struct arena arena = {0};
	struct waveform_data data;

	(void)state;
	for (size_t piece = 1; piece <= 9; piece++) {
		make(left, right, 9, piece, 4, 16, false, &arena, &data);
		assert_pairs(&data, mix, 6);
		assert_int_equal(data.channels, 1);
		make(left, right, 9, piece, 4, 16, true, &arena, &data);
		assert_pairs(&data, both, 12);
		assert_int_equal(data.channels, 2);
		assert_int_equal(data.per_pixel, 4);
		assert_int_equal(data.sample_rate, RATE);
	}
	arena_free(&arena);
}

static void grows_coarser_when_long(void **state)
{
	static int16_t sound[1001];
	struct arena arena = {0};
	struct waveform_data bounded, fine, folded;

	(void)state;
	for (int i = 0; i < 1001; i++)
		sound[i] = (int16_t)(i * 7919 % 65536 - 32768);
	for (size_t count = 1; count <= 1001; count += 50) {
		make(sound, NULL, count, 13, 2, 8, false, &arena, &bounded);
		make(sound, NULL, count, count, 2, 1024, false, &arena, &fine);
		assert_in_range(bounded.length, 1, 8);
		waveform_fold(&fine, bounded.per_pixel / 2, &arena, &folded);
		assert_int_equal(folded.per_pixel, bounded.per_pixel);
		assert_pairs(&bounded, folded.pairs, 2 * (size_t)folded.length);
	}
	arena_free(&arena);
}

static void folds_with_a_rest(void **state)
{
	static const int16_t expected[] = {-32768, 32767, -100, -100};
	struct arena arena = {0};
	struct waveform_data data, folded;

	(void)state;
	make(left, right, 9, 9, 4, 16, false, &arena, &data);
	waveform_fold(&data, 2, &arena, &folded);
	assert_pairs(&folded, expected, 4);
	assert_int_equal(folded.per_pixel, 8);
	waveform_fold(&data, 1, &arena, &folded);
	assert_pairs(&folded, data.pairs, 6);
	arena_free(&arena);
}

static void is_nothing_of_nothing(void **state)
{
	struct arena arena = {0};
	struct waveform_data data, folded;
	struct buf out;

	(void)state;
	make(left, NULL, 0, 1, 4, 16, false, &arena, &data);
	assert_int_equal(data.length, 0);
	waveform_fold(&data, 5, &arena, &folded);
	assert_int_equal(folded.length, 0);
	buf_init(&out, 4096);
	waveform_put_svg(&out, &folded, 10, 10);
	assert_non_null(strstr(buf_text(&out), "<path"));
	buf_free(&out);
	arena_free(&arena);
}

static void reads_what_it_writes(void **state)
{
	struct arena arena = {0};
	struct waveform_data data, again;
	struct err_info info;
	struct buf out;

	(void)state;
	make(left, right, 9, 9, 4, 16, true, &arena, &data);
	buf_init(&out, 4096);
	waveform_put_dat(&out, &data, 16);
	assert_int_equal(out.length, WAVEFORM_HEADER + 3 * 2 * 4);
	assert_int_equal(waveform_read(out.data, out.length, &arena, &again, &info), ERR_OK);
	assert_int_equal(again.sample_rate, RATE);
	assert_int_equal(again.per_pixel, 4);
	assert_int_equal(again.channels, 2);
	assert_pairs(&again, data.pairs, 12);
	buf_free(&out);
	arena_free(&arena);
}

static void refuses_what_does_not_fit(void **state)
{
	/* 1 channel, 1 pixel, 8000 Hz, 4 samples a pixel, -1 to 2. */
	static const unsigned char good[] = {
		2, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x1f, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 2, 0};
	static const struct {
		size_t at;
		unsigned char value;
	} wrongs[] = {{0, 1}, {4, 1}, {8, 0}, {11, 0x80}, {12, 0}, {15, 0x80}, {16, 2}, {19, 1}, {20, 0}, {20, 9},
		{25, 0x7f}};
	struct arena arena = {0};
	struct waveform_data data;
	struct err_info info;

	(void)state;
	assert_int_equal(waveform_read(good, sizeof good, &arena, &data, &info), ERR_OK);
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		unsigned char bad[sizeof good];

		memcpy(bad, good, sizeof bad);
		bad[wrongs[i].at] = wrongs[i].value;
		if (wrongs[i].at == 8)
			bad[9] = 0;
		assert_int_equal(waveform_read(bad, sizeof bad, &arena, &data, &info), ERR_UNPROCESSABLE);
	}
	for (size_t length = 0; length < sizeof good; length++)
		assert_int_equal(waveform_read(good, length, &arena, &data, &info), ERR_UNPROCESSABLE);
	arena_free(&arena);
}

static void draws_an_outline(void **state)
{
	static const int16_t loud[] = {32767, 32767, -32768, -32768};
	struct arena arena = {0};
	struct waveform_data data;
	struct buf out;

	(void)state;
	make(loud, NULL, 4, 4, 2, 16, false, &arena, &data);
	buf_init(&out, 4096);
	waveform_put_svg(&out, &data, 2, 100);
	assert_string_equal(buf_text(&out),
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 100\" preserveAspectRatio=\"none\">"
		"<path fill=\"currentColor\" d=\"M0 50.00V0.00H1.00V100.00H2.00V100.50H1.00V0.50H0.00Z\"/></svg>\n");
	make(loud, loud, 4, 4, 4, 16, true, &arena, &data);
	buf_clear(&out);
	waveform_put_svg(&out, &data, 1, 100);
	assert_string_equal(buf_text(&out),
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 100\" preserveAspectRatio=\"none\">"
		"<path fill=\"currentColor\" d=\"M0 25.00V0.00H1.00V50.50H0.00ZM0 "
		"75.00V50.00H1.00V100.50H0.00Z\"/></svg>\n");
	buf_free(&out);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixes_and_keeps_channels),
		cmocka_unit_test(grows_coarser_when_long),
		cmocka_unit_test(folds_with_a_rest),
		cmocka_unit_test(is_nothing_of_nothing),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(draws_an_outline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
