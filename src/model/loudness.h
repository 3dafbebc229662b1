/* SPDX-License-Identifier: MIT */
/*
 * How loud a track is, after EBU R128 (ITU-R BS.1770-4, EBU Tech 3341 and 3342), and what was done about it. The worker
 * measures, the runner writes the row when it publishes, the API shows it. A row goes with its track.
 *
 * The loudness of an album is that of its tracks played one after the other. It cannot be had from their integrated
 * values, so each track keeps how many of its gating blocks (400 ms, one every 100 ms) were how loud, in steps of
 * 0.1 LU; from these the gates of BS.1770-4 are taken over the whole album (loudness_album()).
 */
#ifndef TONEARM_MODEL_LOUDNESS_H
#define TONEARM_MODEL_LOUDNESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Least values that are told: below the absolute gate nothing counts, and digital silence has no logarithm. */
#define LOUDNESS_SILENT_LUFS -70.0
#define LOUDNESS_SILENT_DBTP -120.0

/* Blocks from -70 LUFS up in steps of 0.1 LU; the last counts all that are louder. */
enum { LOUDNESS_BINS = 1000 };

struct loudness {
	double integrated_lufs; /* LOUDNESS_SILENT_LUFS when nothing passes the gate; likewise the next two maxima */
	double range_lu;
	double momentary_max_lufs, short_term_max_lufs; /* windows of 400 ms and 3 s, every 10 ms */
	double true_peak_dbtp;                          /* of the loudest channel */
	double gain_db; /* to the target: what a player shall add ("tags"), or what was added to the sound ("apply") */
	bool applied;
};

/*
 * The gain that brings LOUDNESS to TARGET_LUFS, lowered so that its true peak stays at or below PEAK_DBTP. 0 for
 * silence, and for what is louder than any number.
 */
double loudness_gain(const struct loudness *loudness, double target_lufs, double peak_dbtp);

/* The bin of a block of LUFS. A block below -70 LUFS has none: -1. */
int loudness_bin(double lufs);

/*
 * The integrated loudness of all blocks that BINS (LOUDNESS_BINS of them) count, gated after BS.1770-4;
 * LOUDNESS_SILENT_LUFS when there are none. Bins make it inexact by less than 0.05 LU.
 */
double loudness_album(const uint64_t *bins);

#endif
