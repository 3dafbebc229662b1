/* SPDX-License-Identifier: MIT */
#include "media/encode.h"

#include "media/averror.h"

#include <libavutil/channel_layout.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
	const char *codec;
	const char *encoder;
	enum cmaf_codec kind;
	int profile;
} rows[] = {
	{"aac", "aac", CMAF_AAC, FF_PROFILE_AAC_LOW},
};

static const struct row *find(const char *codec)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].codec, codec) == 0)
			return &rows[i];
	}
	return NULL;
}

static int open_codec(
	struct encode *encode, const AVCodec *encoder, const struct row *row, const struct conf_rendition *rendition)
{
	AVCodecContext *codec = avcodec_alloc_context3(encoder);

	encode->codec = codec;
	encode->packet = av_packet_alloc();
	if (codec == NULL || encode->packet == NULL)
		return AVERROR(ENOMEM);
	codec->profile = row->profile;
	codec->bit_rate = rendition->bit_rate;
	codec->sample_rate = (int)rendition->sample_rate;
	codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
	codec->time_base = (AVRational){1, codec->sample_rate};
	codec->thread_count = 1;
	codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_channel_layout_default(&codec->ch_layout, (int)rendition->channels);
	return avcodec_open2(codec, encoder, NULL);
}

enum err encode_open(const struct conf_rendition *rendition, struct encode **out, struct err_info *info)
{
	const struct row *row = find(rendition->codec);
	const AVCodec *encoder = row == NULL ? NULL : avcodec_find_encoder_by_name(row->encoder);
	struct encode *encode;
	int code;

	*out = NULL;
	if (encoder == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "there is no encoder for %.32s here", rendition->codec);
	encode = calloc(1, sizeof *encode);
	if (encode == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	code = open_codec(encode, encoder, row, rendition);
	if (code < 0) {
		encode_close(encode);
		return averror_set(info, code, "the encoder does not start");
	}
	encode->kind = row->kind;
	encode->frame_samples = (uint32_t)encode->codec->frame_size;
	encode->priming = (uint32_t)encode->codec->initial_padding;
	*out = encode;
	return ERR_OK;
}

enum err encode_frame(
	struct encode *encode, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info)
{
	int code = avcodec_send_frame(encode->codec, frame);

	while (code >= 0) {
		enum err err;

		code = avcodec_receive_packet(encode->codec, encode->packet);
		if (code < 0)
			break;
		err = sink(context, encode->packet->data, (size_t)encode->packet->size, info);
		av_packet_unref(encode->packet);
		if (err != ERR_OK)
			return err;
	}
	if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
		return ERR_OK;
	return averror_set(info, code, "encoding failed");
}

void encode_close(struct encode *encode)
{
	if (encode == NULL)
		return;
	avcodec_free_context(&encode->codec);
	av_packet_free(&encode->packet);
	free(encode);
}
