/* SPDX-License-Identifier: MIT */
/*
 * Measures the loudness of what passes by, without slowing it: frames go by reference to a thread of their own, which
 * passes them on, in float, to another that looks for the true peak.
 *
 *     frame ──► queue ─► filter (float, 1 or 2 channels) ─► levels ──► queue ─► true peak
 *
 * Measured is the mix that listeners get, at the rate of the source: the sum of channels by ITU-R BS.1770 is another
 * for one loudspeaker than for two, and so is the gain. A tap belongs to one thread; what fails in its own is told at
 * the end.
 */
#ifndef TONEARM_MEDIA_LOUDNESS_TAP_H
#define TONEARM_MEDIA_LOUDNESS_TAP_H

#include "base/err.h"
#include "model/loudness.h"

#include <libavutil/frame.h>
#include <stdint.h>

struct loudness_tap;

/*
 * A tap for sound of SAMPLE_RATE Hz mixed to CHANNELS (1 or 2). *OUT is owned by the caller (loudness_tap_close()),
 * NULL on failure. ERR_NO_MEMORY.
 */
enum err loudness_tap_open(int sample_rate, int channels, struct loudness_tap **out, struct err_info *info);

/* Takes a reference to FRAME, waiting while the threads are far behind. ERR_NO_MEMORY. */
enum err loudness_tap_push(struct loudness_tap *tap, const AVFrame *frame, struct err_info *info);

/*
 * The end: waits for the threads. OUT gets the measured members, BINS (LOUDNESS_BINS) the gating blocks by loudness;
 * both are to the bit what one loudness_meter tells that hears all of it. The first error of a thread.
 */
enum err loudness_tap_finish(
	struct loudness_tap *tap, struct loudness *out, uint32_t *bins, struct err_info *info);

/* Ends the threads if they still run. NULL is fine. */
void loudness_tap_close(struct loudness_tap *tap);

#endif
