/* SPDX-License-Identifier: MIT */
/*
 * The loudness of tracks in the database. A row is written when renditions are published, and stays as the first of
 * them set it: what is made later for the same track gets the same gain and the same effects. Functions take a
 * connection that the caller holds.
 *
 * Tracks of one owner that were uploaded under one name of an album share an album gain, so that what is quiet within
 * the album stays quiet. It is computed anew, for all of them, whenever one joins or is
 * deleted.
 */
#ifndef TONEARM_MODEL_LOUDNESS_ROW_H
#define TONEARM_MODEL_LOUDNESS_ROW_H

#include "base/arena.h"
#include "db/db.h"
#include "model/loudness.h"

struct loudness_row {
	struct loudness loudness;
	const char *filter; /* of the effect preset, or NULL */
	const char *album;  /* the name its album goes by, or NULL */
	double album_lufs, album_peak_dbtp, album_gain_db; /* when ALBUM is not NULL */
};

/*
 * Inserts ROW (its album's levels are not read) with the gating blocks BINS (LOUDNESS_BINS of them) for TRACK; a row
 * that is there stays. Within a transaction also the album's levels, for all its tracks: the gain to TARGET_LUFS that
 * keeps the loudest peak at or below PEAK_DBTP. Database errors.
 */
enum err loudness_row_put(struct db *db, const char *track, const struct loudness_row *row, const uint32_t *bins,
	double target_lufs, double peak_dbtp, struct err_info *info);

/* Text in ARENA. ERR_NOT_FOUND when TRACK was not measured. */
enum err loudness_row_get(
	struct db *db, const char *track, struct arena *arena, struct loudness_row *out, struct err_info *info);

/*
 * Within a transaction, before TRACK is deleted: its row goes, and the others of its album get their levels anew, as in
 * loudness_row_put(). Nothing happens when it was not measured. Database errors.
 */
enum err loudness_row_delete(struct db *db, const char *track, double target_lufs, double peak_dbtp,
	struct arena *arena, struct err_info *info);

#endif
