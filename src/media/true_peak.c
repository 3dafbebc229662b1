/* SPDX-License-Identifier: MIT */
#include "media/true_peak.h"

#include "model/loudness.h"

#include <assert.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <math.h>
#include <stdlib.h>

/* TAPS of the filter, of which a sample lies in the middle. */
enum { CHANNELS_MOST = 6, PIECE = 1024, TAPS = 32, FACTOR_MOST = 4, ROOM = (PIECE + TAPS) * FACTOR_MOST };

struct true_peak {
	SwrContext *resampler; /* NULL where the rate is high enough */
	unsigned channels;
	float greatest;
	float over[CHANNELS_MOST][ROOM]; /* a piece oversampled */
};

static int factor_of(uint32_t rate)
{
	return rate < 96000 ? 4 : rate < 192000 ? 2 : 1;
}

static enum err no_memory(struct err_info *info)
{
	return err_set(info, ERR_NO_MEMORY, "no memory to measure the true peak");
}

static enum err open_resampler(struct true_peak *peak, uint32_t rate, struct err_info *info)
{
	AVChannelLayout layout;
	bool open;

	av_channel_layout_default(&layout, (int)peak->channels);
	open = swr_alloc_set_opts2(&peak->resampler, &layout, AV_SAMPLE_FMT_FLTP, (int)rate * factor_of(rate), &layout,
		       AV_SAMPLE_FMT_FLTP, (int)rate, 0, NULL) == 0 &&
		av_opt_set_int(peak->resampler, "filter_size", TAPS, 0) == 0 &&
		av_opt_set_int(peak->resampler, "phase_shift", 2, 0) == 0 && swr_init(peak->resampler) == 0;
	av_channel_layout_uninit(&layout);
	return open ? ERR_OK : no_memory(info);
}

static float greatest(const float *samples, size_t count, float most)
{
	for (size_t i = 0; i < count; i++) {
		float magnitude = fabsf(samples[i]);

		most = magnitude > most ? magnitude : most;
	}
	return most;
}

/* COUNT samples (at most PIECE) of PLANES from AT. */
static enum err take(
	struct true_peak *peak, const float *const *planes, size_t at, size_t count, struct err_info *info)
{
	const uint8_t *in[CHANNELS_MOST];
	uint8_t *over[CHANNELS_MOST];
	int made = 0;

	for (unsigned channel = 0; channel < peak->channels; channel++) {
		in[channel] = (const uint8_t *)(planes[channel] + at);
		over[channel] = (uint8_t *)peak->over[channel];
	}
	if (peak->resampler != NULL)
		made = swr_convert(peak->resampler, over, ROOM, in, (int)count);
	if (made < 0)
		return no_memory(info);
	for (unsigned channel = 0; channel < peak->channels; channel++) {
		peak->greatest = greatest(planes[channel] + at, count, peak->greatest); /* the resampler is not there yet */
		peak->greatest = greatest(peak->over[channel], (size_t)made, peak->greatest);
	}
	return ERR_OK;
}

enum err true_peak_add(
	struct true_peak *peak, const float *const *planes, size_t count, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t at = 0; at < count && err == ERR_OK; at += PIECE)
		err = take(peak, planes, at, count - at < PIECE ? count - at : PIECE, info);
	return err;
}

/* Before the first sample there is silence; the resampler by itself would make up something. */
static enum err begin_with_silence(struct true_peak *peak, struct err_info *info)
{
	static const float silence[TAPS];
	const float *planes[CHANNELS_MOST];

	for (unsigned channel = 0; channel < peak->channels; channel++)
		planes[channel] = silence;
	return true_peak_add(peak, planes, TAPS, info);
}

enum err true_peak_open(unsigned channels, uint32_t rate, struct true_peak **out, struct err_info *info)
{
	struct true_peak *peak = calloc(1, sizeof *peak);
	enum err err = ERR_OK;

	assert(channels >= 1 && channels <= CHANNELS_MOST);
	*out = NULL;
	if (peak == NULL)
		return no_memory(info);
	peak->channels = channels;
	if (factor_of(rate) > 1)
		err = open_resampler(peak, rate, info);
	if (err == ERR_OK)
		err = begin_with_silence(peak, info);
	if (err != ERR_OK) {
		true_peak_close(peak);
		return err;
	}
	*out = peak;
	return ERR_OK;
}

double true_peak_dbtp(const struct true_peak *peak)
{
	return fmax(20 * log10(peak->greatest), LOUDNESS_SILENT_DBTP);
}

void true_peak_close(struct true_peak *peak)
{
	if (peak == NULL)
		return;
	swr_free(&peak->resampler);
	free(peak);
}
