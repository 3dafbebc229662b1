/* SPDX-License-Identifier: MIT */
/*
 * Albums whose tracks get one gain into their renditions, which must be known before the first of them is encoded.
 *
 *     uploads, each saying how many tracks the album has
 *        └─► a part each ──measured by its job──► it waits ──the last is measured──► one gain for all ──► jobs go on
 *
 * - An album is the tracks of one owner under one name. It is complete when as many are there as the newest upload
 *   said, less those that were deleted since, and each was measured or has failed: a file that is no music does not
 *   hold up the others. Those that were announced and do not come do so for a while.
 * - Its gain is that of the whole, played track after track, lowered so that the greatest peak of all stays below the
 *   limit. Then it is settled for good.
 * - A track that comes later gets that gain, less where it would clip by it.
 *
 * Functions take a connection that the caller holds; those that change something want a transaction around them.
 */
#ifndef TONEARM_MODEL_ALBUM_H
#define TONEARM_MODEL_ALBUM_H

#include "db/db.h"
#include "model/loudness.h"

struct album_part {
	bool measured; /* the next two are filled */
	bool settled;  /* and its gain_db is */
	struct loudness loudness;
	uint32_t bins[LOUDNESS_BINS];
};

/* TRACK becomes one of the TRACKS of the album NAME of its owner, unless its gain is settled. Database errors. */
enum err album_add(struct db *db, const char *track, const char *name, int64_t tracks, struct err_info *info);

/* ERR_NOT_FOUND when TRACK is part of no album; database errors. */
enum err album_get(struct db *db, const char *track, struct album_part *out, struct err_info *info);

/* What TRACK was measured to be. ERR_NOT_FOUND when it is part of no album; database errors. */
enum err album_measured(struct db *db, const char *track, const struct loudness *loudness, const uint32_t *bins,
	struct err_info *info);

/*
 * Settles the gain of TRACK, which was measured, if it can be: the gain to TARGET_LUFS that keeps peaks at or below
 * PEAK_DBTP (HUGE_VAL: a limiter will). An album whose newest track came by LONG_AGO (ms) is what is there, but for
 * tracks whose jobs wait or run. *SETTLED tells. Database errors.
 */
enum err album_settle(struct db *db, const char *track, double target_lufs, double peak_dbtp, int64_t long_ago_ms,
	bool *settled, struct err_info *info);

/* The album NAME of OWNER shall have TRACKS tracks, whatever its uploads said. Database errors. */
enum err album_expect(
	struct db *db, const char *owner, const char *name, int64_t tracks, struct err_info *info);

/* Jobs that wait for the album NAME of OWNER look again at NOW. Database errors. */
enum err album_release(struct db *db, const char *owner, const char *name, int64_t now_ms, struct err_info *info);

#endif
