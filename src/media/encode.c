/* SPDX-License-Identifier: MIT */
#include "media/encode.h"

#include "media/averror.h"
#include "media/pack.h"

#include <libavutil/channel_layout.h>
#include <stdbool.h>
#include <stdlib.h>

/* LAME's own usual effort for a constant bit rate (0 best, 9 fastest). */
enum { LAME_EFFORT = 3 };

/* Planar float where the encoder takes it, else interleaved: float, or integers of BITS. */
static enum AVSampleFormat choose_format(const AVCodec *encoder, const struct profile *profile, int bits)
{
	for (const enum AVSampleFormat *format = encoder->sample_fmts; *format != AV_SAMPLE_FMT_NONE; format++) {
		if (*format == AV_SAMPLE_FMT_FLTP)
			return *format;
	}
	if (!profile->lossless)
		return AV_SAMPLE_FMT_FLT;
	return bits > 16 ? AV_SAMPLE_FMT_S32 : AV_SAMPLE_FMT_S16;
}

static int open_codec(struct encode *encode, const AVCodec *encoder, const struct conf_rendition *rendition, int bits)
{
	AVCodecContext *codec = avcodec_alloc_context3(encoder);

	encode->codec = codec;
	encode->packet = av_packet_alloc();
	encode->piece = av_frame_alloc();
	if (codec == NULL || encode->packet == NULL || encode->piece == NULL)
		return AVERROR(ENOMEM);
	codec->bit_rate = rendition->bit_rate;
	codec->sample_rate = (int)rendition->sample_rate;
	codec->sample_fmt = choose_format(encoder, encode->profile, bits);
	codec->time_base = (AVRational){1, codec->sample_rate};
	codec->thread_count = 1;
	codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
	av_channel_layout_default(&codec->ch_layout, (int)rendition->channels);
	if (codec->codec_id == AV_CODEC_ID_AAC)
		codec->profile = FF_PROFILE_AAC_LOW;
	if (codec->codec_id == AV_CODEC_ID_MP3)
		codec->compression_level = LAME_EFFORT;
	if (codec->codec_id == AV_CODEC_ID_FLAC)
		codec->frame_size = (int)encode->profile->frame_samples;
	if (encode->profile->lossless)
		codec->bits_per_raw_sample = bits;
	return avcodec_open2(codec, encoder, NULL);
}

enum err encode_open(const struct conf_rendition *rendition, int bits, struct encode **out, struct err_info *info)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);
	const char *name = bits > 16 && profile->deep_encoder != NULL ? profile->deep_encoder : profile->encoder;
	const AVCodec *encoder = avcodec_find_encoder_by_name(name);
	struct encode *encode;
	int code;

	*out = NULL;
	if (encoder == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "there is no encoder for %s here", profile->codec);
	encode = calloc(1, sizeof *encode);
	if (encode == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	encode->profile = profile;
	code = open_codec(encode, encoder, rendition, bits);
	if (code < 0) {
		encode_close(encode);
		return averror_set(info, code, "the encoder does not start");
	}
	encode->frame_samples = profile->frame_samples;
	encode->priming = (uint32_t)encode->codec->initial_padding;
	*out = encode;
	return ERR_OK;
}

/* SAMPLES of FRAME from AT, the first of them number PLACE of the stream, as CODEC takes them, into memory of OUT. */
static int pack(const AVCodecContext *codec, const AVFrame *frame, int at, int samples, uint64_t place, AVFrame *out)
{
	int channels = frame->ch_layout.nb_channels, code;
	const float *planes[AV_NUM_DATA_POINTERS];
	void *to;

	for (int c = 0; c < channels; c++)
		planes[c] = (const float *)(const void *)frame->data[c] + at;
	out->nb_samples = samples;
	out->format = codec->sample_fmt;
	out->sample_rate = codec->sample_rate;
	code = av_channel_layout_copy(&out->ch_layout, &frame->ch_layout);
	if (code >= 0)
		code = av_frame_get_buffer(out, 0);
	if (code < 0)
		return code;
	to = out->data[0];
	if (codec->sample_fmt == AV_SAMPLE_FMT_S16)
		pack_s16(planes, (size_t)channels, (size_t)samples, place, to);
	else if (codec->sample_fmt == AV_SAMPLE_FMT_S32)
		pack_s24(planes, (size_t)channels, (size_t)samples, place, to);
	else
		pack_float(planes, (size_t)channels, (size_t)samples, to);
	return code;
}

enum err encode_pack(
	const struct encode *encode, const AVFrame *frame, uint64_t place, AVFrame **out, struct err_info *info)
{
	int code;

	*out = av_frame_alloc();
	code = *out == NULL ? AVERROR(ENOMEM) : pack(encode->codec, frame, 0, frame->nb_samples, place, *out);
	if (code >= 0)
		return ERR_OK;
	av_frame_free(out);
	return averror_set(info, code, "encoding failed");
}

/* SAMPLES of FRAME from AT as PIECE, by reference. */
static int refer(AVFrame *piece, const AVFrame *frame, int at, int samples)
{
	bool planar = av_sample_fmt_is_planar(frame->format);
	int channels = frame->ch_layout.nb_channels, bytes = av_get_bytes_per_sample(frame->format);
	int code = av_frame_ref(piece, frame);

	for (int p = 0; code >= 0 && p < (planar ? channels : 1); p++)
		piece->data[p] += (size_t)at * (size_t)bytes * (size_t)(planar ? 1 : channels);
	piece->nb_samples = samples;
	return code;
}

/* SAMPLES of FRAME from AT as the piece. */
static int cut_piece(struct encode *encode, const AVFrame *frame, int at, int samples)
{
	AVFrame *piece = encode->piece;
	int code;

	av_frame_unref(piece);
	if (encode->codec->sample_fmt == frame->format)
		code = refer(piece, frame, at, samples);
	else
		code = pack(encode->codec, frame, at, samples, encode->given, piece);
	piece->pts = (int64_t)encode->given;
	encode->given += (uint64_t)samples;
	return code;
}

/* Sends PIECE, NULL at the end, and takes what comes. */
static enum err send_piece(
	struct encode *encode, const AVFrame *piece, encode_sink *sink, void *context, struct err_info *info)
{
	int code = avcodec_send_frame(encode->codec, piece);

	while (code >= 0) {
		enum err err;

		code = avcodec_receive_packet(encode->codec, encode->packet);
		if (code < 0)
			break;
		err = sink(context, encode->packet, info);
		av_packet_unref(encode->packet);
		if (err != ERR_OK)
			return err;
	}
	if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
		return ERR_OK;
	return averror_set(info, code, "encoding failed");
}

enum err encode_frame(
	struct encode *encode, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info)
{
	int step = encode->codec->frame_size > 0 ? encode->codec->frame_size : (int)encode->frame_samples;
	enum err err = ERR_OK;

	if (frame == NULL)
		return send_piece(encode, NULL, sink, context, info);
	for (int at = 0; err == ERR_OK && at < frame->nb_samples; at += step) {
		int left = frame->nb_samples - at;
		int code = cut_piece(encode, frame, at, left < step ? left : step);

		if (code < 0)
			return averror_set(info, code, "encoding failed");
		err = send_piece(encode, encode->piece, sink, context, info);
	}
	return err;
}

void encode_close(struct encode *encode)
{
	if (encode == NULL)
		return;
	avcodec_free_context(&encode->codec);
	av_packet_free(&encode->packet);
	av_frame_free(&encode->piece);
	free(encode);
}
