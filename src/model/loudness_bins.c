/* SPDX-License-Identifier: MIT */
#include "model/loudness_bins.h"

#include <math.h>

enum { ENTRY_BYTES = 6 };

/* To OUT, which has room for ENTRY_BYTES a bin; gives the length. */
static size_t pack(const uint32_t *bins, unsigned char *out)
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

void loudness_bins_bind(struct db_stmt *stmt, const struct loudness *loudness, const uint32_t *bins)
{
	unsigned char blob[ENTRY_BYTES * LOUDNESS_BINS];

	db_bind_real(stmt, ":integrated_lufs", loudness->integrated_lufs);
	db_bind_real(stmt, ":range_lu", loudness->range_lu);
	db_bind_real(stmt, ":momentary_max_lufs", loudness->momentary_max_lufs);
	db_bind_real(stmt, ":short_term_max_lufs", loudness->short_term_max_lufs);
	db_bind_real(stmt, ":true_peak_dbtp", loudness->true_peak_dbtp);
	db_bind_blob(stmt, ":blocks", blob, pack(bins, blob));
}

struct loudness loudness_bins_levels(struct db_stmt *stmt)
{
	return (struct loudness){.integrated_lufs = db_real(stmt, 0),
		.range_lu = db_real(stmt, 1),
		.momentary_max_lufs = db_real(stmt, 2),
		.short_term_max_lufs = db_real(stmt, 3),
		.true_peak_dbtp = db_real(stmt, 4)};
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
