/* SPDX-License-Identifier: MIT */
#include "media/survey.h"

#include "media/decode.h"
#include "media/watch.h"
#include "package/adts.h"
#include "package/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	AAC_LC = 2,
	OPUS_MAGIC = 8, /* "OpusHead" */
	OPUS_HEAD = 11, /* without it */
	FLAC_STREAMINFO = 34,
	MP3_DELAY = 529,      /* of every decoder: the least that a LAME tag skips (its delay comes to it) */
	MP3_DELAY_MOST = 4095 + MP3_DELAY,
	MP3_PADDING_MOST = 4095 - MP3_DELAY,
	SKIP_BYTES = 10,      /* of AV_PKT_DATA_SKIP_SAMPLES */
	PRIMING_MOST_MS = 500,
	DRIFT_MOST_MS = 50
};

/* The pass. */
struct pass {
	const struct pipeline_job *job;
	const struct source_info *info;
	struct survey *survey;
	struct demux *demux;
	struct decode *decode;
	AVFrame *frame;
	const char *fault; /* the first */
	bool adts;
	bool begun;           /* a packet that is not thrown away came */
	bool ended;           /* and one that is, behind it */
	uint64_t total;       /* samples of all packets */
	uint64_t head, tail;  /* of those that are thrown away before and behind, and what the last are cut by */
	uint64_t bytes;
	int64_t first_pts;
	struct watch watch;
};

static const struct {
	enum AVCodecID id;
	const char *codec;
} codecs[] = {
	{AV_CODEC_ID_AAC, "aac"}, {AV_CODEC_ID_MP3, "mp3"}, {AV_CODEC_ID_OPUS, "opus"}, {AV_CODEC_ID_FLAC, "flac"}};

struct passthrough_source survey_foresee(const struct demux *demux)
{
	const AVCodecParameters *parameters = demux->stream->codecpar;
	struct passthrough_source source = {.sample_rate = (uint32_t)parameters->sample_rate,
		.channels = (uint32_t)parameters->ch_layout.nb_channels};

	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
		if (codecs[i].id == parameters->codec_id)
			source.codec = codecs[i].codec;
	}
	return source;
}

bool survey_frame(enum AVCodecID codec, bool adts, const AVPacket *packet, struct survey_frame *out)
{
	struct adts_frame frame;

	*out = (struct survey_frame){.bytes = packet->data, .length = packet->size > 0 ? (size_t)packet->size : 0};
	switch (codec) {
	case AV_CODEC_ID_AAC:
		if (adts && !adts_read(out->bytes, out->length, &frame))
			return false;
		if (adts) {
			out->bytes += frame.header;
			out->length -= frame.header;
		}
		out->samples = out->length > 0 && out->length <= ADTS_FRAME_MOST - ADTS_HEADER ? ADTS_SAMPLES : 0;
		break;
	case AV_CODEC_ID_MP3:
		out->samples = frame_mp3(out->bytes, out->length);
		break;
	case AV_CODEC_ID_OPUS:
		out->samples = frame_opus(out->bytes, out->length);
		break;
	case AV_CODEC_ID_FLAC:
		out->samples = frame_flac(out->bytes, out->length);
		break;
	default:
		break;
	}
	return out->samples > 0;
}

static void blame(struct pass *pass, const char *fault)
{
	if (pass->fault == NULL)
		pass->fault = fault;
}

static void keep_config(struct survey *survey, const unsigned char *config, size_t size)
{
	assert(size <= sizeof survey->config);
	memcpy(survey->config, config, size);
	survey->config_size = size;
}

/* AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1): AAC-LC as any player takes it, frames of 1024. */
static bool take_aac_config(struct pass *pass, const unsigned char *config, size_t size)
{
	const struct passthrough_source *source = &pass->survey->source;
	struct adts_frame same = {.sample_rate = source->sample_rate, .channels = source->channels};
	unsigned char wanted[2];

	if (size < 2 || size > SURVEY_CONFIG_MOST || !adts_can_say(source->sample_rate, source->channels))
		return false;
	adts_config(&same, wanted);
	keep_config(pass->survey, config, size);
	return config[0] == wanted[0] && config[1] == wanted[1];
}

