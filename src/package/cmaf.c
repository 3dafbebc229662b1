/* SPDX-License-Identifier: MIT */
#include "package/cmaf.h"

#include "package/bmff.h"
#include "package/cmaf_init.h"

#include <stdlib.h>
#include <string.h>

enum {
	REFERENCES_MOST = 65535, /* reference_count of sidx has 16 bits */
	SIDX_HEAD = 32,          /* of version 0, without references */
	SIDX_ENTRY = 12,
	SEGMENT_BYTES_MOST = 64 << 20,
	HEAD_BYTES_MOST = 32 << 20 /* init section with index room, or a moof */
};

struct sample {
	uint32_t size, duration;
};

struct fragment {
	uint32_t size;    /* moof and mdat */
	uint32_t payload; /* the frames alone */
	uint32_t duration;
};

struct cmaf_writer {
	struct cmaf_track track;
	struct cmaf_output output;
	struct cmaf_gain gain;
	size_t init_size;
	size_t references;       /* that the reserved room holds */
	uint64_t offset;         /* of the next fragment in the file */
	uint64_t time;           /* of decoding of the open segment's first sample */
	uint32_t first_duration; /* of the track's first sample */
	bool cut;                /* the open segment is whole and written: the next sample leaves it */
	struct buf head;         /* boxes in the making */
	struct buf media;        /* frames of the open segment */
	uint32_t duration;       /* of the open segment */
	struct sample *samples;  /* of the open segment */
	size_t sample_count, sample_room;
	struct fragment *fragments; /* those written */
	size_t fragment_count, fragment_room;
};

/* Makes room for one more element of SIZE bytes. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room > 0 ? *room * 2 : 256;
	void *larger;

	if (count < *room)
		return array;
	larger = reallocarray(array, wanted, size);
	if (larger == NULL)
		abort();
	*room = wanted;
	return larger;
}

static enum err emit(struct cmaf_writer *writer, uint64_t offset, const struct buf *bytes, struct err_info *info)
{
	if (bytes->overflow)
		return err_set(info, ERR_TOO_LARGE, "The boxes of a segment or an index are too large.");
	return writer->output.write(writer->output.context, offset, bytes->data, bytes->length, info);
}

/*
 * The room for `sidx` is that of its entries and one empty `free` box more: whatever number of entries comes, what is
 * left is a multiple of 12 past those 8 bytes, never too small to be a box.
 */
static size_t index_room(const struct cmaf_writer *writer)
{
	return SIDX_HEAD + SIDX_ENTRY * writer->references + BMFF_HEADER;
}

static enum err write_head(struct cmaf_writer *writer, struct err_info *info)
{
	size_t box;

	buf_clear(&writer->head);
	cmaf_init_put(&writer->head, &writer->track, &(struct cmaf_totals){.average = writer->track.bit_rate});
	writer->init_size = writer->head.length;
	box = bmff_begin(&writer->head, "free");
	bmff_put_zeros(&writer->head, index_room(writer) - BMFF_HEADER);
	bmff_end(&writer->head, box);
	writer->offset = writer->head.length;
	return emit(writer, 0, &writer->head, info);
}

enum err cmaf_open(const struct cmaf_track *track, const struct cmaf_output *output, struct cmaf_writer **out,
	struct err_info *info)
{
	enum err err = cmaf_init_check(track, info);
	struct cmaf_writer *writer;
	void *config;

	*out = NULL;
	if (err != ERR_OK)
		return err;
	writer = calloc(1, sizeof *writer);
	config = malloc(track->config_size);
	if (writer == NULL || config == NULL)
		abort();
	writer->track = *track;
	writer->track.config = memcpy(config, track->config, track->config_size);
	writer->output = *output;
	writer->references = track->segments_expected > 0 ? track->segments_expected : 1;
	if (writer->references > REFERENCES_MOST)
		writer->references = REFERENCES_MOST;
	buf_init(&writer->head, HEAD_BYTES_MOST);
	buf_init(&writer->media, SEGMENT_BYTES_MOST);
	err = write_head(writer, info);
	if (err != ERR_OK) {
		cmaf_free(writer);
		return err;
	}
	*out = writer;
	return ERR_OK;
}

