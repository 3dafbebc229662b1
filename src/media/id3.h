/* SPDX-License-Identifier: MIT */
/*
 * Tags of ID3v2.3 (id3.org, "ID3 tag version 2.3.0"): what FFmpeg's muxer writes of them, chapters too, and the frames
 * that it does not.
 *
 *     tags ─► FFmpeg's muxer ─► a tag with padding ─► lyrics (USLT) into it ─► MP3: at its start, WAV: chunk at its end
 *
 * Thread-safe, no state.
 */
#ifndef TONEARM_MEDIA_ID3_H
#define TONEARM_MEDIA_ID3_H

#include "base/buf.h"
#include "base/err.h"
#include "media/tags.h"

/* More than any tag takes: tags.h bounds what is in it. */
enum { ID3_MOST = 1 << 18 };

/*
 * The tag that says TAGS, with at least PADDING bytes behind its frames, into OUT, an empty buffer of ID3_MOST bytes.
 * ERR_NO_MEMORY; ERR_INTERNAL when FFmpeg cannot write one.
 */
enum err id3_make(const struct tags *tags, size_t padding, struct buf *out, struct err_info *info);

/*
 * Puts FRAMES into the padding of the tag with which the LENGTH bytes at HEAD begin. False when there is none, or too
 * little of it: nothing is changed then.
 */
bool id3_insert(unsigned char *head, size_t length, const struct buf *frames);

/*
 * Puts TAG of id3_make() as the chunk "id3 " behind all others of the finished WAV file behind FD, unless it says
 * nothing or the file would grow past what RIFF can say. ERR_NO_SPACE, ERR_TOO_LARGE, ERR_IO.
 */
enum err id3_append_chunk(int fd, const struct buf *tag, struct err_info *info);

#endif
