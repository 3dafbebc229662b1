/* SPDX-License-Identifier: MIT */
/*
 * What a file is, by its first bytes and nothing else: never by its name. Only formats of the allow-list have a value;
 * the worker forces the demuxer of that value, a responder refuses early with 415. No FFmpeg here. Pure, thread-safe.
 */
#ifndef TONEARM_MEDIA_MAGIC_H
#define TONEARM_MEDIA_MAGIC_H

#include "base/err.h"

#include <stddef.h>

enum magic {
	MAGIC_UNKNOWN,
	MAGIC_MP3,
	MAGIC_AAC,
	MAGIC_MP4,
	MAGIC_FLAC,
	MAGIC_OGG,
	MAGIC_WAV,
	MAGIC_RF64,
	MAGIC_W64,
	MAGIC_AIFF,
	MAGIC_WEBM,
	MAGIC_COUNT
};

/* How many first bytes magic_find() wants to see (an ID3v2 tag is skipped by seeking: see magic_id3_size()). */
enum { MAGIC_BYTES = 64 };

/* The format of a file that starts with BYTES; LENGTH may be less than MAGIC_BYTES only when the file is shorter. */
enum magic magic_find(const unsigned char *bytes, size_t length);

/*
 * Size of the ID3v2 tag at BYTES with its header and footer (ID3v2.4 section 3), 0 when there is none: the format is
 * found behind it.
 */
size_t magic_id3_size(const unsigned char *bytes, size_t length);

/* Reads the format of a whole file by its descriptor (offset not used), looking behind ID3v2 tags. */
enum magic magic_find_file(int fd);

/* ERR_UNSUPPORTED for a file of none of them, with what to do. */
enum err magic_refuse(struct err_info *info);

/* "mp3", "flac", ...: for messages and as a file extension. Static. */
const char *magic_name(enum magic magic);

#endif
