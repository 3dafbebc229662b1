/* SPDX-License-Identifier: MIT */
/*
 * AAC frames with a header each, as a plain .aac file and a transport stream have them (ISO/IEC 14496-3 section 1.A.2,
 * ADTS). Pure, thread-safe.
 */
#ifndef TONEARM_PACKAGE_ADTS_H
#define TONEARM_PACKAGE_ADTS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a header without checksum, of the largest frame with its header, and samples a frame holds. */
enum { ADTS_HEADER = 7, ADTS_FRAME_MOST = 8191, ADTS_SAMPLES = 1024 };

struct adts_frame {
	uint32_t sample_rate, channels;
	size_t header, size; /* bytes of the header; of the frame with it */
};

/* Whether a header can say it: AAC-LC of 1 or 2 channels at one of the rates of 14496-3 table 1.18. */
bool adts_can_say(uint32_t sample_rate, uint32_t channels);

/* The header of an AAC-LC frame of LENGTH bytes, at most ADTS_FRAME_MOST - ADTS_HEADER; adts_can_say() is true. */
void adts_put(struct buf *out, uint32_t sample_rate, uint32_t channels, size_t length);

/*
 * Reads the header that BYTES start with. False when it is none, or not that of one whole AAC-LC frame of 1 or 2
 * channels that is all of the LENGTH bytes.
 */
bool adts_read(const unsigned char *bytes, size_t length, struct adts_frame *out);

/* The AudioSpecificConfig (14496-3 section 1.6.2.1) that says the same as such a header. */
void adts_config(const struct adts_frame *frame, unsigned char config[static 2]);

#endif
