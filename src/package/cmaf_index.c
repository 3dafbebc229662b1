/* SPDX-License-Identifier: MIT */
#include "package/cmaf_index.h"

#include "package/bmff.h"
#include "package/cmaf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PEAK_SEGMENTS = 64, /* longest run of segments that is looked at for the peak */
	LEAST_FRAGMENT = 2 * BMFF_HEADER,
};

/* A file and how far it has been walked. */
struct walk {
	int fd;
	uint64_t size, offset;
	uint32_t type; /* of the box at `offset` */
	uint32_t box_size;
};

static enum err broken(struct err_info *info, const char *what)
{
	return err_set(info, ERR_UNPROCESSABLE, "The rendition file is broken: %s.", what);
}

/* Reads exactly LENGTH bytes that lie within the file. */
static enum err read_at(int fd, uint64_t offset, void *bytes, size_t length, struct err_info *info)
{
	unsigned char *to = bytes;

	while (length > 0) {
		ssize_t got = pread(fd, to, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(info, ERR_IO, errno, "A rendition file cannot be read");
		if (got == 0)
			return broken(info, "it became shorter while it was read");
		to += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return ERR_OK;
}

/* Looks at the header of the box at walk->offset: it must fit before END. */
static enum err look(struct walk *walk, uint64_t end, struct err_info *info)
{
	unsigned char header[BMFF_HEADER];
	struct bmff_span span = {.bytes = header, .length = sizeof header};
	enum err err;

	if (end - walk->offset < BMFF_HEADER)
		return broken(info, "it ends within a box");
	err = read_at(walk->fd, walk->offset, header, sizeof header, info);
	if (err != ERR_OK)
		return err;
	walk->box_size = (uint32_t)bmff_take(&span, 4);
	walk->type = (uint32_t)bmff_take(&span, 4);
	if (walk->box_size < BMFF_HEADER || walk->box_size > end - walk->offset)
		return broken(info, "a box does not fit");
	return ERR_OK;
}

/* Takes the box TYPE that must come next, and its payload into *OUT unless OUT is NULL. */
static enum err take(
	struct walk *walk, const char *type, struct arena *arena, struct bmff_span *out, struct err_info *info)
{
	enum err err = look(walk, walk->size, info);
	unsigned char *bytes;

	if (err != ERR_OK)
		return err;
	if (walk->type != bmff_type(type))
		return broken(info, "its boxes are in another order");
	if (out != NULL) {
		if (walk->box_size > CMAF_INDEX_MOST)
			return broken(info, "its header is too large");
		*out = (struct bmff_span){.length = walk->box_size - BMFF_HEADER};
		out->bytes = bytes = arena_alloc(arena, out->length);
		err = read_at(walk->fd, walk->offset + BMFF_HEADER, bytes, out->length, info);
	}
	walk->offset += walk->box_size;
	return err;
}

/* The child of a chain of boxes named one after the other, four characters each. */
static struct bmff_span descend(struct bmff_span span, const char *path)
{
	for (; *path != '\0'; path += 4)
		span = bmff_only(span, path);
	return span;
}

/* True when the FullBox has that VERSION; its flags are skipped. */
static bool take_version(struct bmff_span *span, uint8_t version)
{
	return bmff_take(span, 4) >> 24 == version && !span->bad;
}

/* The one edit: media_time is the priming, segment_duration what a listener hears. */
static bool parse_edit(struct bmff_span trak, struct rendition *out)
{
	struct bmff_span elst = descend(trak, "edtselst");
	bool one = take_version(&elst, 1) && bmff_take(&elst, 4) == 1;
	uint64_t media_time;

	out->samples = bmff_take(&elst, 8);
	media_time = bmff_take(&elst, 8);
	out->priming = (uint32_t)media_time;
	return one && !elst.bad && media_time <= UINT32_MAX;
}

static bool parse_timescale(struct bmff_span moov, struct bmff_span trak, struct rendition *out)
{
	struct bmff_span mvhd = bmff_only(moov, "mvhd"), mdhd = descend(trak, "mdiamdhd");
	bool known = take_version(&mvhd, 1) && take_version(&mdhd, 0);

	bmff_take_span(&mvhd, 16);
	bmff_take_span(&mdhd, 8);
	out->timescale = (uint32_t)bmff_take(&mdhd, 4);
	return known && bmff_take(&mvhd, 4) == out->timescale && !mvhd.bad && !mdhd.bad && out->timescale > 0 &&
	       out->timescale <= CMAF_TIMESCALE_MOST;
}

/* A descriptor of that TAG whose size fits 7 bits. */
static struct bmff_span take_descriptor(struct bmff_span *span, uint8_t tag)
{
	bool right = bmff_take(span, 1) == tag;
	size_t size = (size_t)bmff_take(span, 1);

	if (!right || size >= 0x80)
		span->bad = true;
	return bmff_take_span(span, size);
}

/* The audio object type, for "mp4a.40.N" (RFC 6381 section 3.3): 14496-3 section 1.6.2.1. */
static bool parse_esds(struct bmff_span esds, struct rendition *out)
{
	struct bmff_span stream, decoder, config;
	unsigned bits, object_type;

	if (!take_version(&esds, 0))
		return false;
	stream = take_descriptor(&esds, 3);
	bmff_take_span(&stream, 3);
	decoder = take_descriptor(&stream, 4);
	if (bmff_take(&decoder, 1) != 0x40)
		return false;
	bmff_take_span(&decoder, 12);
	config = take_descriptor(&decoder, 5);
	bits = (unsigned)bmff_take(&config, 2);
	object_type = bits >> 11;
	if (object_type == 31)
		object_type = 32 + (bits >> 5 & 0x3f);
	snprintf(out->codecs, sizeof out->codecs, "mp4a.40.%u", object_type);
	return !config.bad && object_type > 0;
}

static bool parse_codec(uint32_t type, struct bmff_span boxes, struct rendition *out)
{
	if (type == bmff_type("mp4a")) {
		snprintf(out->codec, sizeof out->codec, "aac");
		return parse_esds(bmff_only(boxes, "esds"), out);
	}
	if (type == bmff_type("Opus")) {
		snprintf(out->codec, sizeof out->codec, "opus");
		snprintf(out->codecs, sizeof out->codecs, "Opus");
		return !bmff_only(boxes, "dOps").bad;
	}
	if (type == bmff_type("fLaC")) {
		snprintf(out->codec, sizeof out->codec, "flac");
		snprintf(out->codecs, sizeof out->codecs, "fLaC");
		return !bmff_only(boxes, "dfLa").bad;
	}
	return false;
}

static bool parse_sample_entry(struct bmff_span trak, struct rendition *out)
{
	struct bmff_span stsd = descend(trak, "mdiaminfstblstsd"), entry;
	bool one = take_version(&stsd, 0) && bmff_take(&stsd, 4) == 1;
	struct bmff_box box;

	if (!one || !bmff_next(&stsd, &box) || stsd.length > 0)
		return false;
	entry = box.payload;
	bmff_take_span(&entry, 16);
	out->channels = (uint32_t)bmff_take(&entry, 2);
	bmff_take_span(&entry, 6);
	out->sample_rate = (uint32_t)bmff_take(&entry, 4) >> 16;
	/* Past 16 bits it is 0, or a division of the rate: the timescale is the sampling rate. */
	if (out->sample_rate == 0 || box.type == bmff_type("fLaC"))
		out->sample_rate = out->timescale;
	return !entry.bad && out->channels > 0 && parse_codec(box.type, entry, out);
}

static enum err parse_moov(struct bmff_span moov, struct rendition *out, struct err_info *info)
{
	struct bmff_span trak = bmff_only(moov, "trak");

	if (trak.bad)
		return broken(info, "it does not hold one track");
	if (!parse_timescale(moov, trak, out))
		return broken(info, "its timescale makes no sense");
	if (!parse_edit(trak, out))
		return broken(info, "its edit list makes no sense");
	if (!parse_sample_entry(trak, out))
		return broken(info, "its sample entry makes no sense");
	return ERR_OK;
}

/*
 * The references as segments, from file offset START (the end of the `sidx` box) on. The presented durations of the
 * index become those of the media by adding the priming to the first.
 */
static enum err parse_sidx(
	struct bmff_span sidx, uint64_t start, struct arena *arena, struct rendition *out, struct err_info *info)
{
	bool known = take_version(&sidx, 0) && bmff_take(&sidx, 4) == 1 && bmff_take(&sidx, 4) == out->timescale &&
		     bmff_take(&sidx, 4) == 0;
	uint64_t offset = start + bmff_take(&sidx, 4), total = 0;
	size_t count = (size_t)bmff_take(&sidx, 4); /* 16 bits reserved are 0 */

	if (!known || sidx.bad || count == 0 || sidx.length != count * 12)
		return broken(info, "its index makes no sense");
	out->segments.segments = arena_array(arena, count, sizeof *out->segments.segments);
	out->segments.count = count;
	for (size_t i = 0; i < count; i++) {
		struct segment *segment = &out->segments.segments[i];
		uint64_t duration;

		segment->offset = offset;
		segment->size = (uint32_t)bmff_take(&sidx, 4);
		duration = bmff_take(&sidx, 4);
		total += duration;
		if (duration == 0 || segment->size < LEAST_FRAGMENT || segment->size > INT32_MAX ||
			bmff_take(&sidx, 4) != UINT32_C(0x90000000))
			return broken(info, "a reference of its index makes no sense");
		duration += i == 0 ? out->priming : 0;
		if (duration > UINT32_MAX)
			return broken(info, "its first segment is too long");
		segment->duration = (uint32_t)duration;
		offset += segment->size;
	}
	if (total != out->samples)
		return broken(info, "its index and its edit list disagree about the length");
	if (offset != out->file_size)
		return broken(info, "its index does not end where the file does");
	return ERR_OK;
}

/* Each segment must be pairs of moof and mdat and nothing else. */
static enum err check_segments(struct walk *walk, const struct segment_table *table, struct err_info *info)
{
	size_t boxes = 0;

	for (size_t i = 0; i < table->count; i++) {
		uint64_t end = table->segments[i].offset + table->segments[i].size;

		if (walk->offset != table->segments[i].offset)
			return broken(info, "its index does not begin where the segments do");
		while (walk->offset < end || boxes % 2 != 0) {
			enum err err = look(walk, end, info);

			if (err != ERR_OK)
				return err;
			if (walk->type != bmff_type(boxes % 2 == 0 ? "moof" : "mdat"))
				return broken(info, "a segment is not made of fragments");
			if (++boxes > 2 * (size_t)SEGMENT_TABLE_MOST)
				return broken(info, "it has too many fragments");
			walk->offset += walk->box_size;
		}
	}
	return ERR_OK;
}

/* Bits a second, rounded up. With a file below CMAF_FILE_MOST and the bounds above nothing overflows. */
static uint32_t rate(uint64_t bytes, uint64_t duration, uint32_t timescale)
{
	uint64_t bits = (bytes * 8 * timescale + duration - 1) / duration;

	return bits < UINT32_MAX ? (uint32_t)bits : UINT32_MAX;
}

/*
 * The largest rate of the runs that begin at segment FIRST and last between half and one and a half of TARGET; 0 when
 * there is none.
 */
static uint32_t peak_from(const struct rendition *rendition, size_t first, uint64_t target)
{
	const struct segment_table *table = &rendition->segments;
	uint64_t bytes = 0, duration = 0;
	uint32_t peak = 0;

	for (size_t i = first; i < table->count && i < first + PEAK_SEGMENTS; i++) {
		uint32_t found;

		bytes += table->segments[i].size;
		duration += table->segments[i].duration;
		if (duration * 2 > target * 3)
			break;
		found = duration * 2 >= target ? rate(bytes, duration, rendition->timescale) : 0;
		if (found > peak)
			peak = found;
	}
	return peak;
}

static void measure(struct rendition *rendition)
{
	const struct segment_table *table = &rendition->segments;
	uint64_t bytes = rendition->file_size - table->segments[0].offset, target;
	uint32_t longest = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (table->segments[i].duration > longest)
			longest = table->segments[i].duration;
	}
	target = ((uint64_t)longest + rendition->timescale / 2) / rendition->timescale * rendition->timescale;
	rendition->average_bandwidth = rate(bytes, rendition->samples + rendition->priming, rendition->timescale);
	rendition->peak_bandwidth = rendition->average_bandwidth;
	for (size_t i = 0; i < table->count; i++) {
		uint32_t peak = peak_from(rendition, i, target);

		if (peak > rendition->peak_bandwidth)
			rendition->peak_bandwidth = peak;
	}
}

static enum err read_init(struct walk *walk, struct arena *arena, struct rendition *found, struct err_info *info)
{
	struct bmff_span moov;
	enum err err = take(walk, "ftyp", arena, NULL, info);

