/* SPDX-License-Identifier: MIT */
/*
 * What was measured of a track (loudness.h) in the database: its levels, a column each, and its gating blocks by
 * loudness as a blob, six bytes for each bin that is not empty, its number and its count, little-endian.
 */
#ifndef TONEARM_MODEL_LOUDNESS_BINS_H
#define TONEARM_MODEL_LOUDNESS_BINS_H

#include "db/db.h"
#include "model/loudness.h"

/* Binds the five levels of LOUDNESS, and BINS (LOUDNESS_BINS of them) as :blocks, by the names of their columns. */
void loudness_bins_bind(struct db_stmt *stmt, const struct loudness *loudness, const uint32_t *bins);

/* The five levels in columns 0 to 4 of the current row; all else in it is 0. */
struct loudness loudness_bins_levels(struct db_stmt *stmt);

/* Adds what the LENGTH bytes of BLOB count to BINS; what makes no sense is passed over. */
void loudness_bins_add(const unsigned char *blob, size_t length, uint64_t *bins);

/*
 * What the rows of ROWS, (true peak in dBTP, blob), come to as one: OUT gets its integrated loudness and its true peak,
 * all else in it is 0. Steps and resets ROWS. Database errors.
 */
enum err loudness_bins_sum(struct db_stmt *rows, struct loudness *out, struct err_info *info);

#endif
