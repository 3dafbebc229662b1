/* SPDX-License-Identifier: MIT */
#include "media/gain_file.h"

#include "base/buf.h"
#include "media/gain_comment.h"
#include "media/id3.h"
#include "media/write_at.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All headers end before: the tags in them are bounded (tags.h). */
enum { HEAD_MOST = 1 << 18 };
enum { RIFF_HEAD = 12, CHUNK_HEAD = 8, BEXT_LEAST = 602, BEXT_VERSION = 346, BEXT_LOUDNESS = 412 };

static void put_frame(struct buf *out, const char *id, const char *head, size_t head_length, const char *name,
	const char *text)
{
	buf_puts(out, id);
	buf_put_be32(out, (uint32_t)(head_length + strlen(name) + 1 + strlen(text)));
	buf_put_be16(out, 0);
	buf_put(out, head, head_length);
	buf_put(out, name, strlen(name) + 1);
	buf_puts(out, text);
}

/* id3.org, "ID3 tag version 2.3.0", sections 4.2.2 and 4.11; the first byte of a frame, 0, is ISO 8859-1. */
static void put_frames(struct buf *out, const struct gain_text *text)
{
	put_frame(out, "TXXX", "", 1, "REPLAYGAIN_TRACK_GAIN", text->gain);
	put_frame(out, "TXXX", "", 1, "REPLAYGAIN_TRACK_PEAK", text->peak);
	put_frame(out, "COMM", "\0eng", 4, "iTunNORM", text->norm);
}

static bool change_id3(unsigned char *head, size_t length, const struct gain_text *text)
{
	struct buf frames;
	bool good;

	buf_init(&frames, GAIN_FILE_ROOM);
	put_frames(&frames, text);
	good = id3_insert(head, length, &frames);
	buf_free(&frames);
	return good;
}

/* Hundredths, as bext has them. */
static void put_hundredths(unsigned char *at, double value)
{
	long hundredths = lround(fmax(-99.99, fmin(value, 99.99)) * 100);

	at[0] = (unsigned char)((unsigned long)hundredths & 0xff);
	at[1] = (unsigned char)((unsigned long)hundredths >> 8 & 0xff);
}

/* EBU Tech 3285 version 2, section 2.3. */
static void fill_bext(unsigned char *bext, const struct loudness *loudness)
{
	const double values[] = {loudness->integrated_lufs, loudness->range_lu, loudness->true_peak_dbtp,
		loudness->momentary_max_lufs, loudness->short_term_max_lufs};

	bext[BEXT_VERSION] = 2;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		put_hundredths(bext + BEXT_LOUDNESS + 2 * i, values[i]);
}

static bool change_bext(unsigned char *head, size_t length, const struct loudness *loudness)
{
	for (size_t at = RIFF_HEAD; length >= at + CHUNK_HEAD + BEXT_LEAST;) {
		size_t size = head[at + 4] | (size_t)head[at + 5] << 8 | (size_t)head[at + 6] << 16 |
			      (size_t)head[at + 7] << 24;

		if (memcmp(head + at, "bext", 4) == 0 && size >= BEXT_LEAST) {
			fill_bext(head + at + CHUNK_HEAD, loudness);
			return true;
		}
		at += CHUNK_HEAD + size + size % 2;
	}
	return false;
}

/* Silence is padding already but in Ogg. */
static bool change(const char *name, unsigned char *head, size_t length, const struct loudness *loudness)
{
	struct gain_text text;
	bool told = loudness != NULL && gain_text_make(loudness, &text);

	if (strcmp(name, "ogg") == 0)
		return gain_comment_ogg(head, length, told ? &text : NULL);
	if (!told)
		return true;
	if (strcmp(name, "flac") == 0)
		return gain_comment_flac(head, length, &text);
	return strcmp(name, "mp3") == 0 ? change_id3(head, length, &text) : change_bext(head, length, loudness);
}

static enum err read_head(int fd, unsigned char *head, size_t *length, struct err_info *info)
{
	*length = 0;
	while (*length < HEAD_MOST) {
		ssize_t got = pread(fd, head + *length, HEAD_MOST - *length, (off_t)*length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(info, ERR_IO, errno, "a rendition cannot be read back");
		if (got == 0)
			break;
		*length += (size_t)got;
	}
	return ERR_OK;
}

enum err gain_file_write(int fd, const char *name, const struct loudness *loudness, struct err_info *info)
{
	unsigned char *head = malloc(HEAD_MOST);
	size_t length;
	enum err err;

	if (head == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to write the loudness");
	err = read_head(fd, head, &length, info);
	if (err == ERR_OK && !change(name, head, length, loudness))
		err = err_set(info, ERR_INTERNAL, "the header of a rendition has no room for its loudness");
	if (err == ERR_OK)
		err = write_at(fd, 0, head, length, info);
	free(head);
	return err;
}
