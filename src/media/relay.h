/* SPDX-License-Identifier: MIT */
/*
 * One AAC stream by encoders that relieve each other, so that a rendition which takes longer than all others together
 * keeps all cores busy instead of one. The sound is cut into spans; each has an encoder and a thread of its own, some of
 * them at a time. An encoder begins a little before its span, so that it has settled when it takes over, and goes on a
 * little beyond it:
 *
 *     frames   ├────────── span 0 ──────────┼────────── span 1 ──────────┼── ...
 *     encoder 0 ═══════════════════════════════╗
 *     encoder 1                       ░░░░╚═════════════════════════════════╗
 *                               settling  └┬┘ here it takes over
 *
 * It takes over at the first frame, in the stretch that both have encoded, before which both used the same window
 * (aac_window.h): the halves of the two frames at the seam then belong together, as AAC-LC frames depend on nothing
 * else of their neighbours. Where there is no such frame it takes over at the last one. The result depends on the sound
 * alone, neither on the number of cores nor on their speed.
 *
 * A relay belongs to one thread.
 */
#ifndef TONEARM_MEDIA_RELAY_H
#define TONEARM_MEDIA_RELAY_H

#include "media/encode.h"

enum {
	RELAY_SPAN_FRAMES = 1024, /* 24 s at 44.1 kHz */
	RELAY_SETTLE_FRAMES = 8,  /* before its span */
	RELAY_OVERLAP_FRAMES = 4, /* beyond it */
	RELAY_SPANS_MOST = 8
};

struct relay;

/*
 * A relay for RENDITION, of codec "aac", whose text outlives it, with SPANS (2 to RELAY_SPANS_MOST) at work at a time.
 * Each takes as much memory as its sound in planar float, which renditions of a format share. *OUT is owned by the caller (relay_close()), NULL on
 * failure. ERR_NO_MEMORY.
 */
enum err relay_open(
	const struct conf_rendition *rendition, size_t spans, struct relay **out, struct err_info *info);

/*
 * As encode_frame(): FRAME holds the encoder's frame_samples, the last maybe fewer; packets reach SINK in their order.
 * Waits while it is that many spans ahead.
 */
enum err relay_frame(
	struct relay *relay, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info);

/* Ends the threads if they still run. NULL is fine. */
void relay_close(struct relay *relay);

#endif
