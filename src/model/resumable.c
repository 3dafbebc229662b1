/* SPDX-License-Identifier: MIT */
#include "model/resumable.h"

#include "model/words.h"

#include <stdio.h>

static const char *const kinds[] = {
	[RESUMABLE_WHOLE] = "whole", [RESUMABLE_PARTIAL] = "partial", [RESUMABLE_FINAL] = "final"};

enum err resumable_put(struct db *db, const struct resumable *row, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RESUMABLE_PUT);

	db_bind_text(stmt, ":id", row->id);
	db_bind_text(stmt, ":owner", row->owner);
	db_bind_text(stmt, ":kind", kinds[row->kind]);
	db_bind_int(stmt, ":length", row->length);
	db_bind_text(stmt, ":metadata", row->metadata);
	db_bind_text(stmt, ":concat", row->concat);
	db_bind_text(stmt, ":idempotency_key", row->idempotency_key);
	db_bind_int(stmt, ":doubt", row->doubt);
	db_bind_int(stmt, ":created_ms", row->created_ms);
	db_bind_int(stmt, ":expires_ms", row->expires_ms);
	db_bind_text(stmt, ":track", row->track);
	db_bind_text(stmt, ":job", row->job);
	return db_run(stmt, info);
}

enum err resumable_get(
	struct db *db, const char *id, struct arena *arena, struct resumable *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RESUMABLE_GET);
	int kind = -1;
	enum err err;

	db_bind_text(stmt, ":id", id);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		kind = word_find(kinds, sizeof kinds / sizeof *kinds, db_text(stmt, 1));
		if (kind < 0)
			err = err_set(info, ERR_INTERNAL, "the upload %s is of a kind this program does not know", id);
	}
	if (err == ERR_OK) {
		*out = (struct resumable){.owner = arena_strdup(arena, db_text(stmt, 0)),
			.kind = (enum resumable_kind)kind,
			.length = db_int(stmt, 2),
			.metadata = arena_strdup(arena, db_text(stmt, 3)),
			.concat = arena_strdup(arena, db_text(stmt, 4)),
			.idempotency_key = arena_strdup(arena, db_text(stmt, 5)),
			.doubt = db_int(stmt, 6),
			.created_ms = db_int(stmt, 7),
			.expires_ms = db_int(stmt, 8),
			.track = arena_strdup(arena, db_text(stmt, 9)),
			.job = arena_strdup(arena, db_text(stmt, 10))};
		snprintf(out->id, sizeof out->id, "%s", id);
	}
	db_reset(stmt);
	return err;
}

enum err resumable_delete(struct db *db, const char *id, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RESUMABLE_DELETE);

	db_bind_text(stmt, ":id", id);
	return db_run(stmt, info);
}

enum err resumable_count(struct db *db, const char *owner, int64_t now_ms, int64_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RESUMABLE_COUNT);

	db_bind_text(stmt, ":owner", owner);
	db_bind_int(stmt, ":now", now_ms);
	return db_number(stmt, count, info);
}

enum err resumable_expired(struct db *db, int64_t now_ms, size_t most, char (*out)[ID_SIZE], size_t *count,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RESUMABLE_EXPIRED);
	enum err err;

	*count = 0;
	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":most", (int64_t)most);
	while ((err = db_step(stmt, info)) == ERR_OK)
		snprintf(out[(*count)++], ID_SIZE, "%s", db_text(stmt, 0));
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
