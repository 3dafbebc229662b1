/* SPDX-License-Identifier: MIT */
/*
 * What FFmpeg's byte streams over our descriptors share: where they stand, and that nothing else is opened. The
 * stream's opaque pointer is that of a struct io_place, or of what begins with one. One thread at a time.
 */
#ifndef TONEARM_MEDIA_IO_H
#define TONEARM_MEDIA_IO_H

#include <libavformat/avformat.h>

struct io_place {
	int fd;           /* borrowed */
	int64_t at, size; /* bytes */
};

/* The `seek` of avio_alloc_context(). */
int64_t io_seek(void *opaque, int64_t offset, int whence);

/* An `io_open` in the place of FFmpeg's own: a file that names another file gets nothing. */
int io_open_nothing(
	AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options);

#endif
