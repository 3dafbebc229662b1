/* SPDX-License-Identifier: MIT */
/*
 * The gating blocks of a track by loudness (loudness.h) as a blob of the database: six bytes for each bin that is not
 * empty, its number and its count, little-endian. Pure.
 */
#ifndef TONEARM_MODEL_LOUDNESS_BINS_H
#define TONEARM_MODEL_LOUDNESS_BINS_H

#include "model/loudness.h"

enum { LOUDNESS_BINS_BYTES = 6 * LOUDNESS_BINS };

/* BINS (LOUDNESS_BINS of them) to OUT, which has room for LOUDNESS_BINS_BYTES; gives the length. */
size_t loudness_bins_pack(const uint32_t *bins, unsigned char *out);

/* Adds what the LENGTH bytes of BLOB count to BINS; what makes no sense is passed over. */
void loudness_bins_add(const unsigned char *blob, size_t length, uint64_t *bins);

#endif
