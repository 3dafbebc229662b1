/* SPDX-License-Identifier: MIT */
#include "manifest/hls.h"

#include "package/ts.h"

#include <inttypes.h>
#include <string.h>

/* HEAD_MOST, LINES_MOST: bytes that a media playlist takes, at a guess: besides its segments; for one besides its address. */
enum { SEGMENTS_DIFFER_US = 250000, HEAD_MOST = 512, LINES_MOST = 64 };

/* EXT-X-MAP outside of I-frame playlists needs version 6; 7 is what players expect of fragmented MP4. */
static const char HEAD[] = "#EXTM3U\n#EXT-X-VERSION:7\n";

/* EXTINF with decimals needs 3. */
static const char HEAD_TRANSPORT[] = "#EXTM3U\n#EXT-X-VERSION:3\n";

static void put_head(struct buf *out, const struct hls_options *options)
{
	buf_puts(out, options->addressing == HLS_TRANSPORT ? HEAD_TRANSPORT : HEAD);
}

static void put_query(struct buf *out, const char *query)
{
	if (query[0] == '\0')
		return;
	buf_putc(out, '?');
	buf_puts(out, query);
}

static bool seen_before(const struct rendition *renditions, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (renditions[i].peak_bandwidth == renditions[index].peak_bandwidth &&
			strcmp(renditions[i].codecs, renditions[index].codecs) == 0)
			return true;
	}
	return false;
}

static bool same_codec(const struct rendition *a, const struct rendition *b)
{
	return strcmp(a->codec, b->codec) == 0;
}

static bool is_mixed(const struct rendition *renditions, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (!same_codec(&renditions[0], &renditions[i]))
			return true;
	}
	return false;
}

/* The channels of all renditions that have the codec of OF; 0 when they differ. */
static uint32_t common_channels(const struct rendition *renditions, size_t count, const struct rendition *of)
{
	for (size_t i = 0; i < count; i++) {
		if (same_codec(&renditions[i], of) && renditions[i].channels != of->channels)
			return 0;
	}
	return of->channels;
}

/*
 * A group for each codec (section 4.4.6.1.1: all have the same member, apart from its channels), so that a player knows
 * which variants it may change between. Without a URI: the sound is what the variants themselves hold.
 */
static void put_groups(struct buf *out, const struct rendition *renditions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t channels = common_channels(renditions, count, &renditions[i]);
		size_t first = 0;

		while (!same_codec(&renditions[first], &renditions[i]))
			first++;
		if (first < i)
			continue;
		buf_printf(out, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"%s\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES",
			renditions[i].codec);
		if (channels > 0)
			buf_printf(out, ",CHANNELS=\"%" PRIu32 "\"", channels);
		buf_putc(out, '\n');
	}
}

/* A transport stream has overheads of its own; what they come to on average only the segments know. */
static void put_bandwidth(struct buf *out, const struct rendition *rendition, const struct hls_options *options)
{
	if (options->addressing == HLS_TRANSPORT)
		buf_printf(out, "BANDWIDTH=%" PRIu32,
			ts_bandwidth(rendition->peak_bandwidth, rendition->sample_rate, options->segment_ms));
	else
		buf_printf(out, "BANDWIDTH=%" PRIu32 ",AVERAGE-BANDWIDTH=%" PRIu32, rendition->peak_bandwidth,
			rendition->average_bandwidth);
}

