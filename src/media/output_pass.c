/* SPDX-License-Identifier: MIT */
#include "media/output.h"

#include "media/averror.h"

#include <string.h>

enum { SKIP_BYTES = 10 /* of AV_PKT_DATA_SKIP_SAMPLES */ };

/* The source's packets as an encoder would describe them, for the muxers. */
static int describe(struct output *output, const AVCodecParameters *parameters)
{
	AVCodecContext *codec = avcodec_alloc_context3(NULL);
	int code;

	output->described = codec;
	if (codec == NULL)
		return AVERROR(ENOMEM);
	code = avcodec_parameters_to_context(codec, parameters);
	codec->time_base = (AVRational){1, (int)output->sample_rate};
	codec->initial_padding = (int)output->priming;
	codec->codec_tag = 0;
	return code;
}

enum err output_open_pass(struct output *output, const struct conf_rendition *rendition, const struct survey *survey,
	const AVCodecParameters *parameters, int fd, struct err_info *info)
{
	int code;

	*output = (struct output){.profile = profile_find(rendition->codec, rendition->container),
		.survey = survey,
		.sample_rate = survey->source.sample_rate,
		.channels = survey->source.channels,
		.bit_rate = survey->source.bit_rate,
		.priming = survey->priming,
		.pace_rate = (uint32_t)rendition->sample_rate,
		.fd = fd,
		.last = UINT64_MAX};
	output->pace_priming = output->profile->priming;
	code = describe(output, parameters);
	return code < 0 ? averror_set(info, code, "the source's packets cannot be passed through") : ERR_OK;
}

static enum err put_cmaf(struct output *output, const struct survey_frame *frame, struct err_info *info)
{
	enum err err = ERR_OK;

	if (output->at >= output->next_cut) {
		err = cmaf_cut(output->writer, info);
		output->next_cut = segment_plan_sample(
			&output->plan, ++output->segment, output->sample_rate, output->priming);
	}
	return err == ERR_OK ? cmaf_sample(output->writer, frame->bytes, frame->length, frame->samples, info) : err;
}

static void put_le32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* What the muxer for MP3 makes its LAME tag of: the samples of PACKET that are skipped at its start and its end. */
static int mark_skips(AVPacket *packet, uint32_t start, uint32_t end)
{
	unsigned char *skip = av_packet_new_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, SKIP_BYTES);

	if (skip == NULL)
		return AVERROR(ENOMEM);
	memset(skip, 0, SKIP_BYTES);
	put_le32(skip, start);
	put_le32(skip + 4, end);
	return 0;
}

/* A copy of PACKET with the times that an encoder would give it. */
static enum err put_native(struct output *output, const AVPacket *packet, uint32_t samples, struct err_info *info)
{
	uint64_t end = output->priming + output->survey->samples, next = output->at + samples;
	uint32_t skipped = next > end ? (uint32_t)(next - end) : 0;
	AVPacket *copy = av_packet_clone(packet);
	enum err err;
	int code = copy == NULL ? AVERROR(ENOMEM) : 0;

	if (code >= 0) {
		av_packet_free_side_data(copy);
		copy->flags = AV_PKT_FLAG_KEY;
		copy->pts = copy->dts = (int64_t)output->at - output->priming;
		copy->duration = samples - skipped;
		if (output->at == 0 || next >= end)
			code = mark_skips(copy, output->at == 0 ? output->priming : 0, skipped);
	}
	err = code < 0 ? averror_set(info, code, "a packet cannot be passed through")
		       : mux_packet(output->mux, copy, info);
	av_packet_free(&copy);
	return err;
}

enum err output_packet(struct output *output, const AVPacket *packet, struct err_info *info)
{
	const struct survey *survey = output->survey;
	struct survey_frame frame;
	enum err err;

	if (output->at >= output->priming + survey->samples)
		return ERR_OK;
	if (!survey_frame(survey->codec, survey->adts, packet, &frame))
		return err_set(info, ERR_UNPROCESSABLE, "the source is not what it was a moment ago");
	err = output->mux != NULL ? put_native(output, packet, frame.samples, info) : put_cmaf(output, &frame, info);
	output->at += frame.samples;
	return err;
}
