/* SPDX-License-Identifier: MIT */
/*
 * The gating blocks of a track by loudness (loudness.h) as a blob of the database: six bytes for each bin that is not
 * empty, its number and its count, little-endian.
 */
#ifndef TONEARM_MODEL_LOUDNESS_BINS_H
#define TONEARM_MODEL_LOUDNESS_BINS_H

#include "db/db.h"
#include "model/loudness.h"

enum { LOUDNESS_BINS_BYTES = 6 * LOUDNESS_BINS };

/* BINS (LOUDNESS_BINS of them) to OUT, which has room for LOUDNESS_BINS_BYTES; gives the length. */
size_t loudness_bins_pack(const uint32_t *bins, unsigned char *out);

/* Adds what the LENGTH bytes of BLOB count to BINS; what makes no sense is passed over. */
void loudness_bins_add(const unsigned char *blob, size_t length, uint64_t *bins);

/*
 * What the rows of ROWS, (true peak in dBTP, blob), come to as one: OUT gets its integrated loudness and its true peak,
 * all else in it is 0. Steps and resets ROWS. Database errors.
 */
enum err loudness_bins_sum(struct db_stmt *rows, struct loudness *out, struct err_info *info);

#endif
