/* SPDX-License-Identifier: MIT */
/*
 * Where a stream of Layer III frames can pass from one encoder to another (ISO/IEC 11172-3 and 13818-3, section
 * 2.4.1.7). The main data of a frame may begin in the room that the frames before it have left, and a decoder needs all
 * of it. So the new encoder's first frame brings along what its own frames before it hold of its main data; that takes
 * the place of what the old encoder put there for the frame that is now left out:
 *
 *     old encoder   │h│ n-2 n-2 n-1 │h│ n-1 n-1  n  │h│  n   n   n  │     h: header and side information
 *     new encoder   │h│ n-2 n-2 n-2 │h│ n-1 n-1  n  │h│  n   n  n+1 │
 *     together      │h│ n-2 n-2 n-1 │h│ n-1 n-1 [n] │h│  n   n  n+1 │
 *
 * There is room for it where the new encoder's frame reaches no further back than the old one's. No FFmpeg here. Pure,
 * thread-safe.
 */
#ifndef TONEARM_MEDIA_MP3_STREAM_H
#define TONEARM_MEDIA_MP3_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mp3_frame {
	uint8_t *room;   /* for main data: what is behind header, checksum and side information, up to the end */
	size_t size;     /* of that */
	size_t reach;    /* bytes of its main data that are in the room of frames before (main_data_begin) */
	unsigned window; /* of its last granule, in all channels: alike where the numbers are equal */
};

/* The frame that the SIZE bytes at DATA are, which outlive it. False when they are none, or too few. */
bool mp3_frame_read(uint8_t *data, size_t size, struct mp3_frame *frame);

/*
 * Frames of two encoders, in FRESH those for the same sound as in OLD, one by one. Makes frame AT of FRESH follow the
 * AT frames of OLD, whose room it changes. False, and nothing is changed, where it cannot: the frame reaches back too
 * far, or the halves of the windows there do not belong together.
 */
bool mp3_join(const struct mp3_frame *old, const struct mp3_frame *fresh, size_t at);

#endif
