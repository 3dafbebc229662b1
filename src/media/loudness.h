/* SPDX-License-Identifier: MIT */
/*
 * Measures sound after EBU R128 by libebur128, without FFmpeg: K weighting, gates, loudness range and the oversampled
 * true peak are the library's. Only the maxima of momentary and short-term loudness are counted here, over the energies
 * of 10 ms that the library tells, as it has no maxima of its own, and asking it for a window of 3 s every 10 ms would
 * cost more than all the rest.
 *
 * What is measured can be divided between meters that run in several threads: the true peak costs three times as much
 * as the loudness, and that of a whole is the greatest of its pieces (loudness_skip()). A meter belongs to one thread
 * at a time.
 */
#ifndef TONEARM_MEDIA_LOUDNESS_H
#define TONEARM_MEDIA_LOUDNESS_H

#include "base/err.h"
#include "model/loudness.h"

#include <stddef.h>
#include <stdint.h>

enum loudness_part { LOUDNESS_LEVELS = 1, LOUDNESS_PEAK = 2 };

struct loudness_meter;

/*
 * A meter of PARTS (enum loudness_part, or'ed) for CHANNELS (1 to 6, in the order L R C LFE Ls Rs; five are L R C Ls
 * Rs) at RATE Hz (at least 100). *OUT is owned by the caller (loudness_close()), NULL on failure. ERR_NO_MEMORY.
 */
enum err loudness_open(
	unsigned parts, unsigned channels, uint32_t rate, struct loudness_meter **out, struct err_info *info);

/* Takes COUNT samples of each of the PLANES, one a channel. ERR_NO_MEMORY. */
enum err loudness_add(
	struct loudness_meter *meter, const float *const *planes, size_t count, struct err_info *info);

/*
 * Takes COUNT samples that another meter counts: of LOUDNESS_PEAK alone, they are only what the next ones follow on, so
 * that true peaks of pieces, each after a little of the one before, are those of the whole. ERR_NO_MEMORY.
 */
enum err loudness_skip(
	struct loudness_meter *meter, const float *const *planes, size_t count, struct err_info *info);

/*
 * The end: fills those members of OUT that belong to the meter's parts, and in BINS (LOUDNESS_BINS, may be NULL) the
 * count of gating blocks of each loudness. Nothing can be added afterwards. ERR_NO_MEMORY.
 */
enum err loudness_finish(
	struct loudness_meter *meter, struct loudness *out, uint32_t *bins, struct err_info *info);

/* NULL is fine. */
void loudness_close(struct loudness_meter *meter);

#endif
