/* SPDX-License-Identifier: MIT */
/*
 * The window of an AAC frame, read from its first bits: what its neighbours must know of it. A decoder adds the second
 * half of each frame to the first half of the next one, and gets the sound back only where both were windowed alike. No
 * FFmpeg here. Pure, thread-safe.
 */
#ifndef TONEARM_MEDIA_AAC_WINDOW_H
#define TONEARM_MEDIA_AAC_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aac_window {
	uint8_t sequence; /* only long, long start, eight short, long stop */
	uint8_t shape;    /* sine, Kaiser-Bessel */
};

/*
 * The window that all channels of the raw_data_block() at DATA share (ISO/IEC 14496-3, 4.4.2: a single channel element,
 * or a channel pair element with a common window). False when they do not, or when it begins with something else.
 */
bool aac_window_read(const uint8_t *data, size_t size, struct aac_window *window);

#endif
