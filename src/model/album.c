/* SPDX-License-Identifier: MIT */
#include "model/album.h"

#include "model/loudness_bins.h"

#include <math.h>
#include <string.h>

enum err album_add(struct db *db, const char *track, const char *name, int64_t tracks, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_PART_ADD);

	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":name", name);
	db_bind_int(stmt, ":tracks", tracks);
	return db_run(stmt, info);
}

static void read_part(struct db_stmt *stmt, struct album_part *out)
{
	uint64_t bins[LOUDNESS_BINS] = {0};
	size_t length = 0;
	const unsigned char *blob = db_blob(stmt, 5, &length);

	memset(out, 0, sizeof *out);
	out->measured = !db_is_null(stmt, 5);
	out->settled = !db_is_null(stmt, 6);
	out->loudness = loudness_bins_levels(stmt);
	out->loudness.gain_db = out->settled ? db_real(stmt, 6) : 0;
	out->loudness.applied = true;
	loudness_bins_add(blob, length, bins);
	for (size_t i = 0; i < LOUDNESS_BINS; i++)
		out->bins[i] = (uint32_t)bins[i];
}

enum err album_get(struct db *db, const char *track, struct album_part *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_PART_GET);
	enum err err;

	db_bind_text(stmt, ":track", track);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		read_part(stmt, out);
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "this track is part of no album");
	db_reset(stmt);
	return err;
}

enum err album_measured(struct db *db, const char *track, const struct loudness *loudness, const uint32_t *bins,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_PART_MEASURED);
	enum err err;

	db_bind_text(stmt, ":track", track);
	loudness_bins_bind(stmt, loudness, bins);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_NOT_FOUND, "the track of this job was deleted");
	return err;
}

/* How it stands with the album of a track. */
struct state {
	int64_t parts, tracks, awaited;
	bool settled;
	double gain_db;
	int64_t newest_ms, coming;
};

static enum err read_state(struct db *db, const char *track, struct state *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_STATE);
	enum err err;

	db_bind_text(stmt, ":track", track);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		*out = (struct state){.parts = db_int(stmt, 0),
			.tracks = db_int(stmt, 1),
			.awaited = db_int(stmt, 2),
			.settled = !db_is_null(stmt, 3),
			.gain_db = db_real(stmt, 3),
			.newest_ms = db_int(stmt, 4),
			.coming = db_int(stmt, 5)};
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_set(info, err, "the track of this job was deleted") : err;
}

/* The loudness and the greatest peak of all that was measured of the album. */
static enum err read_whole(struct db *db, const char *track, struct loudness *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_PART_LIST);

	db_bind_text(stmt, ":track", track);
	return loudness_bins_sum(stmt, out, info);
}

static enum err set_gain(struct db *db, enum sql sql, const char *track, double gain_db, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, sql);

	db_bind_text(stmt, ":track", track);
	db_bind_real(stmt, ":gain_db", gain_db);
	return db_run(stmt, info);
}

/* TRACK came when the album had its gain. */
static enum err settle_late(
	struct db *db, const char *track, double album_gain_db, double peak_dbtp, struct err_info *info)
{
	struct album_part part;
	enum err err = album_get(db, track, &part, info);

	if (err != ERR_OK)
		return err;
	return set_gain(db, SQL_ALBUM_PART_SETTLE, track, fmin(album_gain_db, peak_dbtp - part.loudness.true_peak_dbtp),
		info);
}

/* All that were announced are there; or the last came long ago, and none of those that came is on its way. */
static bool is_whole(const struct state *state, int64_t long_ago_ms)
{
	return (state->parts >= state->tracks && state->awaited == 0) ||
	       (state->newest_ms <= long_ago_ms && state->coming == 0);
}

enum err album_settle(struct db *db, const char *track, double target_lufs, double peak_dbtp, int64_t long_ago_ms,
	bool *settled, struct err_info *info)
{
	struct loudness whole;
	struct state state = {0};
	enum err err = read_state(db, track, &state, info);

	*settled = err == ERR_OK && (state.settled || is_whole(&state, long_ago_ms));
	if (!*settled)
		return err;
	if (state.settled)
		return settle_late(db, track, state.gain_db, peak_dbtp, info);
	err = read_whole(db, track, &whole, info);
	return err == ERR_OK
		       ? set_gain(db, SQL_ALBUM_SETTLE, track, loudness_gain(&whole, target_lufs, peak_dbtp), info)
		       : err;
}

enum err album_expect(
	struct db *db, const char *owner, const char *name, int64_t tracks, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_EXPECT);

	db_bind_text(stmt, ":owner", owner);
	db_bind_text(stmt, ":name", name);
	db_bind_int(stmt, ":tracks", tracks);
	return db_run(stmt, info);
}

enum err album_release(struct db *db, const char *owner, const char *name, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ALBUM_RELEASE);

	db_bind_text(stmt, ":owner", owner);
	db_bind_text(stmt, ":name", name);
	db_bind_int(stmt, ":now", now_ms);
	return db_run(stmt, info);
}
