/* SPDX-License-Identifier: MIT */
#include "package/cmaf_udta.h"

#include "package/bmff.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	GAIN_ROOM = 640,
	CHAPTER_HEAD = 9, /* start, and length of the title */
	CHAPTER_TITLE = 255,
	CHAPTERS_MOST = 255, /* a byte counts them */
	MS_UNITS = 10000     /* units of 100 ns */
};

static bool is_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* One value of a list of metadata: KIND 1 is UTF-8, 0 a structure that the item's type implies. */
static void put_item(struct buf *out, const char *type, uint32_t kind, const void *bytes, size_t length)
{
	size_t item = bmff_begin(out, type), data = bmff_begin(out, "data");

	buf_put_be32(out, kind);
	buf_put_be32(out, 0); /* locale */
	buf_put(out, bytes, length);
	bmff_end(out, data);
	bmff_end(out, item);
}

static void put_text_item(struct buf *out, const char *type, const char *text)
{
	if (is_text(text))
		put_item(out, type, 1, text, strnlen(text, CMAF_TAG_BYTES));
}

/* NUMBER of OF, in LENGTH bytes. */
static void put_number_item(struct buf *out, const char *type, int number, int of, size_t length)
{
	const unsigned char bytes[8] = {0, 0, (unsigned char)(number >> 8), (unsigned char)number,
		(unsigned char)(of >> 8), (unsigned char)of};

	if (number > 0)
		put_item(out, type, 0, bytes, length);
}

/* An item that has no type of its own, but a name, under the roof that iTunes gave them. */
static void put_named_item(struct buf *out, const char *name, const char *text)
{
	size_t item, box;

	if (!is_text(text))
		return;
	item = bmff_begin(out, "----");
	box = bmff_begin_full(out, "mean", 0, 0);
	buf_puts(out, "com.apple.iTunes");
	bmff_end(out, box);
	box = bmff_begin_full(out, "name", 0, 0);
	buf_puts(out, name);
	bmff_end(out, box);
	box = bmff_begin(out, "data");
	buf_put_be32(out, 1); /* UTF-8 */
	buf_put_be32(out, 0);
	buf_put(out, text, strnlen(text, CMAF_TAG_BYTES));
	bmff_end(out, box);
	bmff_end(out, item);
}

static void put_items(struct buf *out, const struct cmaf_tags *tags)
{
	char year[8];

	put_text_item(out, "\xA9nam", tags->title);
	put_text_item(out, "\xA9" "ART", tags->artist);
	put_text_item(out, "\xA9" "alb", tags->album);
	put_text_item(out, "aART", tags->album_artist);
	put_text_item(out, "\xA9wrt", tags->composer);
	put_text_item(out, "\xA9gen", tags->genre);
	put_text_item(out, "\xA9" "cmt", tags->comment);
	put_text_item(out, "cprt", tags->copyright);
	if (is_text(tags->date))
		put_text_item(out, "\xA9" "day", tags->date);
	else if (tags->year > 0 && tags->year <= 9999)
		put_item(out, "\xA9" "day", 1, year, (size_t)snprintf(year, sizeof year, "%d", tags->year));
	put_number_item(out, "trkn", tags->number, tags->numbers, 8);
	put_number_item(out, "disk", tags->disc, tags->discs, 6);
	put_named_item(out, "ISRC", tags->isrc);
}

static void put_gain(struct buf *out, const struct cmaf_gain *gain)
{
	put_named_item(out, "replaygain_track_gain", gain->gain);
	put_named_item(out, "replaygain_track_peak", gain->peak);
	put_named_item(out, "iTunNORM", gain->norm);
}

/* The `free` box that fills the room up behind SIZE bytes of put_gain(); there is always room for one. */
static void put_rest(struct buf *out, size_t size)
{
	size_t box = bmff_begin(out, "free");

	assert(size <= GAIN_ROOM - BMFF_HEADER);
	bmff_put_zeros(out, GAIN_ROOM - BMFF_HEADER - size);
	bmff_end(out, box);
}

static size_t chapters_size(const struct cmaf_tags *tags)
{
	size_t size = 0;

	for (size_t i = 0; i < tags->chapter_count; i++)
		size += CHAPTER_HEAD + strnlen(tags->chapters[i].title, CHAPTER_TITLE);
	return size;
}

/* A chapter ends where the next one begins. */
static void put_chapters(struct buf *out, const struct cmaf_tags *tags)
{
	size_t box = bmff_begin_full(out, "chpl", 1, 0);

	buf_put_be32(out, 0);
	buf_put_u8(out, (uint8_t)tags->chapter_count);
	for (size_t i = 0; i < tags->chapter_count; i++) {
		const struct cmaf_chapter *chapter = &tags->chapters[i];
		size_t length = strnlen(chapter->title, CHAPTER_TITLE);

		buf_put_be64(out, chapter->start_ms * MS_UNITS);
		buf_put_u8(out, (uint8_t)length);
		buf_put(out, chapter->title, length);
	}
	bmff_end(out, box);
}

static bool says_nothing(const struct cmaf_tags *tags)
{
	const char *const texts[] = {tags->title, tags->artist, tags->album, tags->album_artist, tags->composer,
		tags->genre, tags->comment, tags->copyright, tags->isrc, tags->date, tags->lyrics};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (is_text(texts[i]))
			return false;
	}
	return tags->number == 0 && tags->disc == 0 && tags->year == 0 && tags->chapter_count == 0 && !tags->gain_room;
}

void cmaf_udta_put(struct buf *out, const struct cmaf_tags *tags, const struct cmaf_gain *gain)
{
	size_t chapters = chapters_size(tags), lyrics = is_text(tags->lyrics) ? strlen(tags->lyrics) : 0;
	size_t udta, meta, hdlr, ilst, at;

	if (says_nothing(tags))
		return;
	if (chapters > CMAF_LONG_BYTES || tags->chapter_count > CHAPTERS_MOST)
		chapters = 0;
	udta = bmff_begin(out, "udta");
	meta = bmff_begin_full(out, "meta", 0, 0);
	hdlr = bmff_begin_full(out, "hdlr", 0, 0);
	buf_put_be32(out, 0);
	buf_puts(out, "mdirappl");
	bmff_put_zeros(out, 9);
	bmff_end(out, hdlr);
	ilst = bmff_begin(out, "ilst");
	put_items(out, tags);
	if (lyrics > 0 && lyrics <= CMAF_LONG_BYTES - chapters)
		put_item(out, "\xA9lyr", 1, tags->lyrics, lyrics);
	at = out->length;
	if (tags->gain_room)
		put_gain(out, gain);
	bmff_end(out, ilst);
	if (tags->gain_room)
		put_rest(out, out->length - at);
	bmff_end(out, meta);
	if (chapters > 0)
		put_chapters(out, tags);
	bmff_end(out, udta);
}
