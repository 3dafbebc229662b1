/* SPDX-License-Identifier: MIT */
#include "media/magic.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* ID3v2 tags that are looked behind, and zero bytes that sloppy taggers leave after the last one. */
enum { ID3_TAGS_MOST = 8, ID3_HEADER = 10, PADDING_MOST = 1 << 16 };

static const unsigned char w64_riff[16] = {
	'r', 'i', 'f', 'f', 0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00};

static bool has(const unsigned char *bytes, size_t length, size_t at, const char *word)
{
	size_t size = strlen(word);

	return at + size <= length && memcmp(bytes + at, word, size) == 0;
}

/* MPEG audio layer III frame header (ISO/IEC 11172-3 section 2.4.1.3, 13818-3): no reserved value, no free format. */
static bool is_mp3(const unsigned char *bytes, size_t length)
{
	if (length < 4 || bytes[0] != 0xFF || (bytes[1] & 0xE0) != 0xE0)
		return false;
	return (bytes[1] >> 3 & 3) != 1 && (bytes[1] >> 1 & 3) == 1 && bytes[2] >> 4 != 0 && bytes[2] >> 4 != 15 &&
	       (bytes[2] >> 2 & 3) != 3 && (bytes[3] & 3) != 2;
}

/*
 * ADTS header (ISO/IEC 14496-3 section 1.A.2.2); a frame shorter than its own header would never let a reader move on.
 */
static bool is_adts(const unsigned char *bytes, size_t length)
{
	size_t frame;

	if (length < 7 || bytes[0] != 0xFF || (bytes[1] & 0xF6) != 0xF0 || (bytes[2] >> 2 & 15) > 12)
		return false;
	frame = (size_t)(bytes[3] & 3) << 11 | (size_t)bytes[4] << 3 | bytes[5] >> 5;
	return frame > 7;
}

/* The DocType of an EBML header is within its first few dozen bytes (RFC 8794 section 11.2.6). */
static bool is_webm(const unsigned char *bytes, size_t length)
{
	static const unsigned char ebml[4] = {0x1A, 0x45, 0xDF, 0xA3};
	static const unsigned char doctype[] = {0x42, 0x82, 0x84, 'w', 'e', 'b', 'm'};

	if (length < sizeof ebml || memcmp(bytes, ebml, sizeof ebml) != 0)
		return false;
	return memmem(bytes, length, doctype, sizeof doctype) != NULL;
}

enum magic magic_find(const unsigned char *bytes, size_t length)
{
	if (has(bytes, length, 0, "fLaC"))
		return MAGIC_FLAC;
	if (has(bytes, length, 0, "OggS"))
		return MAGIC_OGG;
	if (has(bytes, length, 0, "RIFF") && has(bytes, length, 8, "WAVE"))
		return MAGIC_WAV;
	if ((has(bytes, length, 0, "RF64") || has(bytes, length, 0, "BW64")) && has(bytes, length, 8, "WAVE"))
		return MAGIC_RF64;
	if (length >= sizeof w64_riff && memcmp(bytes, w64_riff, sizeof w64_riff) == 0)
		return MAGIC_W64;
	if (has(bytes, length, 0, "FORM") && (has(bytes, length, 8, "AIFF") || has(bytes, length, 8, "AIFC")))
		return MAGIC_AIFF;
	if (has(bytes, length, 4, "ftyp"))
		return MAGIC_MP4;
	if (is_webm(bytes, length))
		return MAGIC_WEBM;
	if (is_mp3(bytes, length))
		return MAGIC_MP3;
	if (is_adts(bytes, length))
		return MAGIC_AAC;
	return MAGIC_UNKNOWN;
}

size_t magic_id3_size(const unsigned char *bytes, size_t length)
{
	size_t size = 0;

	if (length < ID3_HEADER || memcmp(bytes, "ID3", 3) != 0 || bytes[3] == 0xFF || bytes[4] == 0xFF)
		return 0;
	for (size_t i = 6; i < ID3_HEADER; i++) {
		if (bytes[i] & 0x80)
			return 0;
		size = size << 7 | bytes[i];
	}
	return size + ID3_HEADER + (bytes[5] & 0x10 ? ID3_HEADER : 0);
}

/* Fills BYTES from OFFSET as far as the file goes; 0 on a read error too. */
static size_t read_at(int fd, off_t offset, unsigned char bytes[static MAGIC_BYTES])
{
	size_t have = 0;

	while (have < MAGIC_BYTES) {
		ssize_t n = pread(fd, bytes + have, MAGIC_BYTES - have, offset + (off_t)have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

/* How many zero bytes BYTES starts with. */
static size_t zeros(const unsigned char *bytes, size_t length)
{
	size_t n = 0;

	while (n < length && bytes[n] == 0)
		n++;
	return n;
}

enum magic magic_find_file(int fd)
{
	unsigned char bytes[MAGIC_BYTES];
	size_t have = read_at(fd, 0, bytes);
	off_t at = 0;
	off_t tags_end;
	size_t padding;

	for (int tag = 0; tag < ID3_TAGS_MOST; tag++) {
		size_t size = magic_id3_size(bytes, have);

		if (size == 0)
			break;
		at += (off_t)size;
		have = read_at(fd, at, bytes);
	}
	tags_end = at;
	while (tags_end > 0 && at - tags_end < PADDING_MOST && (padding = zeros(bytes, have)) > 4) {
		/* An MP4 file starts with zero bytes too, but never with five. */
		at += (off_t)padding;
		have = read_at(fd, at, bytes);
	}
	return magic_find(bytes, have);
}

enum err magic_refuse(struct err_info *info)
{
	return err_set(info, ERR_UNSUPPORTED,
		"this is not a sound file of a kind we take: upload MP3, AAC, M4A, FLAC, Ogg, WAV, AIFF or WebM");
}

const char *magic_name(enum magic magic)
{
	static const char *const names[MAGIC_COUNT] = {
		[MAGIC_UNKNOWN] = "unknown",
		[MAGIC_MP3] = "mp3",
		[MAGIC_AAC] = "aac",
		[MAGIC_MP4] = "m4a",
		[MAGIC_FLAC] = "flac",
		[MAGIC_OGG] = "ogg",
		[MAGIC_WAV] = "wav",
		[MAGIC_RF64] = "rf64",
		[MAGIC_W64] = "w64",
		[MAGIC_AIFF] = "aiff",
		[MAGIC_WEBM] = "webm",
	};

	assert(magic < MAGIC_COUNT);
	return names[magic];
}
