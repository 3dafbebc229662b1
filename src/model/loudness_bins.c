/* SPDX-License-Identifier: MIT */
#include "model/loudness_bins.h"

#include <math.h>

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

enum err loudness_bins_sum(struct db_stmt *rows, struct loudness *out, struct err_info *info)
{
	uint64_t bins[LOUDNESS_BINS] = {0};
	enum err err;

	*out = (struct loudness){.true_peak_dbtp = LOUDNESS_SILENT_DBTP};
	while ((err = db_step(rows, info)) == ERR_OK) {
		size_t length;
		const unsigned char *blob = db_blob(rows, 1, &length);

		out->true_peak_dbtp = fmax(out->true_peak_dbtp, db_real(rows, 0));
		loudness_bins_add(blob, length, bins);
	}
	db_reset(rows);
	out->integrated_lufs = loudness_album(bins);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
