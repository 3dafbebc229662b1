/* SPDX-License-Identifier: MIT */
/*
 * The loudness of a track into the header of its file, when it is known: at the end. FFmpeg's muxers have left room
 * (mux.c); nothing moves and no length changes, but bytes of the header do:
 *
 *     MP3     ID3v2.3: TXXX frames REPLAYGAIN_TRACK_GAIN and _PEAK and the COMM frame iTunNORM, in the padding
 *     FLAC    the comments REPLAYGAIN_TRACK_GAIN and _PEAK, taken off the PADDING block that follows
 *     Vorbis  the same comments; what is left of their room is zeros behind the framing bit
 *     Opus    the comment R128_TRACK_GAIN, and zeros, which RFC 7845 section 5.2 knows as padding; the output gain of
 *             the header stays 0
 *     WAV     no player looks for a gain there, but broadcasters for loudness, range, maxima and true peak: bext of
 *             version 2 (EBU Tech 3285)
 *
 * The gain of an album is not in any file: it changes when a track joins, and a file would then tell what is no more.
 */
#ifndef TONEARM_MEDIA_GAIN_FILE_H
#define TONEARM_MEDIA_GAIN_FILE_H

#include "base/err.h"
#include "model/loudness.h"

/* Bytes that a muxer leaves, and the comment of that length that holds them in Ogg until then. */
enum { GAIN_FILE_ROOM = 384, GAIN_FILE_OGG_ROOM = 96 };
#define GAIN_FILE_HOLDER "PADDING"

/*
 * Writes LOUDNESS (NULL: not known, and silence: nothing that could be told) into the finished file behind FD, made by
 * FFmpeg's muxer NAME: "mp3", "flac", "ogg" or "wav". ERR_INTERNAL when the room is not there, ERR_NO_MEMORY, ERR_IO.
 */
enum err gain_file_write(int fd, const char *name, const struct loudness *loudness, struct err_info *info);

#endif