/* What the stream says of itself goes into our header as it is. */
static void take_config(struct pass *pass)
{
	const AVCodecParameters *parameters = pass->demux->stream->codecpar;
	const unsigned char *config = parameters->extradata;
	size_t size = parameters->extradata_size > 0 ? (size_t)parameters->extradata_size : 0;

	switch (parameters->codec_id) {
	case AV_CODEC_ID_AAC:
		pass->adts = size == 0;
		if (parameters->profile != FF_PROFILE_AAC_LOW)
			blame(pass, "the source is AAC of another profile than LC");
		else if (!pass->adts && !take_aac_config(pass, config, size))
			blame(pass, "the source's AAC is not what players expect of AAC-LC");
		break;
	case AV_CODEC_ID_OPUS:
		if (size == OPUS_MAGIC + OPUS_HEAD && config[OPUS_MAGIC + 10] == 0)
			keep_config(pass->survey, config + OPUS_MAGIC, OPUS_HEAD);
		else
			blame(pass, "the channels of the source are mapped in a way of its own");
		break;
	case AV_CODEC_ID_FLAC:
		if (size == FLAC_STREAMINFO)
			keep_config(pass->survey, config, size);
		else
			blame(pass, "the source has no STREAMINFO");
		break;
	default:
		break;
	}
}

/* ADTS says it in every frame; the first speaks for all, as decoding holds the others to it. */
static void take_adts(struct pass *pass, const AVPacket *packet)
{
	const struct passthrough_source *source = &pass->survey->source;
	struct adts_frame frame;
	unsigned char config[2];

	if (!pass->adts || !adts_read(packet->data, (size_t)packet->size, &frame))
		return;
	if (frame.sample_rate != source->sample_rate || frame.channels != source->channels)
		blame(pass, "the source's AAC is not what players expect of AAC-LC");
	adts_config(&frame, config);
	keep_config(pass->survey, config, sizeof config);
}

static uint32_t read_le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/*
 * What FFmpeg says is to be skipped: by packets that are to be thrown away, and by samples. At the start the one
 * repeats the other.
 */
static void take_skips(struct pass *pass, const AVPacket *packet, uint32_t samples)
{
	size_t size = 0;
	const unsigned char *skip = av_packet_get_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
	uint32_t start = skip != NULL && size >= SKIP_BYTES ? read_le32(skip) : 0;
	uint32_t end = skip != NULL && size >= SKIP_BYTES ? read_le32(skip + 4) : 0;
	bool discarded = packet->flags & AV_PKT_FLAG_DISCARD;

	if (start > 0 && pass->total > 0)
		blame(pass, "the source skips some of its sound");
	else if (start > 0)
		pass->survey->priming = start;
	if (!pass->begun && discarded) {
		pass->head += samples;
		return;
	}
	pass->begun = true;
	if (pass->ended && !discarded && end < samples)
		blame(pass, "the source skips some of its sound");
	pass->ended = pass->ended || discarded || end > 0;
	pass->tail += discarded || end > samples ? samples : end;
}

static void take_time(struct pass *pass, const AVPacket *packet)
{
	int rate = (int)pass->survey->source.sample_rate;
	int64_t at, drift;

	if (packet->pts == AV_NOPTS_VALUE)
		return;
	at = av_rescale_q(packet->pts, pass->demux->stream->time_base, (AVRational){1, rate}) - (int64_t)pass->total;
	if (pass->first_pts == AV_NOPTS_VALUE)
		pass->first_pts = at;
	drift = at - pass->first_pts;
	if (llabs(drift) > (int64_t)rate * DRIFT_MOST_MS / 1000)
		blame(pass, "the source's time stamps jump");
}

/* A decode_tap: PACKET before it is decoded. */
static enum err look_at(void *context, const AVPacket *packet, struct err_info *info)
{
	struct pass *pass = context;
	struct survey_frame frame;

	(void)info;
	if (av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &(size_t){0}) != NULL)
		blame(pass, "the source changes its coding on the way");
	if (!survey_frame(pass->survey->codec, pass->adts, packet, &frame)) {
		blame(pass, "the source has packets that are no frames of their own");
		return ERR_OK;
	}
	if (pass->total == 0)
		take_adts(pass, packet);
	take_skips(pass, packet, frame.samples);
	take_time(pass, packet);
	pass->total += frame.samples;
	pass->bytes += frame.length;
	if (frame.samples > pass->survey->source.frame_most)
		pass->survey->source.frame_most = frame.samples;
	return ERR_OK;
}

/* Ends early when it is clear that nothing comes of it. */
static enum err read_all(struct pass *pass, struct err_info *info)
{
	enum err err = ERR_OK;
	bool end = false;

