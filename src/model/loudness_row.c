/* SPDX-License-Identifier: MIT */
#include "model/loudness_row.h"

#include "model/loudness_bins.h"

#include <math.h>

static enum err read_album(struct db *db, const char *track, const char *album, struct loudness *out,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_LOUDNESS_ALBUM_LIST);

	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":album", album);
	return loudness_bins_sum(stmt, out, info);
}

static enum err update_album(struct db *db, const char *track, const char *album, double target_lufs,
	double peak_dbtp, struct err_info *info)
{
	struct loudness all;
	enum err err = read_album(db, track, album, &all, info);
	struct db_stmt *stmt;

	if (err != ERR_OK)
		return err;
	stmt = db_stmt(db, SQL_LOUDNESS_ALBUM_SET);
	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":album", album);
	db_bind_real(stmt, ":lufs", all.integrated_lufs);
	db_bind_real(stmt, ":peak_dbtp", all.true_peak_dbtp);
	db_bind_real(stmt, ":gain_db", loudness_gain(&all, target_lufs, peak_dbtp));
	return db_run(stmt, info);
}

enum err loudness_row_put(struct db *db, const char *track, const struct loudness_row *row, const uint32_t *bins,
	double target_lufs, double peak_dbtp, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_LOUDNESS_PUT);
	enum err err;

	db_bind_text(stmt, ":track", track);
	loudness_bins_bind(stmt, &row->loudness, bins);
	db_bind_real(stmt, ":gain_db", row->loudness.gain_db);
	db_bind_int(stmt, ":applied", row->loudness.applied);
	db_bind_text(stmt, ":filter", row->filter);
	db_bind_text(stmt, ":album", row->album);
	err = db_run(stmt, info);
	if (err == ERR_OK && row->album != NULL && db_changes(db) > 0)
		err = update_album(db, track, row->album, target_lufs, peak_dbtp, info);
	return err;
}

enum err loudness_row_get(
	struct db *db, const char *track, struct arena *arena, struct loudness_row *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_LOUDNESS_GET);
	enum err err;

	db_bind_text(stmt, ":track", track);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		*out = (struct loudness_row){
			.loudness = loudness_bins_levels(stmt),
			.filter = arena_strdup(arena, db_text(stmt, 7)),
			.album = arena_strdup(arena, db_text(stmt, 8)),
			.album_lufs = db_real(stmt, 9),
			.album_peak_dbtp = db_real(stmt, 10),
			.album_gain_db = db_real(stmt, 11),
		};
		out->loudness.gain_db = db_real(stmt, 5);
		out->loudness.applied = db_int(stmt, 6) != 0;
	} else if (err == ERR_NOT_FOUND) {
		err_set(info, err, "the loudness of this track was not measured");
	}
	db_reset(stmt);
	return err;
}

enum err loudness_row_delete(struct db *db, const char *track, double target_lufs, double peak_dbtp,
	struct arena *arena, struct err_info *info)
{
	struct loudness_row row;
	struct db_stmt *stmt;
	enum err err = loudness_row_get(db, track, arena, &row, info);

	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? err_clear(info) : err;
	stmt = db_stmt(db, SQL_LOUDNESS_DELETE);
	db_bind_text(stmt, ":track", track);
	err = db_run(stmt, info);
	return err == ERR_OK && row.album != NULL ? update_album(db, track, row.album, target_lufs, peak_dbtp, info)
						  : err;
}
