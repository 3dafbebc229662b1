/* SPDX-License-Identifier: MIT */
/*
 * How much sound an encoded packet holds, read from its first bytes: for those who pass packets on without decoding
 * them. Pure, thread-safe.
 */
#ifndef TONEARM_PACKAGE_FRAME_H
#define TONEARM_PACKAGE_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* Each gives the samples a channel that the LENGTH bytes of a packet decode to; 0 when they are no such packet. */

/* At 48 kHz, 120 ms at most (RFC 6716 section 3). */
uint32_t frame_opus(const unsigned char *bytes, size_t length);

/* The block size of a frame (RFC 9639 section 9.1). */
uint32_t frame_flac(const unsigned char *bytes, size_t length);

/* Layer III alone (ISO/IEC 11172-3 section 2.4.2.3, 13818-3 section 2.4.2.3). */
uint32_t frame_mp3(const unsigned char *bytes, size_t length);

#endif
