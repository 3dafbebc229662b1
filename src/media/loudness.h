/* SPDX-License-Identifier: MIT */
/*
 * Measures loudness after EBU R128 by libebur128, without FFmpeg: K weighting, gates and loudness range are the
 * library's. Only the maxima of momentary and short-term loudness are counted here, over the energies of 10 ms that the
 * library tells, as it has no maxima of its own, and asking it for a window of 3 s every 10 ms would cost more than all
 * the rest. The true peak is measured apart (true_peak.h). A meter belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_LOUDNESS_H
#define TONEARM_MEDIA_LOUDNESS_H

#include "base/err.h"
#include "model/loudness.h"

#include <stddef.h>
#include <stdint.h>

struct loudness_meter;

/*
 * A meter for CHANNELS (1 to 6, in the order L R C LFE Ls Rs; five are L R C Ls Rs) at RATE Hz (at least 100). *OUT is
 * owned by the caller (loudness_close()), NULL on failure. ERR_NO_MEMORY.
 */
enum err loudness_open(unsigned channels, uint32_t rate, struct loudness_meter **out, struct err_info *info);

/* Takes COUNT samples of each of the PLANES, one a channel. ERR_NO_MEMORY. */
enum err loudness_add(
	struct loudness_meter *meter, const float *const *planes, size_t count, struct err_info *info);

/*
 * The end: fills OUT but for the true peak, and in BINS (LOUDNESS_BINS, may be NULL) the
 * count of gating blocks of each loudness. Nothing can be added afterwards. ERR_NO_MEMORY.
 */
enum err loudness_finish(
	struct loudness_meter *meter, struct loudness *out, uint32_t *bins, struct err_info *info);

/* NULL is fine. */
void loudness_close(struct loudness_meter *meter);

#endif
