/* SPDX-License-Identifier: MIT */
#include "media/filter.h"

#include "media/averror.h"
#include "media/downmix.h"

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <stdbool.h>
#include <stdlib.h>

enum { PRECISION_BITS = 20, NATIVE_TAPS = 128 };
/* Of the lower Nyquist frequency: where the pass band ends, and where it is 6 dB down. */
static const double SOXR_PASS_BAND = 0.91, NATIVE_CUTOFF = 0.95;

static const char no_memory[] = "no memory to convert the sound";

enum err filter_open(int sample_rate, int channels, int frame_samples, struct filter **out, struct err_info *info)
{
	struct filter *filter = calloc(1, sizeof *filter);

	*out = NULL;
	if (filter == NULL)
		return err_set(info, ERR_NO_MEMORY, "%s", no_memory);
	filter->sample_rate = sample_rate;
	filter->channels = channels;
	filter->frame_samples = frame_samples;
	filter->gain = 1;
	filter->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, channels, 4 * frame_samples);
	if (filter->fifo == NULL) {
		filter_close(filter);
		return err_set(info, ERR_NO_MEMORY, "%s", no_memory);
	}
	*out = filter;
	return ERR_OK;
}

static enum speaker speaker_of(enum AVChannel channel)
{
	switch (channel) {
	case AV_CHAN_FRONT_LEFT:
	case AV_CHAN_FRONT_LEFT_OF_CENTER:
	case AV_CHAN_STEREO_LEFT:
		return SPEAKER_LEFT;
	case AV_CHAN_FRONT_RIGHT:
	case AV_CHAN_FRONT_RIGHT_OF_CENTER:
	case AV_CHAN_STEREO_RIGHT:
		return SPEAKER_RIGHT;
	case AV_CHAN_FRONT_CENTER:
		return SPEAKER_CENTRE;
	case AV_CHAN_SIDE_LEFT:
	case AV_CHAN_BACK_LEFT:
	case AV_CHAN_WIDE_LEFT:
		return SPEAKER_SIDE_LEFT;
	case AV_CHAN_SIDE_RIGHT:
	case AV_CHAN_BACK_RIGHT:
	case AV_CHAN_WIDE_RIGHT:
		return SPEAKER_SIDE_RIGHT;
	case AV_CHAN_BACK_CENTER:
		return SPEAKER_BACK_CENTRE;
	default:
		return SPEAKER_NONE;
	}
}

static int set_matrix(struct filter *filter)
{
	double matrix[DOWNMIX_INPUTS_MOST * DOWNMIX_OUTPUTS_MOST];
	enum speaker speakers[DOWNMIX_INPUTS_MOST];
	int inputs = filter->from.nb_channels;

	for (int i = 0; i < inputs; i++)
		speakers[i] = speaker_of(av_channel_layout_channel_from_index(&filter->from, (unsigned)i));
	downmix_matrix(speakers, (size_t)inputs, (size_t)filter->channels, matrix);
	for (int i = 0; i < inputs * filter->channels; i++)
		matrix[i] *= filter->gain;
	return swr_set_matrix(filter->resampler, matrix, inputs);
}

/* soxr where FFmpeg has it, else its own engine with a filter long enough for the same (see the header). */
static int start(struct filter *filter)
{
	AVChannelLayout to;
	int code;

	av_channel_layout_default(&to, filter->channels);
	for (int native = 0; native < 2; native++) {
		swr_free(&filter->resampler);
		code = swr_alloc_set_opts2(&filter->resampler, &to, AV_SAMPLE_FMT_FLTP, filter->sample_rate,
			&filter->from, (enum AVSampleFormat)filter->from_format, filter->from_rate, 0, NULL);
		if (code < 0)
			return code;
		av_opt_set_int(filter->resampler, "internal_sample_fmt", AV_SAMPLE_FMT_FLTP, 0);
		av_opt_set_int(filter->resampler, "resampler", native ? SWR_ENGINE_SWR : SWR_ENGINE_SOXR, 0);
		av_opt_set_double(filter->resampler, "precision", PRECISION_BITS, 0);
		av_opt_set_double(filter->resampler, "cutoff", native ? NATIVE_CUTOFF : SOXR_PASS_BAND, 0);
		if (native)
			av_opt_set_int(filter->resampler, "filter_size", NATIVE_TAPS, 0);
		code = set_matrix(filter);
		if (code >= 0)
			code = swr_init(filter->resampler);
		if (code >= 0)
			return 0;
	}
	return code;
}