void hls_master(struct buf *out, const struct rendition *renditions, size_t count, const struct hls_options *options)
{
	bool mixed = is_mixed(renditions, count);
	const char *playlist = options->addressing == HLS_TRANSPORT ? "playlist-ts.m3u8" : "playlist.m3u8";

	put_head(out, options);
	buf_puts(out, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	/* Section 4.4.2.2. In the media playlists it would have to go when they end. */
	if (renditions[0].work != NULL)
		buf_puts(out, "#EXT-X-START:TIME-OFFSET=0\n");
	if (mixed)
		put_groups(out, renditions, count);
	for (size_t i = 0; i < count; i++) {
		const struct rendition *rendition = &renditions[i];

		if (seen_before(renditions, i))
			continue;
		buf_puts(out, "#EXT-X-STREAM-INF:");
		put_bandwidth(out, rendition, options);
		buf_printf(out, ",CODECS=\"%s\"", rendition->codecs);
		if (mixed)
			buf_printf(out, ",AUDIO=\"%s\"", rendition->codec);
		buf_printf(out, "\n%s/%s", rendition->quality, playlist);
		put_query(out, options->query);
		buf_putc(out, '\n');
	}
}

static uint64_t microseconds(uint32_t duration, uint32_t timescale)
{
	return ((uint64_t)duration * 1000000 + timescale / 2) / timescale;
}

/*
 * Section 4.4.3.1: no EXTINF, rounded to the nearest second, may exceed it. At least 1: players poll and buffer by it.
 * A playlist that grows must have it right from its first segment on: the others differ from that one by two frames at
 * most (src/media/segment_plan.h), which is less than what is added here. What never grew has one segment.
 */
static uint64_t target_duration(const struct rendition *rendition)
{
	const struct segment_table *table = &rendition->segments;
	uint64_t longest = 0;

	if (rendition->work != NULL || table->count > 1)
		longest = microseconds(table->segments[0].duration, rendition->timescale) + SEGMENTS_DIFFER_US;
	for (size_t i = 0; i < table->count; i++) {
		uint64_t length = microseconds(table->segments[i].duration, rendition->timescale);

		if (length > longest)
			longest = length;
	}
	return longest < 1000000 ? 1 : (longest + 500000) / 1000000;
}

static void put_file(struct buf *out, const struct rendition *rendition, const struct hls_options *options)
{
	if (options->file != NULL) {
		buf_puts(out, options->file);
		return;
	}
	buf_puts(out, "../../../media/");
	buf_puts(out, rendition->track);
	buf_putc(out, '/');
	buf_puts(out, rendition->file);
	put_query(out, options->query);
}

/* FILE, here and below: what put_file() writes. */
static void put_map(struct buf *out, const struct rendition *rendition, const struct hls_options *options,
	const struct buf *file)
{
	buf_puts(out, "#EXT-X-MAP:URI=\"");
	if (options->addressing == HLS_BYTERANGE) {
		buf_put(out, buf_text(file), file->length);
		buf_printf(out, "\",BYTERANGE=\"%" PRIu64 "@0\"\n", rendition->init_size);
	} else {
		buf_puts(out, "init.mp4");
		put_query(out, options->query);
		buf_puts(out, "\"\n");
	}
}

static void put_segment(struct buf *out, const struct rendition *rendition, size_t index,
	const struct hls_options *options, const struct buf *file)
{
	const struct segment *segment = &rendition->segments.segments[index];
	uint64_t length = microseconds(segment->duration, rendition->timescale);

	/* Not by buf_printf(): these lines are most of what the program does for a playlist. */
	buf_puts(out, "#EXTINF:");
	buf_put_number(out, length / 1000000, 1);
	buf_putc(out, '.');
	buf_put_number(out, length % 1000000, 6);
	buf_puts(out, ",\n");
	if (options->addressing == HLS_BYTERANGE) {
		buf_puts(out, "#EXT-X-BYTERANGE:");
		buf_put_number(out, segment->size, 1);
		buf_putc(out, '@');
		buf_put_number(out, segment->offset, 1);
		buf_putc(out, '\n');
		buf_put(out, buf_text(file), file->length);
	} else {
		buf_put_number(out, index, 1);
		buf_puts(out, options->addressing == HLS_TRANSPORT ? ".ts" : ".m4s");
		put_query(out, options->query);
	}
	buf_putc(out, '\n');
}

void hls_media(struct buf *out, const struct rendition *rendition, const struct hls_options *options)
{
	struct buf file;

	buf_init(&file, out->limit);
	put_file(&file, rendition, options);
	buf_reserve(out, HEAD_MOST + rendition->segments.count * (file.length + LINES_MOST));
	put_head(out, options);
	buf_printf(out, "#EXT-X-TARGETDURATION:%" PRIu64 "\n", target_duration(rendition));
	buf_printf(out, "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n",
		rendition->work != NULL ? "EVENT" : "VOD");
	if (options->addressing != HLS_TRANSPORT)
		put_map(out, rendition, options, &file);
	for (size_t i = 0; i < rendition->segments.count; i++)
		put_segment(out, rendition, i, options, &file);
	buf_free(&file);
	if (rendition->work == NULL)
		buf_puts(out, "#EXT-X-ENDLIST\n");
}
