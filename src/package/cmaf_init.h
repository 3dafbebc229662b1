/* SPDX-License-Identifier: MIT */
/*
 * The init section of a CMAF track: ftyp and moov. cmaf.c writes it twice, empty of durations when a track begins and
 * with them when it ends; its size depends on the track alone, so the second lands exactly on the first. Thread-safe,
 * no state.
 */
#ifndef TONEARM_PACKAGE_CMAF_INIT_H
#define TONEARM_PACKAGE_CMAF_INIT_H

#include "package/cmaf.h"

#include "base/buf.h"

/* What is known only at the end; zeroed before. */
struct cmaf_totals {
	uint64_t samples;        /* presented length, in the track's timescale */
	uint32_t average, peak;  /* bits/s of the encoded frames alone, for esds and btrt */
	struct cmaf_gain gain;
	uint32_t frame_duration; /* of the first frame, in the timescale: Opus' roll distance follows from it */
};

/*
 * Looks at codec, timescale, rate, channels and codec configuration. ERR_UNPROCESSABLE with a sentence for a track that
 * cannot be written.
 */
enum err cmaf_init_check(const struct cmaf_track *track, struct err_info *info);

/* Appends ftyp and moov of a checked TRACK to OUT. */
void cmaf_init_put(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals);

#endif
