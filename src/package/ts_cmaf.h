/* SPDX-License-Identifier: MIT */
/*
 * From a stored segment to the same sound as a segment of a transport stream: nothing is stored twice.
 *
 *     bytes of a CMAF segment ──cmaf_frames()──► frames ──ts_put()──► bytes of a TS segment
 *
 * Pure, thread-safe.
 */
#ifndef TONEARM_PACKAGE_TS_CMAF_H
#define TONEARM_PACKAGE_TS_CMAF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/rendition.h"

#include <stdbool.h>

/* Most bytes of a segment that is turned: ten times what ten seconds of AAC can have. */
enum { TS_CMAF_MOST = 8 << 20 };

/* Whether RENDITION can be had as a transport stream: AAC-LC with segments. */
bool ts_cmaf_fits(const struct rendition *rendition);

/*
 * Appends segment number INDEX of RENDITION, which fits and has it, to OUT. BYTES are all of the segment in the
 * rendition's file. What is needed on the way is in ARENA. ERR_UNPROCESSABLE when they are not AAC that cmaf.c
 * packaged, ERR_TOO_LARGE when OUT has no room.
 */
enum err ts_cmaf_put(struct buf *out, const struct rendition *rendition, size_t index, const void *bytes,
	struct arena *arena, struct err_info *info);

#endif