static bool durations_equal(const struct cmaf_writer *writer)
{
	for (size_t i = 1; i < writer->sample_count; i++) {
		if (writer->samples[i].duration != writer->samples[0].duration)
			return false;
	}
	return true;
}

/* 14496-12 section 8.8.8; 0x1 data offset, 0x100 durations, 0x200 sizes. Returns where the data offset stands. */
static size_t put_trun(struct cmaf_writer *writer, bool durations)
{
	struct buf *out = &writer->head;
	size_t box = bmff_begin_full(out, "trun", 0, durations ? 0x301 : 0x201), data_offset;

	buf_put_be32(out, (uint32_t)writer->sample_count);
	data_offset = out->length;
	buf_put_be32(out, 0);
	for (size_t i = 0; i < writer->sample_count; i++) {
		if (durations)
			buf_put_be32(out, writer->samples[i].duration);
		buf_put_be32(out, writer->samples[i].size);
	}
	bmff_end(out, box);
	return data_offset;
}

/* Opus: all samples of the fragment belong to the roll group that the init section describes. */
static void put_sbgp(struct cmaf_writer *writer)
{
	struct buf *out = &writer->head;
	size_t box = bmff_begin_full(out, "sbgp", 0, 0);

	buf_puts(out, "roll");
	buf_put_be32(out, 1);
	buf_put_be32(out, (uint32_t)writer->sample_count);
	buf_put_be32(out, 1);
	bmff_end(out, box);
}

/* tfhd flags: 0x20000 default-base-is-moof, 0x8 default duration. */
static size_t put_traf(struct cmaf_writer *writer)
{
	struct buf *out = &writer->head;
	bool equal = durations_equal(writer);
	size_t traf = bmff_begin(out, "traf"), box, data_offset;

	box = bmff_begin_full(out, "tfhd", 0, equal ? 0x20008 : 0x20000);
	buf_put_be32(out, 1);
	if (equal)
		buf_put_be32(out, writer->samples[0].duration);
	bmff_end(out, box);
	box = bmff_begin_full(out, "tfdt", 1, 0);
	buf_put_be64(out, writer->time);
	bmff_end(out, box);
	if (writer->track.codec == CMAF_OPUS)
		put_sbgp(writer);
	data_offset = put_trun(writer, !equal);
	bmff_end(out, traf);
	return data_offset;
}

static void put_moof(struct cmaf_writer *writer)
{
	struct buf *out = &writer->head;
	size_t moof = bmff_begin(out, "moof"), box, data_offset;

	box = bmff_begin_full(out, "mfhd", 0, 0);
	buf_put_be32(out, (uint32_t)writer->fragment_count + 1);
	bmff_end(out, box);
	data_offset = put_traf(writer);
	bmff_end(out, moof);
	if (!out->overflow)
		buf_set_be32(out, data_offset, (uint32_t)(out->length - moof) + BMFF_HEADER);
}

/*
 * Writes the open segment and notes it as the next of the fragments; it stays in memory, so that the end may still cut
 * it.
 */
static enum err write_fragment(struct cmaf_writer *writer, struct err_info *info)
{
	enum err err;

