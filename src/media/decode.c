/* SPDX-License-Identifier: MIT */
#include "media/decode.h"

#include "media/averror.h"
#include "media/probe.h"

#include <math.h>
#include <stdlib.h>

/* 120 dB above full scale. */
static const float LEVEL_MOST = 1e6F;
/* So many packets in a row without sound are no sound file any more: a hostile one can go on for ever. */
enum { BARREN_MOST = 5000 };

static const char undecodable[] = "the sound in the file cannot be decoded, convert it to FLAC and upload that";

enum err decode_open(struct demux *demux, struct decode **out, struct err_info *info)
{
	struct decode *decode = calloc(1, sizeof *decode);
	int code = AVERROR(ENOMEM);

	*out = NULL;
	if (decode == NULL)
		return averror_set(info, code, "no decoder");
	decode->demux = demux;
	decode->packet = av_packet_alloc();
	decode->codec = avcodec_alloc_context3(demux->decoder);
	if (decode->packet != NULL && decode->codec != NULL)
		code = avcodec_parameters_to_context(decode->codec, demux->stream->codecpar);
	if (code >= 0) {
		/* Encoders fill the cores; a threaded decoder would only hold more memory. */
		decode->codec->thread_count = 1;
		decode->codec->pkt_timebase = demux->stream->time_base;
		code = avcodec_open2(decode->codec, demux->decoder, NULL);
	}
	if (code < 0) {
		decode_close(decode);
		return averror_set(info, code, undecodable);
	}
	*out = decode;
	return ERR_OK;
}

static enum err feed(struct decode *decode, struct err_info *info)
{
	bool end;
	enum err err = demux_next(decode->demux, decode->packet, &end, info);
	int code;

	if (err != ERR_OK)
		return err;
	if (++decode->barren > BARREN_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "the file is damaged, upload it again: it goes on without sound");
	if (!end && decode->tap != NULL)
		err = decode->tap(decode->tap_context, decode->packet, info);
	if (err != ERR_OK) {
		av_packet_unref(decode->packet);
		return err;
	}
	decode->draining = end;
	decode->packets += !end;
	code = avcodec_send_packet(decode->codec, end ? NULL : decode->packet);
	av_packet_unref(decode->packet);
	if (code == AVERROR(ENOMEM))
		return averror_set(info, code, undecodable);
	decode->bad_packets += code < 0 && code != AVERROR_EOF;
	return ERR_OK;
}

/* How many of COUNT samples are no numbers, or far beyond any sound; those become silent, as encoders refuse them. */
static uint64_t mend_floats(float *samples, size_t count)
{
	uint64_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		if (!(fabsf(samples[i]) <= LEVEL_MOST)) {
			samples[i] = 0;
			bad++;
		}
	}
	return bad;
}

static uint64_t mend_doubles(double *samples, size_t count)
{
	uint64_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		if (!(fabs(samples[i]) <= (double)LEVEL_MOST)) {
			samples[i] = 0;
			bad++;
		}
	}
	return bad;
}

/* Only who writes floats into a file as they are can write such. */
static enum err mend(struct decode *decode, AVFrame *frame, struct err_info *info)
{
	size_t count = (size_t)frame->nb_samples * (size_t)frame->ch_layout.nb_channels;
	int code;

	if (frame->format != AV_SAMPLE_FMT_FLT && frame->format != AV_SAMPLE_FMT_DBL)
		return ERR_OK;
	code = av_frame_make_writable(frame);
	if (code < 0)
		return averror_set(info, code, undecodable);
	decode->bad_samples += frame->format == AV_SAMPLE_FMT_FLT
				       ? mend_floats((float *)(void *)frame->data[0], count)
				       : mend_doubles((double *)(void *)frame->data[0], count);
	return ERR_OK;
}

static enum err accept_frame(struct decode *decode, AVFrame *frame, struct err_info *info)
{
	enum err err = probe_check(frame->sample_rate, frame->ch_layout.nb_channels, info);

	if (err != ERR_OK)
		return err;
	if (decode->sample_rate != 0 && decode->sample_rate != frame->sample_rate)
		return err_set(info, ERR_UNPROCESSABLE,
			"its sampling rate changes from %d to %d Hz: convert it to one rate and upload it again",
			decode->sample_rate, frame->sample_rate);
	decode->sample_rate = frame->sample_rate;
	frame->nb_samples = demux_presented(decode->demux, frame->pts, frame->nb_samples, frame->sample_rate);
	decode->samples += (uint64_t)frame->nb_samples;
	decode->barren = 0;
	return mend(decode, frame, info);
}

enum err decode_next(struct decode *decode, AVFrame *frame, bool *end, struct err_info *info)
{
	*end = false;
	for (;;) {
		int code = avcodec_receive_frame(decode->codec, frame);
		enum err err = ERR_OK;

		if (code >= 0 && frame->nb_samples > 0)
			return accept_frame(decode, frame, info);
		if (code == AVERROR_EOF || (code < 0 && decode->draining)) {
			*end = true;
			return ERR_OK;
		}
		if (code == AVERROR(ENOMEM))
			return averror_set(info, code, undecodable);
		if (code == AVERROR(EAGAIN))
			err = feed(decode, info);
		else if (code < 0)
			decode->bad_packets++;
		else
			av_frame_unref(frame);
		if (err != ERR_OK)
			return err;
	}
}

void decode_close(struct decode *decode)
{
	if (decode == NULL)
		return;
	avcodec_free_context(&decode->codec);
	av_packet_free(&decode->packet);
	free(decode);
}
