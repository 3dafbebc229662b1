/* SPDX-License-Identifier: MIT */
/*
 * Whether bytes are a plain JPEG picture and nothing else: what the worker made of a stranger's cover is looked at here
 * before listeners get it. No FFmpeg, no decoding. Thread-safe, no state.
 */
#ifndef TONEARM_MEDIA_JPEG_H
#define TONEARM_MEDIA_JPEG_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Walks the segments of a baseline JFIF file (ITU-T T.81 annex B): tables, one frame of at most SIDE_MOST pixels on
 * each side, one scan, the end of the image at the end of the file. Metadata (Exif, comments, profiles) and bytes that
 * belong to no segment are refused. ERR_UNPROCESSABLE with a sentence.
 */
enum err jpeg_check(const void *bytes, size_t length, uint32_t side_most, struct err_info *info);

#endif