	if (writer->fragment_count == SEGMENT_TABLE_MOST)
		return err_set(info, ERR_TOO_LARGE, "A track cannot have more than %d segments.", SEGMENT_TABLE_MOST);
	if (writer->offset > CMAF_FILE_MOST - SEGMENT_BYTES_MOST - HEAD_BYTES_MOST)
		return err_set(info, ERR_TOO_LARGE, "A rendition file cannot be larger than 1 TiB.");
	buf_clear(&writer->head);
	put_moof(writer);
	buf_put_be32(&writer->head, (uint32_t)writer->media.length + BMFF_HEADER);
	buf_puts(&writer->head, "mdat");
	err = emit(writer, writer->offset, &writer->head, info);
	if (err == ERR_OK)
		err = emit(writer, writer->offset + writer->head.length, &writer->media, info);
	if (err != ERR_OK)
		return err;
	writer->fragments =
		grow(writer->fragments, writer->fragment_count, &writer->fragment_room, sizeof *writer->fragments);
	writer->fragments[writer->fragment_count] = (struct fragment){
		.size = (uint32_t)(writer->head.length + writer->media.length),
		.payload = (uint32_t)writer->media.length,
		.duration = writer->duration,
	};
	writer->cut = true;
	return ERR_OK;
}

/* Leaves the segment that write_fragment() wrote and opens the next. */
static void next_fragment(struct cmaf_writer *writer)
{
	const struct fragment *fragment = &writer->fragments[writer->fragment_count++];

	writer->offset += fragment->size;
	writer->time += fragment->duration;
	buf_clear(&writer->media);
	writer->sample_count = 0;
	writer->duration = 0;
	writer->cut = false;
}

enum err cmaf_sample(
	struct cmaf_writer *writer, const void *bytes, size_t length, uint32_t duration, struct err_info *info)
{
	if (writer->cut)
		next_fragment(writer);
	if (length == 0 || duration == 0)
		return err_set(info, ERR_UNPROCESSABLE, "An encoded frame has %zu bytes and lasts %u samples.", length,
			duration);
	if (length > SEGMENT_BYTES_MOST - writer->media.length || duration > UINT32_MAX - writer->duration)
		return err_set(info, ERR_TOO_LARGE, "A segment is too large.");
	buf_put(&writer->media, bytes, length);
	writer->samples = grow(writer->samples, writer->sample_count, &writer->sample_room, sizeof *writer->samples);
	writer->samples[writer->sample_count++] = (struct sample){(uint32_t)length, duration};
	writer->duration += duration;
	if (writer->first_duration == 0)
		writer->first_duration = duration;
	return ERR_OK;
}

enum err cmaf_cut(struct cmaf_writer *writer, struct err_info *info)
{
	return writer->cut || writer->sample_count == 0 ? ERR_OK : write_fragment(writer, info);
}

void cmaf_config(struct cmaf_writer *writer, const void *config, size_t size)
{
	if (size == writer->track.config_size)
		memcpy((void *)(uintptr_t)writer->track.config, config, size);
}

void cmaf_gain(struct cmaf_writer *writer, const struct cmaf_gain *gain)
{
	writer->gain = *gain;
}

bool cmaf_next_segment(const struct cmaf_writer *writer, size_t index, struct segment *segment)
{
	uint64_t first = writer->init_size + index_room(writer);

	if (index >= writer->fragment_count)
		return false;
	*segment = (struct segment){
		.offset = index == 0 ? first : segment->offset + segment->size,
		.size = writer->fragments[index].size,
		.duration = writer->fragments[index].duration,
	};
	return true;
}

/* Cuts the last sample so that the track ends SAMPLES past its priming. */
static enum err trim(struct cmaf_writer *writer, uint64_t samples, struct err_info *info)
{
	struct sample *last = &writer->samples[writer->sample_count - 1];
	uint64_t end = writer->time + writer->duration;
	uint64_t wanted = samples + writer->track.priming;

	if (wanted < samples || wanted > end || end - wanted >= last->duration)
		return err_set(info, ERR_INTERNAL,
			"The frames last %llu samples where %llu are to be presented after %u.",
			(unsigned long long)end, (unsigned long long)samples, writer->track.priming);
	last->duration -= (uint32_t)(end - wanted);
	writer->duration -= (uint32_t)(end - wanted);
	return ERR_OK;
}

/*
 * 14496-12 section 8.16.3. Times are those of presentation: the edit list has taken the priming off the first
 * reference. Returns false when a size or a duration does not fit its field.
 */
