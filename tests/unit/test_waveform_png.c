/* SPDX-License-Identifier: MIT */
#include "media/waveform_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_MOST = 1 << 24 };

static uint32_t pixel_of(const unsigned char *pixels, uint32_t width, uint32_t x, uint32_t y)
{
	const unsigned char *at = pixels + 4 * ((size_t)y * width + x);

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The picture of PAIRS decoded: RGBA, row by row. To be freed. */
static unsigned char *draw(int16_t *pairs, uint32_t length, uint32_t channels, const struct waveform_picture *picture)
{
	const struct waveform_data data = {
		.sample_rate = 44100, .per_pixel = 256, .length = length, .channels = channels, .pairs = pairs};
	png_image image = {.version = PNG_IMAGE_VERSION};
	unsigned char *pixels;
	struct err_info info;
	struct buf out;

	buf_init(&out, FILE_MOST);
	assert_int_equal(waveform_put_png(&out, &data, picture, &info), ERR_OK);
	assert_false(out.overflow);
	assert_int_equal(png_image_begin_read_from_memory(&image, out.data, out.length), 1);
	assert_int_equal(image.width, picture->width);
	assert_int_equal(image.height, picture->height);
	image.format = PNG_FORMAT_RGBA;
	pixels = malloc(PNG_IMAGE_SIZE(image));
	assert_non_null(pixels);
	assert_int_equal(png_image_finish_read(&image, NULL, pixels, 0, NULL), 1);
	buf_free(&out);
	return pixels;
}

static void draws_least_to_greatest(void **state)
{
	static int16_t pairs[] = {-32768, 32767, 0, 32767, -16384, 16383};
	const struct waveform_picture picture = {3, 8, {0x12, 0x34, 0x56, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF}};
	unsigned char *pixels = draw(pairs, 3, 1, &picture);
	static const int from[] = {0, 0, 2}, to[] = {8, 4, 6};

	(void)state;
	for (uint32_t x = 0; x < 3; x++) {
		for (uint32_t y = 0; y < 8; y++) {
			bool inside = (int)y >= from[x] && (int)y < to[x];

			assert_int_equal(pixel_of(pixels, 3, x, y), inside ? 0x123456FF : 0xFFFFFFFF);
		}
	}
	free(pixels);
}

/* Two stored pixels on a column, and one on two columns. */
static void fits_any_width(void **state)
{
	static int16_t pairs[] = {-32768, 0, 0, 32767, 0, 0, 0, 0};
	const struct waveform_picture narrow = {2, 4, {0, 0, 0, 255}, {0}}, wide = {8, 4, {0, 0, 0, 255}, {0}};
	unsigned char *pixels = draw(pairs, 4, 1, &narrow);

	(void)state;
	for (uint32_t y = 0; y < 4; y++)
		assert_int_equal(pixel_of(pixels, 2, 0, y), 0x000000FF);
	free(pixels);
	pixels = draw(pairs, 4, 1, &wide);
	for (uint32_t x = 0; x < 4; x++) {
		assert_int_equal(pixel_of(pixels, 8, x, 0), x < 2 ? 0 : 0x000000FF);
		assert_int_equal(pixel_of(pixels, 8, x, 3), x < 2 ? 0x000000FF : 0);
	}
	free(pixels);
}

static void silence_and_nothing_are_a_line(void **state)
{
	static int16_t silence[] = {0, 0};
	const struct waveform_picture picture = {5, 7, {1, 2, 3, 255}, {0}};

	(void)state;
	for (uint32_t length = 0; length < 2; length++) {
		unsigned char *pixels = draw(silence, length, 1, &picture);

		for (uint32_t x = 0; x < 5; x++) {
			assert_int_equal(pixel_of(pixels, 5, x, 3), 0x010203FF);
			assert_int_equal(pixel_of(pixels, 5, x, 2) & 0xFF, 0);
			assert_int_equal(pixel_of(pixels, 5, x, 4) & 0xFF, 0);
		}
		free(pixels);
	}
}

static void channels_lie_below_each_other(void **state)
{
	static int16_t pairs[] = {-32768, 32767, -16384, 16383};
	const struct waveform_picture picture = {1, 16, {255, 0, 0, 255}, {0, 0, 255, 255}};
	unsigned char *pixels = draw(pairs, 1, 2, &picture);

	(void)state;
	for (uint32_t y = 0; y < 16; y++)
		assert_int_equal(pixel_of(pixels, 1, 0, y), y < 8 || (y >= 10 && y < 14) ? 0xFF0000FF : 0x0000FFFF);
	free(pixels);
}

/* The largest, of the most stored pixels and channels, with extremes at the edges. */
static void the_largest_has_room(void **state)
{
	const struct waveform_picture picture = {
		WAVEFORM_PNG_WIDTH_MOST, WAVEFORM_PNG_HEIGHT_MOST, {0, 0, 0, 128}, {0}};
	size_t count = (size_t)WAVEFORM_PIXELS_MOST * WAVEFORM_CHANNELS_MOST * 2;
	int16_t *pairs = calloc(count, sizeof *pairs);

	(void)state;
	assert_non_null(pairs);
	for (size_t i = 0; i < count; i += 2) {
		pairs[i] = (int16_t)(i % 3 == 0 ? -32768 : 32767 - (int)(i % 60000));
		pairs[i + 1] = 32767;
	}
	free(draw(pairs, WAVEFORM_PIXELS_MOST, WAVEFORM_CHANNELS_MOST, &picture));
	memset(pairs, 0x80, count * sizeof *pairs);
	free(draw(pairs, WAVEFORM_PIXELS_MOST, WAVEFORM_CHANNELS_MOST,
		&(struct waveform_picture){1, 1, {0, 0, 0, 255}, {0}}));
	free(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_least_to_greatest),
		cmocka_unit_test(fits_any_width),
		cmocka_unit_test(silence_and_nothing_are_a_line),
		cmocka_unit_test(channels_lie_below_each_other),
		cmocka_unit_test(the_largest_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
