/* SPDX-License-Identifier: MIT */
#include "media/waveform_png.h"

#include <assert.h>
#include <png.h>
#include <stdlib.h>

/* Steps from the background to the colour: what a PNG of 4 bits a pixel holds. */
enum { SHADES = 16, PARTS = 4 };

/* A column of one channel: what of a pixel row lies between TOP and BOTTOM, from the top of the picture. */
struct bar {
	double top, bottom;
};

static double clamp(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

/* The bar of CHANNEL at column X, which even of silence is one pixel high. */
static struct bar find_bar(
	const struct waveform_data *data, uint32_t channel, uint32_t x, const struct waveform_picture *picture)
{
	double lane = (double)picture->height / data->channels, scale = lane / 65536;
	size_t first = (size_t)((uint64_t)x * data->length / picture->width);
	size_t end = (size_t)(((uint64_t)x + 1) * data->length / picture->width);
	int least = 0, greatest = 0;
	struct bar bar;

	for (size_t i = first; i < data->length && (i == first || i < end); i++) {
		const int16_t *pair = data->pairs + 2 * (i * data->channels + channel);

		if (i == first || pair[0] < least)
			least = pair[0];
		if (i == first || pair[1] > greatest)
			greatest = pair[1];
	}
	bar.top = lane * channel + (32767.5 - greatest) * scale;
	bar.bottom = lane * channel + (32767.5 - least) * scale;
	if (bar.bottom - bar.top < 1) {
		bar.top = clamp((bar.top + bar.bottom - 1) / 2, 0, picture->height - 1);
		bar.bottom = bar.top + 1;
	}
	return bar;
}

/* The greatest cover wins where two channels meet in one row. */
static void draw_bar(unsigned char *pixels, const struct waveform_picture *picture, uint32_t x, struct bar bar)
{
	for (uint32_t y = (uint32_t)clamp(bar.top, 0, picture->height); y < picture->height && y < bar.bottom; y++) {
		double covered = clamp(bar.bottom, y, y + 1.0) - clamp(bar.top, y, y + 1.0);
		unsigned char shade = (unsigned char)(covered * (SHADES - 1) + 0.5);
		unsigned char *pixel = pixels + (size_t)y * picture->width + x;

		if (shade > *pixel)
			*pixel = shade;
	}
}

static void mix_shades(const struct waveform_picture *picture, unsigned char *shades)
{
	for (int i = 0; i < SHADES; i++) {
		for (int part = 0; part < PARTS; part++)
			shades[i * PARTS + part] = (unsigned char)((picture->background[part] * (SHADES - 1 - i) +
									   picture->colour[part] * i) /
								   (SHADES - 1));
	}
}

/* PIXELS are indices into the shades. */
static enum err write_png(
	struct buf *out, const struct waveform_picture *picture, const unsigned char *pixels, struct err_info *info)
{
	png_image image = {.version = PNG_IMAGE_VERSION,
		.width = picture->width,
		.height = picture->height,
		.format = PNG_FORMAT_RGBA_COLORMAP,
		.colormap_entries = SHADES};
	png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
	unsigned char shades[SHADES * PARTS];
	void *file = malloc(size);
	enum err err = ERR_OK;

	mix_shades(picture, shades);
	if (file != NULL && png_image_write_to_memory(&image, file, &size, 0, pixels, 0, shades))
		buf_put(out, file, size);
	else
		err = err_set(info, ERR_NO_MEMORY, "no memory for the picture of a waveform");
	png_image_free(&image);
	free(file);
	return err;
}

enum err waveform_put_png(struct buf *out, const struct waveform_data *data, const struct waveform_picture *picture,
	struct err_info *info)
{
	unsigned char *pixels;
	enum err err;

	assert(picture->width >= 1 && picture->width <= WAVEFORM_PNG_WIDTH_MOST);
	assert(picture->height >= 1 && picture->height <= WAVEFORM_PNG_HEIGHT_MOST);
	pixels = calloc(picture->height, picture->width);
	if (pixels == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to draw a waveform");
	for (uint32_t x = 0; x < picture->width; x++) {
		for (uint32_t channel = 0; channel < data->channels; channel++)
			draw_bar(pixels, picture, x, find_bar(data, channel, x, picture));
	}
	err = write_png(out, picture, pixels, info);
	free(pixels);
	return err;
}