	while (err == ERR_OK && !end && pass->fault == NULL) {
		err = decode_next(pass->decode, pass->frame, &end, info);
		if (err == ERR_OK && !end) {
			if (pass->frame->sample_rate != (int)pass->survey->source.sample_rate ||
				pass->frame->ch_layout.nb_channels != (int)pass->survey->source.channels)
				blame(pass, "the source decodes to another format than its header says");
			err = watch_measure(&pass->watch, pass->job, pass->decode, pass->info->duration_ms, info);
		}
		av_frame_unref(pass->frame);
	}
	return err;
}

/* What the encoder's delay is, by what the codec's own containers say. */
static void find_priming(struct pass *pass)
{
	struct survey *survey = pass->survey;

	if (survey->codec == AV_CODEC_ID_OPUS && survey->config_size > 0) {
		uint32_t skip = (uint32_t)(survey->config[2] | survey->config[3] << 8);

		if (survey->priming != 0 && survey->priming != skip)
			blame(pass, "the source skips more than its header says");
		survey->priming = skip;
	}
	if (pass->head > survey->priming)
		survey->priming = pass->head < UINT32_MAX ? (uint32_t)pass->head : UINT32_MAX;
	if (survey->priming > (uint64_t)survey->source.sample_rate * PRIMING_MOST_MS / 1000)
		blame(pass, "the source skips more of its start than an encoder's delay");
}

/* All samples must be accounted for; only the last frame may be cut by what demux_presented() finds. */
static void balance(struct pass *pass)
{
	struct survey *survey = pass->survey;
	uint64_t heard = survey->priming + survey->samples;

	if (survey->samples == 0 || heard > pass->total || pass->total - heard < pass->tail ||
		pass->total - heard - pass->tail >= survey->source.frame_most)
		blame(pass, "where the source's sound starts and ends is not clear");
	else if (survey->codec == AV_CODEC_ID_MP3 && survey->priming > 0 &&
		 (survey->priming < MP3_DELAY || survey->priming > MP3_DELAY_MOST ||
			 pass->total - heard > MP3_PADDING_MOST))
		blame(pass, "a LAME tag cannot say where the source's sound starts and ends");
	else if (survey->codec == AV_CODEC_ID_MP3 && survey->priming == 0 && heard != pass->total)
		blame(pass, "a LAME tag cannot say where the source's sound starts and ends");
}

static void conclude(struct pass *pass)
{
	struct survey *survey = pass->survey;

	survey->samples = pass->decode->samples;
	if (pass->decode->bad_packets > 0)
		blame(pass, "some of the source's packets are damaged");
	if (survey->codec == AV_CODEC_ID_AAC && pass->decode->codec->profile != FF_PROFILE_AAC_LOW)
		blame(pass, "the source is AAC of another profile than LC");
	find_priming(pass);
	balance(pass);
	if (pass->total > 0) {
		uint64_t bits = (pass->bytes * 8 * survey->source.sample_rate + pass->total - 1) / pass->total;

		survey->source.bit_rate = bits < UINT32_MAX ? (uint32_t)bits : UINT32_MAX;
	}
	survey->source.fault = pass->fault;
}

enum err survey_run(const struct pipeline_job *job, const struct source_info *source, struct survey *out,
	struct err_info *info)
{
	struct pass pass = {.job = job, .info = source, .survey = out, .first_pts = AV_NOPTS_VALUE};
	enum err err = demux_open(job->source, source->format, &pass.demux, info);

	*out = (struct survey){0};
	if (err == ERR_OK)
		err = decode_open(pass.demux, &pass.decode, info);
	pass.frame = av_frame_alloc();
	if (err == ERR_OK && pass.frame == NULL)
		err = err_set(info, ERR_NO_MEMORY, "no memory for a frame");
	if (err == ERR_OK) {
		out->source = survey_foresee(pass.demux);
		out->codec = pass.demux->stream->codecpar->codec_id;
		take_config(&pass);
		pass.decode->tap = look_at;
		pass.decode->tap_context = &pass;
		pass.watch = watch_begin(WATCH_PASS_PART);
		err = read_all(&pass, info);
	}
	if (err == ERR_OK)
		conclude(&pass);
	out->adts = pass.adts;
	av_frame_free(&pass.frame);
	decode_close(pass.decode);
	demux_close(pass.demux);
	return err;
}
