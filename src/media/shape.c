/* SPDX-License-Identifier: MIT */
#include "media/shape.h"

#include "media/averror.h"
#include "media/filter.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAME_SAMPLES = 4096, OVERSAMPLING = 4, TEXT_MOST = 2048 };

struct shape {
	struct filter *filter;
	AVFilterGraph *graph;
	AVFilterContext *source, *sink; /* of the graph */
	AVFrame *frame;
	uint64_t samples; /* given so far */
	shape_sink *to;   /* during a call, with its context */
	void *context;
};

static enum err refuse(struct err_info *info, int code)
{
	if (code == AVERROR(ENOMEM))
		return averror_set(info, code, "no memory for the effects of the preset");
	return err_set(info, ERR_UNPROCESSABLE, "the effects of the preset cannot be set up: one has a wrong option");
}

/* The chain from source to sink: what the preset says, the limiter, and the format that all who come after want. */
static void write_chain(
	const char *filter, const struct shape_limiter *limiter, int rate, int channels, char *out, size_t size)
{
	char limit[256] = "";

	if (limiter != NULL)
		snprintf(limit, sizeof limit,
			"volume=volume=%.4fdB:precision=double,aresample=%d:resampler=soxr:precision=20,"
			"alimiter=limit=%.6f:level=0:latency=1:attack=5:release=50,"
			"aresample=%d:resampler=soxr:precision=20,",
			limiter->gain_db, OVERSAMPLING * rate, pow(10, limiter->peak_db / 20), rate);
	snprintf(out, size, "%s%s%saformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=%s",
		filter != NULL ? filter : "", filter != NULL ? "," : "", limit, rate,
		channels == 1 ? "mono" : "stereo");
}

static int connect_ends(struct shape *shape, const char *chain, int rate, int channels)
{
	AVFilterInOut *inputs = avfilter_inout_alloc(), *outputs = avfilter_inout_alloc();
	char text[128];
	int code = AVERROR(ENOMEM);

	snprintf(text, sizeof text, "sample_rate=%d:sample_fmt=fltp:channel_layout=%s:time_base=1/%d", rate,
		channels == 1 ? "mono" : "stereo", rate);
	if (inputs == NULL || outputs == NULL)
		goto out;
	code = avfilter_graph_create_filter(
		&shape->source, avfilter_get_by_name("abuffer"), "in", text, NULL, shape->graph);
	if (code >= 0)
		code = avfilter_graph_create_filter(
			&shape->sink, avfilter_get_by_name("abuffersink"), "out", NULL, NULL, shape->graph);
	if (code < 0)
		goto out;
	*outputs = (AVFilterInOut){.name = av_strdup("in"), .filter_ctx = shape->source};
	*inputs = (AVFilterInOut){.name = av_strdup("out"), .filter_ctx = shape->sink};
	code = avfilter_graph_parse_ptr(shape->graph, chain, &inputs, &outputs, NULL);
	if (code >= 0)
		code = avfilter_graph_config(shape->graph, NULL);
out:
	avfilter_inout_free(&inputs);
	avfilter_inout_free(&outputs);
	return code;
}

enum err shape_open(const char *filter, const struct shape_limiter *limiter, int sample_rate, int channels,
	struct shape **out, struct err_info *info)
{
	struct shape *shape = calloc(1, sizeof *shape);
	char chain[TEXT_MOST];
	enum err err;
	int code;

	*out = NULL;
	if (shape == NULL)
		return refuse(info, AVERROR(ENOMEM));
	err = filter_open(sample_rate, channels, FRAME_SAMPLES, &shape->filter, info);
	if (err != ERR_OK) {
		shape_close(shape);
		return err;
	}
	shape->graph = avfilter_graph_alloc();
	shape->frame = av_frame_alloc();
	if (shape->graph == NULL || shape->frame == NULL) {
		shape_close(shape);
		return refuse(info, AVERROR(ENOMEM));
	}
	/* Threads of its own would only wait for one another: the encoders fill the cores. */
	shape->graph->nb_threads = 1;
	write_chain(filter, limiter, sample_rate, channels, chain, sizeof chain);
	code = connect_ends(shape, chain, sample_rate, channels);
	if (code < 0) {
		shape_close(shape);
		return refuse(info, code);
	}
	*out = shape;
	return ERR_OK;
}

/* Hands out all that the graph has ready. */
static enum err pull(struct shape *shape, struct err_info *info)
{
	for (;;) {
		int code = av_buffersink_get_frame(shape->sink, shape->frame);
		enum err err;

		if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
			return ERR_OK;
		if (code < 0)
			return averror_set(info, code, "the effects of the preset fail");
		shape->samples += (uint64_t)shape->frame->nb_samples;
		err = shape->to(shape->context, shape->frame, info);
		av_frame_unref(shape->frame);
		if (err != ERR_OK)
			return err;
	}
}

/* A filter_sink: FRAME into the graph. */
static enum err feed(void *context, AVFrame *frame, struct err_info *info)
{
	struct shape *shape = context;
	int code = av_buffersrc_add_frame(shape->source, frame);

	av_frame_free(&frame);
	return code < 0 ? averror_set(info, code, "the effects of the preset fail") : pull(shape, info);
}

enum err shape_push(
	struct shape *shape, const AVFrame *frame, shape_sink *sink, void *context, struct err_info *info)
{
	shape->to = sink;
	shape->context = context;
	return filter_push(shape->filter, frame, feed, shape, info);
}

enum err shape_finish(
	struct shape *shape, shape_sink *sink, void *context, uint64_t *samples, struct err_info *info)
{
	uint64_t taken;
	enum err err;
	int code;

	shape->to = sink;
	shape->context = context;
	err = filter_finish(shape->filter, feed, shape, &taken, info);
	if (err != ERR_OK)
		return err;
	code = av_buffersrc_add_frame(shape->source, NULL);
	err = code < 0 ? averror_set(info, code, "the effects of the preset fail") : pull(shape, info);
	*samples = shape->samples;
	return err;
}

void shape_close(struct shape *shape)
{
	if (shape == NULL)
		return;
	filter_close(shape->filter);
	avfilter_graph_free(&shape->graph);
	av_frame_free(&shape->frame);
	free(shape);
}
