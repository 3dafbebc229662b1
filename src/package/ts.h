/* SPDX-License-Identifier: MIT */
/*
 * Segments of AAC as an MPEG transport stream (ISO/IEC 13818-1), for players of HLS that know no fragmented MP4: frames
 * in, bytes out, each segment for itself, whichever was asked for before.
 *
 *     PAT PMT  PES(ADTS frames of at most 100 ms) PES ... PES
 *
 * - A segment starts with its tables, and each PES packet with a clock reference.
 * - Continuity counters go on from segment to segment without a look at the others: the packets of sound in a segment
 *   are a multiple of 16, its last PES packet being spread over more of them.
 * - Time stamps count from 10 s at the first sample that is to be heard (TS_START), whatever the sampling rate, and go
 *   on through all segments modulo 2^33. So all renditions have one timeline, the one of their fragmented MP4. What
 *   lies before that sample, the encoder's delay, and what fills up the last frame is heard all the same: a transport
 *   stream has no edit list.
 *
 * The same input gives the same bytes. Pure, thread-safe.
 */
#ifndef TONEARM_PACKAGE_TS_H
#define TONEARM_PACKAGE_TS_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum { TS_PACKET = 188, TS_START = 900000 /* of 90 kHz */ };

struct ts_frame {
	const void *bytes; /* AAC-LC without ADTS header */
	size_t length;     /* at most ADTS_FRAME_MOST - ADTS_HEADER */
};

struct ts_segment {
	uint64_t number;                /* from 0, within the playlist */
	uint32_t sample_rate, channels; /* adts_can_say() */
	/* Samples from the first that is to be heard to those of the first frame; below 0: delay, at most 10 s. */
	int64_t start;
	const struct ts_frame *frames;
	size_t count; /* at least 1 */
};

/* Appends SEGMENT. What does not fit is told by OUT->overflow. */
void ts_put(struct buf *out, const struct ts_segment *segment);

/*
 * The most bits a second of segments that have at most PEAK as CMAF, for sound of SAMPLE_RATE Hz in segments of about
 * SEGMENT_MS milliseconds.
 */
uint32_t ts_bandwidth(uint32_t peak, uint32_t sample_rate, uint32_t segment_ms);

#endif