static bool put_sidx(struct cmaf_writer *writer)
{
	struct buf *out = &writer->head;
	size_t joined = (writer->fragment_count + writer->references - 1) / writer->references;
	size_t count = (writer->fragment_count + joined - 1) / joined;
	size_t left = SIDX_ENTRY * (writer->references - count) + BMFF_HEADER;
	size_t box = bmff_begin_full(out, "sidx", 0, 0);
	bool fits = true;

	buf_put_be32(out, 1);
	buf_put_be32(out, writer->track.timescale);
	buf_put_be32(out, 0);              /* earliest_presentation_time */
	buf_put_be32(out, (uint32_t)left); /* first_offset: over the `free` box */
	buf_put_be16(out, 0);
	buf_put_be16(out, (uint16_t)count);
	for (size_t i = 0; i < writer->fragment_count; i += joined) {
		uint64_t size = 0, duration = 0;

		for (size_t k = i; k < i + joined && k < writer->fragment_count; k++) {
			size += writer->fragments[k].size;
			duration += writer->fragments[k].duration;
		}
		fits = fits && size <= INT32_MAX && duration <= UINT32_MAX;
		buf_put_be32(out, (uint32_t)size); /* reference_type 0: media */
		buf_put_be32(out, (uint32_t)(duration - (i == 0 ? writer->track.priming : 0)));
		buf_put_be32(out, UINT32_C(0x90000000)); /* starts with a SAP of type 1 */
	}
	bmff_end(out, box);
	buf_put_be32(out, (uint32_t)left);
	buf_puts(out, "free");
	return fits;
}

static uint32_t bit_rate(const struct cmaf_writer *writer, uint64_t bytes, uint64_t duration)
{
	uint64_t rate = (bytes * 8 * writer->track.timescale + duration - 1) / duration;

	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

/* Rates of the frames; the peak is that of whole seconds (14496-1 section 7.2.6.6), so a short end does not count. */
static struct cmaf_totals totals(const struct cmaf_writer *writer, uint64_t samples)
{
	struct cmaf_totals totals = {
		.samples = samples, .frame_duration = writer->first_duration, .gain = writer->gain};
	uint64_t bytes = 0;

	for (size_t i = 0; i < writer->fragment_count; i++) {
		const struct fragment *fragment = &writer->fragments[i];
		uint32_t rate = bit_rate(writer, fragment->payload, fragment->duration);

		bytes += fragment->payload;
		if (fragment->duration >= writer->track.timescale && rate > totals.peak)
			totals.peak = rate;
	}
	totals.average = bit_rate(writer, bytes, writer->time);
	if (totals.peak < totals.average)
		totals.peak = totals.average;
	return totals;
}

enum err cmaf_finish(struct cmaf_writer *writer, uint64_t samples, struct err_info *info)
{
	struct cmaf_totals found;
	enum err err;

	if (writer->sample_count == 0)
		return err_set(info, ERR_UNPROCESSABLE, "The track holds no sound.");
	err = trim(writer, samples, info);
	if (err == ERR_OK)
		err = write_fragment(writer, info);
	if (err != ERR_OK)
		return err;
	next_fragment(writer);
	if (writer->fragments[0].duration <= writer->track.priming)
		return err_set(info, ERR_INTERNAL, "The first segment holds nothing but priming.");
	found = totals(writer, samples);
	buf_clear(&writer->head);
	cmaf_init_put(&writer->head, &writer->track, &found);
	if (!put_sidx(writer))
		return err_set(info, ERR_TOO_LARGE, "The index has room for %zu segments, too few for this track.",
			writer->references);
	return emit(writer, 0, &writer->head, info);
}

void cmaf_free(struct cmaf_writer *writer)
{
	if (writer == NULL)
		return;
	free((void *)(uintptr_t)writer->track.config);
	free(writer->samples);
	free(writer->fragments);
	buf_free(&writer->head);
	buf_free(&writer->media);
	free(writer);
}
