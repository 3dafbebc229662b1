/* SPDX-License-Identifier: MIT */
/*
 * A stage between decoder and filters, only there when the sound is to be changed: decoded frames go to planar float at
 * their own rate, mixed to as many channels as the renditions have, through the libavfilter graph of an effect preset.
 *
 *     frame ─► filter (float, 1 or 2 channels) ─► graph of the preset ─► frame
 *
 * The graph may shorten the sound: the length of the renditions is that of what comes out here. The limiter of
 * loudness_gain() works in the same graph, at four times the rate, where the peaks of samples are those of the sound
 * between them.
 *
 * A shape belongs to one thread.
 */
#ifndef TONEARM_MEDIA_SHAPE_H
#define TONEARM_MEDIA_SHAPE_H

#include "base/err.h"

#include <libavutil/frame.h>
#include <stdint.h>

/* A limiter behind the preset; zeroed, there is none. */
struct shape_limiter {
	double gain_db, peak_db; /* gain before it; the most it lets through */
};

struct shape;

/* Receives a frame, which stays the shape's. An error ends the call and is returned by it. */
typedef enum err shape_sink(void *context, const AVFrame *frame, struct err_info *info);

/*
 * A shape by FILTER, which has passed preset_check() (NULL: none), and LIMITER (NULL: none) for sound of SAMPLE_RATE
 * Hz, giving CHANNELS (1 or 2). ERR_UNPROCESSABLE when libavfilter does not take what FILTER says; ERR_NO_MEMORY. *OUT
 * is owned by the caller (shape_close()), NULL on failure.
 */
enum err shape_open(const char *filter, const struct shape_limiter *limiter, int sample_rate, int channels,
	struct shape **out, struct err_info *info);

/* Takes FRAME (stays the caller's) and hands what is ready to SINK. */
enum err shape_push(
	struct shape *shape, const AVFrame *frame, shape_sink *sink, void *context, struct err_info *info);

/* The end: hands out the rest. *SAMPLES is how many came out in all. */
enum err shape_finish(
	struct shape *shape, shape_sink *sink, void *context, uint64_t *samples, struct err_info *info);

/* NULL is fine. */
void shape_close(struct shape *shape);

#endif
