/* SPDX-License-Identifier: MIT */
#include "media/decode.h"

#include "media/averror.h"
#include "media/probe.h"

#include <stdlib.h>

/* So many packets in a row without sound are no sound file any more: a hostile one can go on for ever. */
enum { BARREN_MOST = 5000 };

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
		return averror_set(info, code, "the sound in the file cannot be decoded");
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
		return err_set(info, ERR_UNPROCESSABLE, "the file is damaged: it goes on without sound");
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
		return averror_set(info, code, "the sound in the file cannot be decoded");
	decode->bad_packets += code < 0 && code != AVERROR_EOF;
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
	return ERR_OK;
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
			return averror_set(info, code, "the sound in the file cannot be decoded");
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
