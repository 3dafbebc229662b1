/* SPDX-License-Identifier: MIT */
/*
 * Where segments begin. The boundaries lie at the same presentation instants in all renditions of a codec, whatever
 * their sampling rates: the rendition of the lowest rate, whose frames are the longest, sets them on its own frame
 * grid, and the others cut at the frame that begins there. With frames of F samples, a lowest rate r and priming of P
 * samples, segment k begins at presentation time (k*N*F - P)/r; a rendition whose rate is no integer multiple of r cuts
 * at its first frame at or past that instant. No FFmpeg here. Pure, thread-safe.
 */
#ifndef TONEARM_MEDIA_SEGMENT_PLAN_H
#define TONEARM_MEDIA_SEGMENT_PLAN_H

#include <stdint.h>

struct segment_plan {
	uint32_t rate;    /* Hz, the lowest of the codec's renditions */
	uint32_t frame;   /* samples an encoded frame holds, the same in all renditions of the codec */
	uint32_t priming; /* samples of encoder delay of the rendition that has RATE */
	uint32_t frames;  /* frames a segment holds in that rendition, at least 1 */
};

/* The plan for segments of about SEGMENT_MS milliseconds. RATE and FRAME are not 0. */
struct segment_plan segment_plan_make(uint32_t segment_ms, uint32_t rate, uint32_t frame, uint32_t priming);

/*
 * The instant at which segment K, K >= 1, begins, rounded up to a sample of the rendition of RATE Hz and PRIMING
 * samples of delay; sample 0 is the first of its first frame. Never falls with K.
 */
uint64_t segment_plan_sample(const struct segment_plan *plan, uint64_t k, uint32_t rate, uint32_t priming);

/*
 * Index of the first frame of segment K, K >= 1, in the rendition of RATE Hz (at least the plan's) and PRIMING samples
 * of delay; frame 0 is the first that the encoder gives. Grows strictly with K.
 */
uint64_t segment_plan_frame(const struct segment_plan *plan, uint64_t k, uint32_t rate, uint32_t priming);

/* How many segments DURATION_MS milliseconds of sound fill, rounded up generously: for reserving room. */
uint64_t segment_plan_count(const struct segment_plan *plan, uint64_t duration_ms);

#endif