	if (err == ERR_OK)
		err = take(walk, "moov", arena, &moov, info);
	if (err == ERR_OK)
		err = parse_moov(moov, found, info);
	if (err != ERR_OK)
		return err;
	found->init_size = walk->offset;
	return ERR_OK;
}

static enum err read_index(struct walk *walk, struct arena *arena, struct rendition *found, struct err_info *info)
{
	struct bmff_span sidx;
	enum err err = read_init(walk, arena, found, info);

	if (err == ERR_OK && found->samples == 0)
		err = broken(info, "the track was not finished");
	if (err != ERR_OK)
		return err;
	found->index_offset = walk->offset;
	err = take(walk, "sidx", arena, &sidx, info);
	if (err != ERR_OK)
		return err;
	found->index_size = walk->offset - found->index_offset;
	err = parse_sidx(sidx, walk->offset, arena, found, info);
	if (err == ERR_OK)
		err = take(walk, "free", arena, NULL, info);
	if (err == ERR_OK)
		err = check_segments(walk, &found->segments, info);
	return err;
}

/* A walk from the beginning of the file. */
static enum err begin_walk(int fd, struct walk *out, struct err_info *info)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "A rendition file cannot be looked at");
	if (status.st_size < 0 || (uint64_t)status.st_size > CMAF_FILE_MOST)
		return broken(info, "it is too large");
	*out = (struct walk){.fd = fd, .size = (uint64_t)status.st_size};
	return ERR_OK;
}

