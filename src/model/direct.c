/* SPDX-License-Identifier: MIT */
#include "model/direct.h"

#include <inttypes.h>
#include <stdio.h>

int64_t direct_parts(const struct direct *direct)
{
	return direct->size / direct->part_size + (direct->size % direct->part_size != 0);
}

int64_t direct_part_size(const struct direct *direct, int64_t number)
{
	int64_t left = direct->size - (number - 1) * direct->part_size;

	return left < direct->part_size ? left : direct->part_size;
}

const char *direct_key(const char *id, int64_t number, struct arena *arena)
{
	return arena_printf(arena, "%s/%" PRId64, id, number);
}

enum err direct_put(struct db *db, const struct direct *row, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_DIRECT_PUT);

	db_bind_text(stmt, ":id", row->id);
	db_bind_text(stmt, ":owner", row->owner);
	db_bind_int(stmt, ":size", row->size);
	db_bind_int(stmt, ":part_size", row->part_size);
	db_bind_text(stmt, ":sha256", row->sha256);
	db_bind_text(stmt, ":filename", row->filename);
	db_bind_text(stmt, ":fields", row->fields);
	db_bind_int(stmt, ":created_ms", row->created_ms);
	db_bind_int(stmt, ":expires_ms", row->expires_ms);
	db_bind_int(stmt, ":finished_ms", row->finished_ms);
	return db_run(stmt, info);
}

/* Steps STMT once and resets it. */
static enum err read_one(struct db_stmt *stmt, struct arena *arena, struct direct *out, struct err_info *info)
{
	enum err err = db_step(stmt, info);

	if (err == ERR_OK) {
		*out = (struct direct){.owner = arena_strdup(arena, db_text(stmt, 1)),
			.size = db_int(stmt, 2),
			.part_size = db_int(stmt, 3),
			.sha256 = arena_strdup(arena, db_text(stmt, 4)),
			.filename = arena_strdup(arena, db_text(stmt, 5)),
			.fields = arena_strdup(arena, db_text(stmt, 6)),
			.created_ms = db_int(stmt, 7),
			.expires_ms = db_int(stmt, 8),
			.finished_ms = db_int(stmt, 9)};
		snprintf(out->id, sizeof out->id, "%s", db_text(stmt, 0));
	}
	db_reset(stmt);
	return err;
}

enum err direct_get(struct db *db, const char *id, struct arena *arena, struct direct *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_DIRECT_GET);

	db_bind_text(stmt, ":id", id);
	return read_one(stmt, arena, out, info);
}

enum err direct_delete(struct db *db, const char *id, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_DIRECT_DELETE);

	db_bind_text(stmt, ":id", id);
	return db_run(stmt, info);
}

enum err direct_count(struct db *db, const char *owner, int64_t now_ms, int64_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_DIRECT_COUNT);

	db_bind_text(stmt, ":owner", owner);
	db_bind_int(stmt, ":now", now_ms);
	return db_number(stmt, count, info);
}

enum err direct_expired(struct db *db, int64_t now_ms, struct arena *arena, struct direct *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_DIRECT_EXPIRED);

	db_bind_int(stmt, ":now", now_ms);
	return read_one(stmt, arena, out, info);
}
