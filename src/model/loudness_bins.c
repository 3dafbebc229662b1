/* SPDX-License-Identifier: MIT */
#include "model/loudness_bins.h"

enum { ENTRY_BYTES = LOUDNESS_BINS_BYTES / LOUDNESS_BINS };

size_t loudness_bins_pack(const uint32_t *bins, unsigned char *out)
{
	unsigned char *at = out;

	for (uint32_t bin = 0; bin < LOUDNESS_BINS; bin++) {
		if (bins[bin] == 0)
			continue;
		for (int i = 0; i < 2; i++)
			*at++ = (unsigned char)(bin >> 8 * i);
		for (int i = 0; i < 4; i++)
			*at++ = (unsigned char)(bins[bin] >> 8 * i);
	}
	return (size_t)(at - out);
}

void loudness_bins_add(const unsigned char *blob, size_t length, uint64_t *bins)
{
	for (; length >= ENTRY_BYTES; blob += ENTRY_BYTES, length -= ENTRY_BYTES) {
		unsigned bin = blob[0] | (unsigned)blob[1] << 8;

		if (bin < LOUDNESS_BINS)
			bins[bin] += blob[2] | (uint32_t)blob[3] << 8 | (uint32_t)blob[4] << 16 |
				     (uint32_t)blob[5] << 24;
	}
}
