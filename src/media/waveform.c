/* SPDX-License-Identifier: MIT */
#include "media/waveform.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 1024 };

void waveform_init(
	struct waveform *waveform, uint32_t sample_rate, uint32_t channels, uint32_t per_pixel, size_t most)
{
	assert(channels >= 1 && channels <= WAVEFORM_CHANNELS_MOST && per_pixel > 0 && most > 0 && most % 2 == 0);
	*waveform = (struct waveform){.sample_rate = sample_rate,
		.channels = channels,
		.per_pixel = per_pixel,
		.lanes = channels > 1 ? channels + 1 : 1,
		.most = most};
}

/* Widens PAIR to hold LEAST and GREATEST. */
static void widen(int16_t pair[static 2], int16_t least, int16_t greatest)
{
	if (least < pair[0])
		pair[0] = least;
	if (greatest > pair[1])
		pair[1] = greatest;
}

/* Pixels of twice as many samples, half as many of them. */
static enum err halve(struct waveform *waveform, struct err_info *info)
{
	size_t width = 2 * waveform->lanes;

	if (waveform->per_pixel > INT32_MAX / 2)
		return err_set(info, ERR_TOO_LARGE, "the sound is too long for a waveform");
	for (size_t pixel = 0; pixel < waveform->pixels / 2; pixel++) {
		int16_t *to = waveform->pairs + pixel * width;
		const int16_t *from = waveform->pairs + 2 * pixel * width;

		memmove(to, from, width * sizeof *to);
		for (size_t at = 0; at < width; at += 2)
			widen(to + at, from[width + at], from[width + at + 1]);
	}
	waveform->pixels /= 2;
	waveform->per_pixel *= 2;
	return ERR_OK;
}

static enum err close_pixel(struct waveform *waveform, struct err_info *info)
{
	size_t width = 2 * waveform->lanes;

	if (waveform->pixels == waveform->room) {
		size_t room = waveform->room == 0 ? ROOM_FIRST : 2 * waveform->room;
		int16_t *larger;

		if (room > waveform->most)
			room = waveform->most;
		larger = reallocarray(waveform->pairs, room, width * sizeof *larger);
		if (larger == NULL)
			return err_set(info, ERR_NO_MEMORY, "no memory for a waveform");
		waveform->pairs = larger;
		waveform->room = room;
	}
	memcpy(waveform->pairs + waveform->pixels++ * width, waveform->open, width * sizeof *waveform->pairs);
	waveform->filled = 0;
	return ERR_OK;
}

static void open_pixel(struct waveform *waveform)
{
	for (size_t lane = 0; lane < waveform->lanes; lane++) {
		waveform->open[lane][0] = INT16_MAX;
		waveform->open[lane][1] = INT16_MIN;
	}
}

/* COUNT samples from START into the pixel that is open. */
static void take(struct waveform *waveform, const int16_t *const *planes, size_t start, size_t count)
{
	int channels = (int)waveform->channels;

	for (size_t i = start; i < start + count; i++) {
		int sum = 0;

		for (int channel = 0; channel < channels; channel++) {
			int16_t value = planes[channel][i];

			sum += value;
			if (channels > 1)
				widen(waveform->open[channel + 1], value, value);
		}
		sum /= channels;
		widen(waveform->open[0], (int16_t)sum, (int16_t)sum);
	}
}

enum err waveform_push(
	struct waveform *waveform, const int16_t *const *planes, size_t count, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t at = 0; at < count && err == ERR_OK;) {
		size_t some;

		if (waveform->filled == 0) {
			if (waveform->pixels == waveform->most)
				err = halve(waveform, info);
			if (err != ERR_OK)
				return err;
			open_pixel(waveform);
		}
		some = waveform->per_pixel - waveform->filled;
		if (some > count - at)
			some = count - at;
		take(waveform, planes, at, some);
		at += some;
		waveform->filled += (uint32_t)some;
		if (waveform->filled == waveform->per_pixel)
			err = close_pixel(waveform, info);
	}
	return err;
}

enum err waveform_finish(struct waveform *waveform, struct err_info *info)
{
	return waveform->filled > 0 ? close_pixel(waveform, info) : ERR_OK;
}

void waveform_part(const struct waveform *waveform, bool split, struct arena *arena, struct waveform_data *out)
{
	size_t first = split ? 1 : 0, channels = split ? waveform->channels : 1;

	assert(!split || waveform->channels > 1);
	*out = (struct waveform_data){.sample_rate = waveform->sample_rate,
		.per_pixel = waveform->per_pixel,
		.length = (uint32_t)waveform->pixels,
		.channels = (uint32_t)channels,
		.pairs = arena_array(arena, waveform->pixels + 1, 2 * channels * sizeof *out->pairs)};
	for (size_t pixel = 0; pixel < waveform->pixels; pixel++)
		memcpy(out->pairs + pixel * 2 * channels, waveform->pairs + (pixel * waveform->lanes + first) * 2,
			2 * channels * sizeof *out->pairs);
}

void waveform_free(struct waveform *waveform)
{
	free(waveform->pairs);
	*waveform = (struct waveform){0};
}

void waveform_fold(
	const struct waveform_data *from, uint32_t factor, struct arena *arena, struct waveform_data *out)
{
	size_t width = 2 * (size_t)from->channels;

	assert(factor > 0);
	*out = *from;
	out->per_pixel *= factor;
	out->length = from->length / factor + (from->length % factor != 0);
	out->pairs = arena_array(arena, out->length + 1, width * sizeof *out->pairs);
	for (size_t pixel = 0; pixel < from->length; pixel++) {
		int16_t *to = out->pairs + pixel / factor * width;
		const int16_t *pair = from->pairs + pixel * width;

		if (pixel % factor == 0)
			memcpy(to, pair, width * sizeof *to);
		for (size_t at = 0; at < width; at += 2)
			widen(to + at, pair[at], pair[at + 1]);
	}
}
