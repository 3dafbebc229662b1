/* SPDX-License-Identifier: MIT */
#include "media/gain_comment.h"

#include "base/buf.h"
#include "media/gain_file.h"

#include <libavutil/crc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMENTS_MOST = 1 << 17, COMMENT_TEXT = 64, MORE_MOST = 2 };
enum { PAGE_HEAD = 27, PAGE_CRC = 22, LACING_FULL = 255 };
enum { FLAC_MAGIC = 4, BLOCK_HEAD = 4, BLOCK_PADDING = 1, BLOCK_COMMENTS = 4, BLOCK_LAST = 0x80 };

static uint32_t get_le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void set_le32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

static size_t get_be24(const unsigned char *at)
{
	return (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
}

/* A length, and as many bytes. */
static void put_text(struct buf *out, const void *bytes, size_t length)
{
	unsigned char size[4];

	set_le32(size, (uint32_t)length);
	buf_put(out, size, sizeof size);
	buf_put(out, bytes, length);
}

/* What shall be told; gives their number. */
static size_t make_more(const struct gain_text *text, bool opus, char more[MORE_MOST][COMMENT_TEXT])
{
	if (text == NULL)
		return 0;
	if (opus) {
		snprintf(more[0], COMMENT_TEXT, "R128_TRACK_GAIN=%s", text->r128);
		return 1;
	}
	snprintf(more[0], COMMENT_TEXT, "REPLAYGAIN_TRACK_GAIN=%s", text->gain);
	snprintf(more[1], COMMENT_TEXT, "REPLAYGAIN_TRACK_PEAK=%s", text->peak);
	return 2;
}

static bool is_holder(const unsigned char *comment, size_t length)
{
	static const char name[] = GAIN_FILE_HOLDER "=";

	return length >= sizeof name - 1 && memcmp(comment, name, sizeof name - 1) == 0;
}

/* The comments IN to OUT, less the holder, and what is told behind them. False when they do not end within LENGTH. */
static bool put_comments(
	struct buf *out, const unsigned char *in, size_t length, const struct gain_text *text, bool opus)
{
	char more[MORE_MOST][COMMENT_TEXT];
	size_t more_count = make_more(text, opus, more), counted;
	uint32_t count, kept = 0, size;

	if (length < 8 || get_le32(in) > length - 8)
		return false;
	size = get_le32(in);
	put_text(out, in + 4, size);
	in += 4 + size;
	length -= 8 + size;
	count = get_le32(in);
	in += 4;
	counted = out->length;
	put_text(out, "", 0);
	for (uint32_t i = 0; i < count; i++, in += 4 + size, length -= 4 + size) {
		if (length < 4 || get_le32(in) > length - 4)
			return false;
		size = get_le32(in);
		if (is_holder(in + 4, size))
			continue;
		put_text(out, in + 4, size);
		kept++;
	}
	for (size_t i = 0; i < more_count; i++)
		put_text(out, more[i], strlen(more[i]));
	if (!out->overflow)
		set_le32((unsigned char *)out->data + counted, kept + (uint32_t)more_count);
	return !out->overflow;
}

/* RFC 3533 section 6: over the page with the field itself 0. */
static void seal_page(unsigned char *page, size_t length)
{
	uint32_t crc;

	memset(page + PAGE_CRC, 0, 4);
	crc = av_crc(av_crc_get_table(AV_CRC_32_IEEE), 0, page, length);
	/* FFmpeg computes this one with its bytes swapped. */
	for (int i = 0; i < 4; i++)
		page[PAGE_CRC + i] = (unsigned char)(crc >> 8 * (3 - i));
}

/*
 * The second packet from the pages of HEAD to PACKET, or BACK from there into them, sealed. Gives its length; 0 when it
 * does not end within LENGTH.
 */
static size_t move_packet(unsigned char *head, size_t length, unsigned char *packet, bool back)
{
	unsigned char *page = head;
	unsigned number = 0;
	size_t moved = 0;

	while (number < 2) {
		size_t left = length - (size_t)(page - head), at;

		if (left < PAGE_HEAD || memcmp(page, "OggS", 4) != 0)
			return 0;
		at = PAGE_HEAD + (size_t)page[PAGE_HEAD - 1];
		for (const unsigned char *lacing = page + PAGE_HEAD; lacing < page + PAGE_HEAD + page[PAGE_HEAD - 1];
			lacing++) {
			if (at > left || *lacing > left - at)
				return 0;
			if (number == 1)
				memcpy(back ? page + at : packet + moved, back ? packet + moved : page + at, *lacing);
			moved += number == 1 ? *lacing : 0;
			at += *lacing;
			number += *lacing < LACING_FULL;
		}
		if (back)
			seal_page(page, at);
		page += at;
	}
	return moved;
}

/* PACKET of SIZE bytes, as it shall be, into OUT. */
static bool put_packet(struct buf *out, const unsigned char *packet, size_t size, const struct gain_text *text)
{
	static const char zeros[64];
	bool opus = size > 8 && memcmp(packet, "OpusTags", 8) == 0;
	size_t magic = opus ? 8 : 7;

	if (!opus && (size < magic || memcmp(packet, "\3vorbis", magic) != 0))
		return false;
	buf_put(out, packet, magic);
	if (!put_comments(out, packet + magic, size - magic, text, opus))
		return false;
	if (!opus)
		buf_putc(out, 1); /* framing bit */
	if (out->length > size)
		return false;
	while (out->length < size)
		buf_put(out, zeros, size - out->length < sizeof zeros ? size - out->length : sizeof zeros);
	return !out->overflow;
}

bool gain_comment_ogg(unsigned char *head, size_t length, const struct gain_text *text)
{
	unsigned char *packet = malloc(length + 1);
	struct buf out;
	size_t size;
	bool good;

	if (packet == NULL)
		abort();
	buf_init(&out, COMMENTS_MOST);
	size = move_packet(head, length, packet, false);
	good = size > 0 && put_packet(&out, packet, size, text);
	if (good)
		move_packet(head, length, (unsigned char *)out.data, true);
	buf_free(&out);
	free(packet);
	return good;
}

/* The block of comments that HEAD begins, and the padding behind it, in LENGTH bytes. */
static bool change_blocks(unsigned char *head, size_t length, const struct gain_text *text)
{
	size_t size = get_be24(head + 1), room;
	const unsigned char *padding = head + BLOCK_HEAD + size;
	unsigned char last;
	struct buf out;
	bool good;

	if (length < 2 * BLOCK_HEAD || size > length - 2 * BLOCK_HEAD || (padding[0] & ~BLOCK_LAST) != BLOCK_PADDING)
		return false;
	last = padding[0];
	room = get_be24(padding + 1);
	buf_init(&out, COMMENTS_MOST);
	good = put_comments(&out, head + BLOCK_HEAD, size, text, false) && out.length >= size &&
	       out.length - size <= room && out.length <= length - 2 * BLOCK_HEAD;
	if (good) {
		room -= out.length - size;
		for (int i = 0; i < 3; i++)
			head[1 + i] = (unsigned char)(out.length >> 8 * (2 - i));
		memcpy(head + BLOCK_HEAD, out.data, out.length);
		head += BLOCK_HEAD + out.length;
		head[0] = last;
		for (int i = 0; i < 3; i++)
			head[1 + i] = (unsigned char)(room >> 8 * (2 - i));
	}
	buf_free(&out);
	return good;
}

bool gain_comment_flac(unsigned char *head, size_t length, const struct gain_text *text)
{
	size_t at = FLAC_MAGIC;

	if (length < FLAC_MAGIC || memcmp(head, "fLaC", FLAC_MAGIC) != 0)
		return false;
	while (length - at >= BLOCK_HEAD && (head[at] & BLOCK_LAST) == 0) {
		size_t size = get_be24(head + at + 1);

		if (head[at] == BLOCK_COMMENTS)
			return change_blocks(head + at, length - at, text);
		if (size > length - at - BLOCK_HEAD)
			return false;
		at += BLOCK_HEAD + size;
	}
	return false;
}
