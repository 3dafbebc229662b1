/* SPDX-License-Identifier: MIT */
/*
 * The cover inside a stranger's file (ID3 APIC, MP4 covr, FLAC and Vorbis PICTURE), made safe: decoded by one of a few
 * decoders and encoded anew as plain JPEG without metadata, in the sizes of the roles cover-1200, cover-600, cover-160:
 * longest side in pixels, never enlarged, what was transparent is white.
 *
 *     demux ──artwork_find()──► the picture's bytes ──artwork_make()──► a file for each size
 *
 * Limits hold before memory is taken: bytes, and pixels as the picture's header tells them. The two functions may run
 * in different threads, not at the same time.
 */
#ifndef TONEARM_MEDIA_ARTWORK_H
#define TONEARM_MEDIA_ARTWORK_H

#include "media/demux.h"

enum {
	ARTWORK_BYTES_MOST = 32 << 20,
	ARTWORK_PIXELS_MOST = 40000000,
	ARTWORK_SIDE_MOST = 16384
};

struct artwork {
	AVPacket *packet; /* NULL: the file has no picture */
	enum AVCodecID codec;
};

/*
 * The front cover of the file, else its first picture, into OUT; a reference, so that DEMUX may go on or go.
 * ERR_NO_MEMORY. End it with artwork_close().
 */
enum err artwork_find(const struct demux *demux, struct artwork *out, struct err_info *info);

/*
 * Writes the sizes for which EXTRAS (EXTRA_ROLES descriptors, -1 for what is not wanted) has one. ERR_UNSUPPORTED for a
 * kind of picture we do not take, ERR_TOO_LARGE, ERR_UNPROCESSABLE for a damaged one, ERR_NO_MEMORY, ERR_IO,
 * ERR_NO_SPACE: the files are worthless then and may be cut to nothing.
 */
enum err artwork_make(const struct artwork *artwork, const int *extras, struct err_info *info);

/* Gives the picture back; one that has none is fine. */
void artwork_close(struct artwork *artwork);

#endif