enum err cmaf_index_begin(int fd, struct arena *arena, struct rendition *out, struct err_info *info)
{
	struct rendition found = *out;
	struct walk walk;
	enum err err = begin_walk(fd, &walk, info);

	if (err == ERR_OK)
		err = read_init(&walk, arena, &found, info);
	if (err != ERR_OK)
		return err;
	found.samples = out->samples;
	*out = found;
	return ERR_OK;
}

enum err cmaf_index_segment(int fd, const struct segment *segment, struct err_info *info)
{
	struct walk walk;
	uint64_t end = segment->offset + segment->size;
	enum err err = begin_walk(fd, &walk, info);

	if (err == ERR_OK && (segment->offset > walk.size || end > walk.size || segment->duration == 0))
		err = broken(info, "a segment is not there");
	walk.offset = segment->offset;
	for (int box = 0; err == ERR_OK && box < 2; box++) {
		err = look(&walk, end, info);
		if (err == ERR_OK && walk.type != bmff_type(box == 0 ? "moof" : "mdat"))
			err = broken(info, "a segment is not made of fragments");
		walk.offset += walk.box_size;
	}
	return err == ERR_OK && walk.offset != end ? broken(info, "a segment is longer than its fragment") : err;
}

enum err cmaf_index_read(int fd, struct arena *arena, struct rendition *out, struct err_info *info)
{
	struct rendition found = *out;
	struct walk walk;
	enum err err = begin_walk(fd, &walk, info);

	if (err != ERR_OK)
		return err;
	found.file_size = walk.size;
	err = read_index(&walk, arena, &found, info);
	if (err != ERR_OK)
		return err;
	measure(&found);
	snprintf(found.container, sizeof found.container, "cmaf");
	*out = found;
	return ERR_OK;
}
