/* SPDX-License-Identifier: MIT */
/*
 * The encoded frames in a segment that cmaf.c wrote, for those who put them into another container. Nothing in the
 * bytes is trusted. Thread-safe, no state.
 */
#ifndef TONEARM_PACKAGE_CMAF_FRAMES_H
#define TONEARM_PACKAGE_CMAF_FRAMES_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

struct cmaf_frame {
	const unsigned char *bytes; /* in the segment */
	size_t length;              /* not 0 */
};

/*
 * Finds the frames of the LENGTH bytes of SEGMENT, pairs of moof and mdat, in order; the list is in ARENA, at least
 * one. ERR_UNPROCESSABLE when it is not what cmaf.c writes.
 */
enum err cmaf_frames(const void *segment, size_t length, struct arena *arena, struct cmaf_frame **out, size_t *count,
	struct err_info *info);

#endif
