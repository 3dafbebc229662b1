/* SPDX-License-Identifier: MIT */
#include "media/id3.h"

#include "media/averror.h"
#include "media/mux_tags.h"
#include "media/write_at.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { TAG_HEAD = 10, FRAME_HEAD = 10, FRAME_SIZE = 4 /* in its head */, SAMPLE_RATE = 44100, CHANNELS = 2 };
enum { CHUNK_HEAD = 8, RIFF_SIZE = 4, DS64_RIFF_SIZE = 20, RIFF_START = 28 };

/* What a tag without sound takes: FFmpeg writes tags for a stream only. */
static int describe(AVFormatContext *format)
{
	AVStream *stream = avformat_new_stream(format, NULL);

	if (stream == NULL)
		return AVERROR(ENOMEM);
	stream->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
	stream->codecpar->codec_id = AV_CODEC_ID_MP3;
	stream->codecpar->sample_rate = SAMPLE_RATE;
	av_channel_layout_default(&stream->codecpar->ch_layout, CHANNELS);
	format->flags |= AVFMT_FLAG_BITEXACT;
	return 0;
}

static int write_tag(AVFormatContext *format, const struct tags *tags)
{
	AVDictionary *options = NULL;
	int code = describe(format);

	if (code >= 0)
		code = mux_tags_set(format, tags);
	if (code >= 0)
		code = av_dict_set(&options, "id3v2_version", "3", 0); /* what all players read */
	if (code >= 0)
		code = av_dict_set(&options, "write_xing", "0", 0);
	if (code >= 0)
		code = avformat_write_header(format, &options);
	if (code >= 0)
		code = av_write_trailer(format);
	av_dict_free(&options);
	return code;
}

static int make(const struct tags *tags, size_t padding, struct buf *out)
{
	AVFormatContext *format = NULL;
	uint8_t *bytes = NULL;
	int code = avformat_alloc_output_context2(&format, NULL, "mp3", NULL);

	if (code >= 0)
		code = avio_open_dyn_buf(&format->pb);
	if (code >= 0) {
		format->metadata_header_padding = (int)padding;
		code = write_tag(format, tags);
	}
	if (format != NULL && format->pb != NULL) {
		int length = avio_close_dyn_buf(format->pb, &bytes);

		buf_put(out, bytes, length > 0 ? (size_t)length : 0);
		av_free(bytes);
	}
	avformat_free_context(format);
	return code;
}

/* The character at *TEXT, valid UTF-8, which moves behind it. */
static uint32_t take_character(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	unsigned more = at[0] < 0x80 ? 0 : at[0] < 0xE0 ? 1 : at[0] < 0xF0 ? 2 : 3;
	uint32_t character = more == 0 ? at[0] : at[0] & 0x3FU >> more;

	for (unsigned i = 1; i <= more; i++)
		character = character << 6 | (at[i] & 0x3F);
	*text += more + 1;
	return character;
}

static void put_unit(struct buf *out, uint32_t unit)
{
	buf_put_u8(out, unit & 0xFF);
	buf_put_u8(out, unit >> 8 & 0xFF);
}

/* UTF-16 with its byte order, the only way to say more than ISO 8859-1 in this version. */
static void put_utf16(struct buf *out, const char *text)
{
	put_unit(out, 0xFEFF);
	while (*text != '\0') {
		uint32_t character = take_character(&text);

		if (character >= 0x10000) {
			put_unit(out, 0xD800 | (character - 0x10000) >> 10);
			character = 0xDC00 | (character & 0x3FF);
		}
		put_unit(out, character);
	}
}

/* Section 4.9: encoding, language (not known), an empty description, the text. */
static void put_lyrics(struct buf *out, const char *lyrics)
{
	if (lyrics[0] == '\0')
		return;
	buf_put(out, "USLT\0\0\0\0\0\0" "\1XXX", FRAME_HEAD + 4);
	put_utf16(out, "");
	put_unit(out, 0);
	put_utf16(out, lyrics);
	buf_set_be32(out, FRAME_SIZE, (uint32_t)(out->length - FRAME_HEAD));
}

enum err id3_make(const struct tags *tags, size_t padding, struct buf *out, struct err_info *info)
{
	struct buf frames;
	enum err err = ERR_OK;
	int code;

	buf_init(&frames, ID3_MOST);
	put_lyrics(&frames, tags->lyrics);
	code = make(tags, frames.length + padding, out);
	if (code < 0)
		err = averror_set(info, code, "the tags of a rendition cannot be written");
	else if (out->overflow || !id3_insert((unsigned char *)out->data, out->length, &frames))
		err = err_set(info, ERR_INTERNAL, "the tags of a rendition are no tags");
	buf_free(&frames);
	return err;
}

/* Where the padding begins in the tag of END bytes; END when it does not. */
static size_t find_padding(const unsigned char *head, size_t end)
{
	size_t at = TAG_HEAD;

	while (end - at >= FRAME_HEAD && head[at] != 0) {
		size_t size = (size_t)head[at + 4] << 24 | (size_t)head[at + 5] << 16 | (size_t)head[at + 6] << 8 |
			      head[at + 7];

		if (size > end - at - FRAME_HEAD)
			return end;
		at += FRAME_HEAD + size;
	}
	return at;
}

bool id3_insert(unsigned char *head, size_t length, const struct buf *frames)
{
	size_t end, at;

	if (length < TAG_HEAD || memcmp(head, "ID3\3", 4) != 0 || frames->overflow)
		return false;
	end = TAG_HEAD + ((size_t)head[6] << 21 | (size_t)head[7] << 14 | (size_t)head[8] << 7 | head[9]);
	if (end > length)
		return false;
	at = find_padding(head, end);
	if (frames->length > end - at)
		return false;
	if (frames->length > 0)
		memcpy(head + at, frames->data, frames->length);
	return true;
}

static void set_little(unsigned char *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

enum err id3_append_chunk(int fd, const struct buf *tag, struct err_info *info)
{
	unsigned char start[RIFF_START], head[CHUNK_HEAD] = "id3 ";
	size_t padded = tag->length + tag->length % 2;
	off_t size = lseek(fd, 0, SEEK_END);
	uint64_t end = (uint64_t)size;
	bool large;
	enum err err;

	if (find_padding((const unsigned char *)tag->data, tag->length) == TAG_HEAD)
		return ERR_OK;
	if (size < 0 || pread(fd, start, sizeof start, 0) != (ssize_t)sizeof start)
		return err_set_errno(info, ERR_IO, errno, "a rendition cannot be read back");
	large = memcmp(start, "RF64", 4) == 0;
	if (!large && end + CHUNK_HEAD + padded > UINT32_MAX)
		return ERR_OK;
	set_little(head + RIFF_SIZE, tag->length, 4);
	err = write_at(fd, end, head, sizeof head, info);
	if (err == ERR_OK)
		err = write_at(fd, end + CHUNK_HEAD, tag->data, tag->length, info);
	if (err == ERR_OK && padded > tag->length)
		err = write_at(fd, end + CHUNK_HEAD + tag->length, "", 1, info);
	if (large)
		set_little(start + DS64_RIFF_SIZE, end + padded, 8);
	else
		set_little(start + RIFF_SIZE, end + padded, 4);
	return err == ERR_OK ? write_at(fd, 0, start, sizeof start, info) : err;
}
