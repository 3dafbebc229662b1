/* SPDX-License-Identifier: MIT */
#include "media/probe.h"

#include <libavcodec/codec_desc.h>
#include <libavutil/dict.h>

/*
 * A guess at the least bit rate of a file that tells neither length nor bit rate: so that the guessed length is too
 * long.
 */
enum { BIT_RATE_GUESS = 32000, TAGS_MOST = 1000 };

static void take_tags(struct tags *tags, const AVDictionary *from)
{
	const AVDictionaryEntry *entry = NULL;

	for (int i = 0; i < TAGS_MOST; i++) {
		entry = av_dict_get(from, "", entry, AV_DICT_IGNORE_SUFFIX);
		if (entry == NULL)
			return;
		tags_set(tags, entry->key, entry->value);
	}
}

static void take_chapters(struct tags *tags, const AVFormatContext *format)
{
	static const AVRational ms = {1, 1000};

	for (unsigned i = 0; i < format->nb_chapters && i < TAG_CHAPTERS; i++) {
		const AVChapter *chapter = format->chapters[i];
		const AVDictionaryEntry *title = av_dict_get(chapter->metadata, "title", NULL, 0);

		if (chapter->time_base.num > 0 && chapter->time_base.den > 0)
			tags_add_chapter(tags, av_rescale_q(chapter->start, chapter->time_base, ms),
				av_rescale_q(chapter->end, chapter->time_base, ms),
				title != NULL ? title->value : NULL);
	}
}

static void take_duration(const struct demux *demux, struct source_info *out)
{
	const AVFormatContext *format = demux->format;
	const AVStream *stream = demux->stream;
	int64_t ms = 0;

	if (stream->duration > 0 && stream->duration != AV_NOPTS_VALUE)
		ms = av_rescale_q(stream->duration, stream->time_base, (AVRational){1, 1000});
	else if (format->duration > 0 && format->duration != AV_NOPTS_VALUE)
		ms = format->duration / (AV_TIME_BASE / 1000);
	out->duration_claimed = ms > 0 && format->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
	if (ms <= 0)
		ms = av_rescale(demux_size(demux), INT64_C(8) * 1000, BIT_RATE_GUESS);
	out->duration_ms = ms < 1 ? 1 : (uint64_t)ms;
}

static int take_bits(const AVCodecParameters *parameters)
{
	const AVCodecDescriptor *descriptor = avcodec_descriptor_get(parameters->codec_id);
	int bits = parameters->bits_per_raw_sample;

	if (descriptor == NULL || !(descriptor->props & AV_CODEC_PROP_LOSSLESS))
		return 16;
	if (bits == 0)
		bits = parameters->bits_per_coded_sample;
	return bits > 16 ? 24 : 16;
}

enum err probe_check(int sample_rate, int channels, struct err_info *info)
{
	if (sample_rate < PROBE_RATE_LEAST || sample_rate > PROBE_RATE_MOST)
		return err_set(info, ERR_UNPROCESSABLE,
			"its sampling rate of %d Hz is outside %d to %d Hz: convert it and upload it again",
			sample_rate, (int)PROBE_RATE_LEAST, (int)PROBE_RATE_MOST);
	if (channels < 1 || channels > PROBE_CHANNELS_MOST)
		return err_set(info, ERR_UNPROCESSABLE,
			"it has %d channels, not 1 to %d: mix it down and upload it again", channels,
			(int)PROBE_CHANNELS_MOST);
	return ERR_OK;
}

enum err probe(const struct demux *demux, enum magic format, uint64_t duration_s, struct source_info *out,
	struct err_info *info)
{
	const AVCodecParameters *parameters = demux->stream->codecpar;
	enum err err = probe_check(parameters->sample_rate, parameters->ch_layout.nb_channels, info);

	if (err != ERR_OK)
		return err;
	*out = (struct source_info){.format = format,
		.sample_rate = (uint32_t)parameters->sample_rate,
		.channels = (uint32_t)parameters->ch_layout.nb_channels,
		.bits = take_bits(parameters)};
	take_duration(demux, out);
	if (out->duration_claimed && out->duration_ms / 1000 > duration_s)
		return err_set(info, ERR_TOO_LARGE,
			"it is %llu seconds long, more than the %llu seconds of limits.source_duration_s: upload it in parts",
			(unsigned long long)out->duration_ms / 1000, (unsigned long long)duration_s);
	take_tags(&out->tags, demux->format->metadata);
	take_tags(&out->tags, demux->stream->metadata);
	take_chapters(&out->tags, demux->format);
	return ERR_OK;
}
