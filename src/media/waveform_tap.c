/* SPDX-License-Identifier: MIT */
#include "media/waveform_tap.h"

#include "base/fs.h"
#include "media/averror.h"
#include "media/waveform.h"

#include <libswresample/swresample.h>
#include <stdlib.h>

struct waveform_tap {
	struct waveform waveform;
	SwrContext *converter; /* NULL before the first frame */
	AVChannelLayout layout;        /* of the waveform */
	AVChannelLayout from;          /* of the frames that the converter takes */
	enum AVSampleFormat format;
	uint8_t **planes; /* converted samples */
	int room;         /* samples they hold */
};

enum err waveform_tap_open(struct waveform_tap **out, struct err_info *info)
{
	*out = calloc(1, sizeof **out);
	return *out != NULL ? ERR_OK : err_set(info, ERR_NO_MEMORY, "no memory for a waveform");
}

/* The layout of FRAME, named even where the file names none. */
static int layout_of(const AVFrame *frame, AVChannelLayout *out)
{
	if (frame->ch_layout.order == AV_CHANNEL_ORDER_NATIVE)
		return av_channel_layout_copy(out, &frame->ch_layout);
	av_channel_layout_default(out, frame->ch_layout.nb_channels);
	return 0;
}

/* A converter for frames like FRAME of the layout FROM, whose rate never changes. */
static enum err set_converter(
	struct waveform_tap *tap, const AVFrame *frame, const AVChannelLayout *from, struct err_info *info)
{
	int code = 0;

	if (tap->converter == NULL) {
		code = av_channel_layout_copy(&tap->layout, from);
		waveform_init(&tap->waveform, (uint32_t)frame->sample_rate, (uint32_t)from->nb_channels,
			WAVEFORM_PER_PIXEL, WAVEFORM_PIXELS_MOST);
	}
	if (code >= 0)
		code = av_channel_layout_copy(&tap->from, from);
	if (code >= 0) {
		swr_free(&tap->converter);
		tap->format = frame->format;
		code = swr_alloc_set_opts2(&tap->converter, &tap->layout, AV_SAMPLE_FMT_S16P, frame->sample_rate,
			&tap->from, tap->format, frame->sample_rate, 0, NULL);
	}
	if (code >= 0)
		code = swr_init(tap->converter);
	return code >= 0 ? ERR_OK : averror_set(info, code, "no waveform can be made of the sound");
}

static enum err make_room(struct waveform_tap *tap, int samples, struct err_info *info)
{
	int code;

	if (samples <= tap->room)
		return ERR_OK;
	if (tap->planes != NULL)
		av_freep(&tap->planes[0]);
	av_freep(&tap->planes);
	tap->room = 0;
	code = av_samples_alloc_array_and_samples(
		&tap->planes, NULL, tap->layout.nb_channels, samples, AV_SAMPLE_FMT_S16P, 0);
	if (code < 0)
		return averror_set(info, code, "no memory for a waveform");
	tap->room = samples;
	return ERR_OK;
}

static enum err convert(struct waveform_tap *tap, const AVFrame *frame, struct err_info *info)
{
	const int16_t *planes[WAVEFORM_CHANNELS_MOST];
	enum err err = make_room(tap, frame->nb_samples, info);
	int count;

	if (err != ERR_OK)
		return err;
	count = swr_convert(tap->converter, tap->planes, tap->room, (const uint8_t **)frame->extended_data,
		frame->nb_samples);
	if (count < 0)
		return averror_set(info, count, "no waveform can be made of the sound");
	for (int i = 0; i < tap->layout.nb_channels; i++)
		planes[i] = (const int16_t *)(const void *)tap->planes[i];
	return waveform_push(&tap->waveform, planes, (size_t)count, info);
}

enum err waveform_tap_frame(struct waveform_tap *tap, const AVFrame *frame, struct err_info *info)
{
	AVChannelLayout from = {0};
	int code = layout_of(frame, &from);
	enum err err = ERR_OK;

	if (code < 0)
		return averror_set(info, code, "no memory for a waveform");
	if (tap->converter == NULL || tap->format != frame->format ||
		av_channel_layout_compare(&tap->from, &from) != 0)
		err = set_converter(tap, frame, &from, info);
	av_channel_layout_uninit(&from);
	return err == ERR_OK ? convert(tap, frame, info) : err;
}

static enum err write_part(const struct waveform *waveform, bool split, int fd, struct err_info *info)
{
	struct waveform_data data;
	struct arena arena = {0};
	struct buf file;
	enum err err;

	waveform_part(waveform, split, &arena, &data);
	buf_init(&file, WAVEFORM_HEADER + (size_t)data.length * data.channels * 4);
	waveform_put_dat(&file, &data, 16);
	err = fs_write_all(fd, file.data, file.length, info);
	buf_free(&file);
	arena_free(&arena);
	return err;
}

enum err waveform_tap_finish(struct waveform_tap *tap, int mix, int split, struct err_info *info)
{
	enum err err;

	if (tap->converter == NULL)
		return ERR_OK;
	err = waveform_finish(&tap->waveform, info);
	if (err == ERR_OK && mix >= 0)
		err = write_part(&tap->waveform, false, mix, info);
	if (err == ERR_OK && split >= 0 && tap->waveform.channels > 1)
		err = write_part(&tap->waveform, true, split, info);
	return err;
}

void waveform_tap_close(struct waveform_tap *tap)
{
	if (tap == NULL)
		return;
	waveform_free(&tap->waveform);
	swr_free(&tap->converter);
	av_channel_layout_uninit(&tap->layout);
	av_channel_layout_uninit(&tap->from);
	if (tap->planes != NULL)
		av_freep(&tap->planes[0]);
	av_freep(&tap->planes);
	free(tap);
}
