/* SPDX-License-Identifier: MIT */
#include "media/output.h"

#include "media/write_at.h"
#include "model/segment_table.h"

#include <string.h>

enum { OPUS_MAGIC = 8 /* "OpusHead" */ };

static enum err write_output(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const struct output *output = context;

	return write_at(output->fd, offset, bytes, length, info);
}

enum err output_open(struct output *output, const struct conf_rendition *rendition, size_t encoders, int bits, int fd,
	struct err_info *info)
{
	enum err err;

	*output = (struct output){.sample_rate = (uint32_t)rendition->sample_rate,
		.channels = (uint32_t)rendition->channels,
		.bit_rate = (uint32_t)rendition->bit_rate,
		.fd = fd,
		.last = UINT64_MAX};
	err = encode_open(rendition, bits, &output->encode, info);
	if (err == ERR_OK) {
		output->profile = output->encode->profile;
		output->priming = output->encode->priming;
		output->pace_rate = output->sample_rate;
		output->pace_priming = output->priming;
	}
	return err == ERR_OK && encoders > 1 ? relay_open(rendition, bits, encoders, &output->relay, info) : err;
}

static enum cmaf_codec cmaf_codec_of(const struct profile *profile)
{
	if (strcmp(profile->codec, "opus") == 0)
		return CMAF_OPUS;
	return strcmp(profile->codec, "flac") == 0 ? CMAF_FLAC : CMAF_AAC;
}

/* The codec's configuration, as struct cmaf_track has it. */
static void set_config(const struct output *output, struct cmaf_track *track)
{
	const AVCodecContext *codec;

	if (output->survey != NULL) {
		track->config = output->survey->config;
		track->config_size = output->survey->config_size;
		return;
	}
	codec = output->encode->codec;
	track->config = codec->extradata;
	track->config_size = (size_t)codec->extradata_size;
	if (track->codec == CMAF_OPUS && track->config_size > OPUS_MAGIC) {
		track->config = codec->extradata + OPUS_MAGIC;
		track->config_size -= OPUS_MAGIC;
	}
}

/* TAGS in the words of the CMAF writer, to whom OUTPUT holds the chapters. */
static struct cmaf_tags tags_of(struct output *output, const struct tags *tags, bool gain_room)
{
	for (size_t i = 0; i < tags->chapter_count; i++) {
		const struct tag_chapter *chapter = &tags->chapters[i];

		output->chapters[i] = (struct cmaf_chapter){(uint64_t)chapter->start_ms, chapter->title};
	}
	return (struct cmaf_tags){.title = tags->title,
		.artist = tags->artist,
		.album = tags->album,
		.album_artist = tags->album_artist,
		.composer = tags->composer,
		.genre = tags->genre,
		.comment = tags->comment,
		.copyright = tags->copyright,
		.isrc = tags->isrc,
		.date = tags_date(tags),
		.number = tags->track,
		.numbers = tags->tracks,
		.disc = tags->disc,
		.discs = tags->discs,
		.year = tags->year,
		.lyrics = tags->lyrics,
		.chapters = output->chapters,
		.chapter_count = tags->chapter_count,
		.gain_room = gain_room};
}

static enum err start_cmaf(struct output *output, const struct segment_plan *plan, uint64_t duration_ms,
	const struct tags *tags, bool gain_room, struct err_info *info)
{
	uint64_t expected = segment_plan_count(plan, duration_ms);
	struct cmaf_output to = {.write = write_output, .context = output};
	struct cmaf_track track = {
		.codec = cmaf_codec_of(output->profile),
		.timescale = output->sample_rate,
		.sample_rate = output->sample_rate,
		.channels = output->channels,
		.bit_rate = output->bit_rate,
		.priming = output->priming,
		.tags = tags_of(output, tags, gain_room),
		.segments_expected = expected < SEGMENT_TABLE_MOST ? (size_t)expected : SEGMENT_TABLE_MOST,
	};

	set_config(output, &track);
	output->plan = *plan;
	output->segment = 1;
	output->next_cut = output->survey != NULL
				   ? segment_plan_sample(plan, 1, output->sample_rate, output->priming)
				   : segment_plan_frame(plan, 1, output->sample_rate, output->priming);
	return cmaf_open(&track, &to, &output->writer, info);
}

enum err output_start(struct output *output, const struct segment_plan *plan, uint64_t duration_ms,
	const struct tags *tags, bool gain_room, struct err_info *info)
{
	const AVCodecContext *codec = output->survey != NULL ? output->described : output->encode->codec;

	if (profile_is_segmented(output->profile->container))
		return start_cmaf(output, plan, duration_ms, tags, gain_room, info);
	return mux_open(output->profile->muxer, codec, tags, gain_room, output->fd, &output->mux, info);
}

/* FLAC's last packet: the STREAMINFO that knows length and checksum of the whole. */
static void take_config(struct output *output, const AVPacket *packet)
{
	size_t size = 0;
	const void *config = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);

	if (config != NULL)
		cmaf_config(output->writer, config, size);
}

/* One encoded frame into the file; those wholly beyond the end are dropped. */
static enum err take_frame(struct output *output, const AVPacket *packet, struct err_info *info)
{
	uint32_t samples = output->encode->frame_samples;
	enum err err = ERR_OK;

	take_config(output, packet);
	if (packet->size == 0 || output->frames >= output->last)
		return ERR_OK;
	if (output->frames == output->next_cut) {
		err = cmaf_cut(output->writer, info);
		output->next_cut = segment_plan_frame(
			&output->plan, ++output->segment, output->sample_rate, output->priming);
	}
	output->frames++;
	return err != ERR_OK ? err : cmaf_sample(output->writer, packet->data, (size_t)packet->size, samples, info);
}

static enum err take_packet(void *context, AVPacket *packet, struct err_info *info)
{
	struct output *output = context;

	return output->mux != NULL ? mux_packet(output->mux, packet, info) : take_frame(output, packet, info);
}

enum err output_frame(struct output *output, const AVFrame *frame, struct err_info *info)
{
	if (output->relay != NULL)
		return relay_frame(output->relay, frame, take_packet, output, info);
	return encode_frame(output->encode, frame, take_packet, output, info);
}

bool output_next_segment(const struct output *output, size_t index, struct segment *segment)
{
	return output->writer != NULL && cmaf_next_segment(output->writer, index, segment);
}

static void tell_loudness(struct output *output, const struct loudness *loudness)
{
	const struct gain_text *text = &output->gain;

	if (loudness != NULL && gain_text_make(loudness, &output->gain))
		cmaf_gain(output->writer, &(struct cmaf_gain){text->gain, text->peak, text->norm});
}

/* What the encoder still has. */
static enum err drain(struct output *output, uint64_t samples, struct err_info *info)
{
	uint32_t frame = output->encode->frame_samples;

	output->last = (samples + output->priming + frame - 1) / frame;
	return output_frame(output, NULL, info);
}

enum err output_finish(
	struct output *output, uint64_t samples, const struct loudness *loudness, struct err_info *info)
{
	enum err err = output->encode != NULL ? drain(output, samples, info) : ERR_OK;

	if (err != ERR_OK)
		return err;
	if (output->mux != NULL)
		return mux_finish(output->mux, loudness, info);
	tell_loudness(output, loudness);
	return cmaf_finish(output->writer, samples, info);
}

void output_close(struct output *output)
{
	cmaf_free(output->writer);
	mux_close(output->mux);
	relay_close(output->relay);
	encode_close(output->encode);
	avcodec_free_context(&output->described);
	*output = (struct output){0};
}
