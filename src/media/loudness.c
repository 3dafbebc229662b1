/* SPDX-License-Identifier: MIT */
#include "media/loudness.h"

#include <assert.h>
#include <ebur128.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of 10 ms that the windows of momentary and short-term loudness hold, and from one gating block to the next. */
enum { STEP_MS = 10, MOMENTARY_STEPS = 40, SHORT_TERM_STEPS = 300, BLOCK_STEPS = 10, CHANNELS_MOST = 6 };

struct loudness_meter {
	ebur128_state *state;
	unsigned channels;
	float *step;        /* interleaved */
	size_t step_frames; /* that it has room for */
	size_t held;        /* that are in it */
	uint64_t steps;     /* measured so far */
	double ring[SHORT_TERM_STEPS]; /* power of the last steps */
	double momentary_max, short_term_max;
	uint32_t bins[LOUDNESS_BINS];
};

static enum err no_memory(struct err_info *info)
{
	return err_set(info, ERR_NO_MEMORY, "no memory to measure the loudness");
}

enum err loudness_open(unsigned channels, uint32_t rate, struct loudness_meter **out, struct err_info *info)
{
	struct loudness_meter *meter = calloc(1, sizeof *meter);

	assert(channels >= 1 && channels <= CHANNELS_MOST && rate >= 1000 / STEP_MS);
	*out = NULL;
	if (meter == NULL)
		return no_memory(info);
	meter->channels = channels;
	meter->momentary_max = meter->short_term_max = LOUDNESS_SILENT_LUFS;
	meter->step_frames = rate * STEP_MS / 1000;
	meter->step = malloc(meter->step_frames * channels * sizeof *meter->step);
	meter->state = ebur128_init(channels, rate, EBUR128_MODE_M | EBUR128_MODE_I | EBUR128_MODE_LRA);
	if (meter->step == NULL || meter->state == NULL) {
		loudness_close(meter);
		return no_memory(info);
	}
	*out = meter;
	return ERR_OK;
}

/* The mean power of the last COUNT steps, as a loudness. */
static double window(const struct loudness_meter *meter, unsigned count)
{
	double power = 0;

	for (uint64_t i = meter->steps - count; i < meter->steps; i++)
		power += meter->ring[i % SHORT_TERM_STEPS];
	return 10 * log10(power / count);
}

static void take_levels(struct loudness_meter *meter)
{
	double lufs = -HUGE_VAL;

	ebur128_loudness_window(meter->state, STEP_MS, &lufs);
	meter->ring[meter->steps++ % SHORT_TERM_STEPS] = pow(10, lufs / 10);
	if (meter->steps >= MOMENTARY_STEPS) {
		double momentary = window(meter, MOMENTARY_STEPS);
		int bin = loudness_bin(momentary);

		meter->momentary_max = fmax(meter->momentary_max, momentary);
		if (bin >= 0 && (meter->steps - MOMENTARY_STEPS) % BLOCK_STEPS == 0)
			meter->bins[bin]++;
	}
	if (meter->steps >= SHORT_TERM_STEPS)
		meter->short_term_max = fmax(meter->short_term_max, window(meter, SHORT_TERM_STEPS));
}

/* The full step goes to the library. */
static enum err take_step(struct loudness_meter *meter, struct err_info *info)
{
	if (ebur128_add_frames_float(meter->state, meter->step, meter->held) != EBUR128_SUCCESS)
		return no_memory(info);
	if (meter->held == meter->step_frames)
		take_levels(meter);
	meter->held = 0;
	return ERR_OK;
}

enum err loudness_add(
	struct loudness_meter *meter, const float *const *planes, size_t count, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t at = 0; at < count && err == ERR_OK;) {
		size_t room = meter->step_frames - meter->held;
		size_t take = count - at < room ? count - at : room;
		float *to = meter->step + meter->held * meter->channels;

		for (unsigned channel = 0; channel < meter->channels; channel++) {
			for (size_t i = 0; i < take; i++)
				to[i * meter->channels + channel] = planes[channel][at + i];
		}
		at += take;
		meter->held += take;
		if (meter->held == meter->step_frames)
			err = take_step(meter, info);
	}
	return err;
}

static enum err read_levels(const struct loudness_meter *meter, struct loudness *out, struct err_info *info)
{
	if (ebur128_loudness_global(meter->state, &out->integrated_lufs) != EBUR128_SUCCESS ||
		ebur128_loudness_range(meter->state, &out->range_lu) != EBUR128_SUCCESS)
		return no_memory(info);
	out->integrated_lufs = fmax(out->integrated_lufs, LOUDNESS_SILENT_LUFS);
	out->momentary_max_lufs = meter->momentary_max;
	out->short_term_max_lufs = meter->short_term_max;
	return ERR_OK;
}

enum err loudness_finish(
	struct loudness_meter *meter, struct loudness *out, uint32_t *bins, struct err_info *info)
{
	enum err err = meter->held > 0 ? take_step(meter, info) : ERR_OK;

	if (err == ERR_OK)
		err = read_levels(meter, out, info);
	if (err == ERR_OK && bins != NULL)
		memcpy(bins, meter->bins, sizeof meter->bins);
	return err;
}

void loudness_close(struct loudness_meter *meter)
{
	if (meter == NULL)
		return;
	if (meter->state != NULL)
		ebur128_destroy(&meter->state);
	free(meter->step);
	free(meter);
}
