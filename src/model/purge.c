/* SPDX-License-Identifier: MIT */
#include "model/purge.h"

#include <stdio.h>

enum err purge_put(struct db *db, const char *target, const struct purge *purge, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PURGE_PUT);

	db_bind_text(stmt, ":target", target);
	db_bind_text(stmt, ":track", purge->track);
	db_bind_text(stmt, ":files", purge->files);
	db_bind_text(stmt, ":qualities", purge->qualities);
	db_bind_int(stmt, ":now", purge->asked_ms);
	return db_run(stmt, info);
}

enum err purge_list(struct db *db, const char *target, size_t most, struct arena *arena, struct purge **out,
	size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PURGE_LIST);
	enum err err;

	*out = arena_array(arena, most, sizeof **out);
	*count = 0;
	db_bind_text(stmt, ":target", target);
	db_bind_int(stmt, ":most", (int64_t)most);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		struct purge *purge = &(*out)[(*count)++];

		snprintf(purge->track, sizeof purge->track, "%s", db_text(stmt, 0));
		purge->files = arena_strdup(arena, db_text(stmt, 1));
		purge->qualities = arena_strdup(arena, db_text(stmt, 2));
		purge->asked_ms = db_int(stmt, 3);
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err purge_done(struct db *db, const char *target, const struct purge *purge, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PURGE_DELETE);

	db_bind_text(stmt, ":target", target);
	db_bind_text(stmt, ":track", purge->track);
	db_bind_int(stmt, ":asked", purge->asked_ms);
	return db_run(stmt, info);
}