/* Room in the fifo, then SAMPLES as the resampler gives them for IN (NULL: its end). */
static int convert(struct filter *filter, const uint8_t **in, int in_samples)
{
	int most = swr_get_out_samples(filter->resampler, in_samples);
	uint8_t *planes[DOWNMIX_OUTPUTS_MOST] = {NULL};
	int code;

	if (most <= 0)
		return most;
	code = av_samples_alloc(planes, NULL, filter->channels, most, AV_SAMPLE_FMT_FLTP, 0);
	if (code >= 0)
		code = swr_convert(filter->resampler, planes, most, in, in_samples);
	if (code > 0)
		code = av_audio_fifo_write(filter->fifo, (void **)planes, code);
	av_freep(planes);
	return code;
}

static int drain(struct filter *filter)
{
	int code;

	do {
		code = convert(filter, NULL, 0);
	} while (code > 0);
	return code;
}

/* Sets the resampler up when FRAME is not what it was set up for. */
static int adapt(struct filter *filter, const AVFrame *frame)
{
	AVChannelLayout layout = {0};
	bool same;
	int code = 0;

	if (frame->ch_layout.order == AV_CHANNEL_ORDER_NATIVE)
		code = av_channel_layout_copy(&layout, &frame->ch_layout);
	else
		av_channel_layout_default(&layout, frame->ch_layout.nb_channels);
	same = filter->resampler != NULL && filter->from_format == frame->format &&
	       filter->from_rate == frame->sample_rate && av_channel_layout_compare(&filter->from, &layout) == 0;
	if (code < 0 || same) {
		av_channel_layout_uninit(&layout);
		return code;
	}
	if (filter->resampler != NULL)
		code = drain(filter);
	av_channel_layout_uninit(&filter->from);
	filter->from = layout;
	filter->from_format = frame->format;
	filter->from_rate = frame->sample_rate;
	return code < 0 ? code : start(filter);
}

/* Hands a frame of SAMPLES samples to SINK, silence where the fifo has fewer. */
static enum err hand_out(struct filter *filter, int samples, filter_sink *sink, void *context, struct err_info *info)
{
	AVFrame *frame = av_frame_alloc();
	int have;

	if (frame == NULL)
		return err_set(info, ERR_NO_MEMORY, "%s", no_memory);
	frame->nb_samples = samples;
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = filter->sample_rate;
	frame->pts = (int64_t)filter->given;
	av_channel_layout_default(&frame->ch_layout, filter->channels);
	if (av_frame_get_buffer(frame, 0) < 0) {
		av_frame_free(&frame);
		return err_set(info, ERR_NO_MEMORY, "%s", no_memory);
	}
	have = av_audio_fifo_read(filter->fifo, (void **)frame->extended_data, samples);
	if (have < samples)
		av_samples_set_silence(frame->extended_data, have < 0 ? 0 : have, samples - (have < 0 ? 0 : have),
			filter->channels, AV_SAMPLE_FMT_FLTP);
	filter->given += (uint64_t)samples;
	return sink(context, frame, info);
}

enum err filter_push(
	struct filter *filter, const AVFrame *frame, filter_sink *sink, void *context, struct err_info *info)
{
	int code = adapt(filter, frame);

	if (code >= 0)
		code = convert(filter, (const uint8_t **)frame->extended_data, frame->nb_samples);
	if (code < 0)
		return averror_set(info, code, "the sound cannot be converted");
	filter->taken += (uint64_t)frame->nb_samples;
	while (av_audio_fifo_size(filter->fifo) >= filter->frame_samples) {
		enum err err = hand_out(filter, filter->frame_samples, sink, context, info);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err filter_finish(
	struct filter *filter, filter_sink *sink, void *context, uint64_t *samples, struct err_info *info)
{
	uint64_t target = 0;

	if (filter->resampler != NULL) {
		int code = drain(filter);

		if (code < 0)
			return averror_set(info, code, "the sound cannot be converted");
		target = (uint64_t)av_rescale((int64_t)filter->taken, filter->sample_rate, filter->from_rate);
	}
	while (filter->given < target) {
		uint64_t left = target - filter->given;
		int next = left < (uint64_t)filter->frame_samples ? (int)left : filter->frame_samples;
		enum err err = hand_out(filter, next, sink, context, info);

		if (err != ERR_OK)
			return err;
	}
	*samples = target;
	return ERR_OK;
}

void filter_close(struct filter *filter)
{
	if (filter == NULL)
		return;
	swr_free(&filter->resampler);
	av_channel_layout_uninit(&filter->from);
	if (filter->fifo != NULL)
		av_audio_fifo_free(filter->fifo);
	free(filter);
}
