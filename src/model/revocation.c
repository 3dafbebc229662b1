/* SPDX-License-Identifier: MIT */
#include "model/revocation.h"

#include "model/words.h"

#include <stdbool.h>
#include <string.h>

static const char *const kinds[] = {"token", "subject", "track", "all"};

int64_t revocation_end(enum revocation_kind kind, int64_t now, int64_t ttl_s)
{
	bool reaches_signed = kind != REVOKE_TOKEN;

	return now + (reaches_signed && ttl_s < REVOCATION_SIGNED_MOST_S ? REVOCATION_SIGNED_MOST_S : ttl_s);
}

enum err revocation_put(struct db *db, const struct revocation *revocation, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REVOCATION_PUT);

	db_bind_text(stmt, ":kind", kinds[revocation->kind]);
	db_bind_text(stmt, ":value", revocation->value);
	db_bind_int(stmt, ":before", revocation->before);
	db_bind_int(stmt, ":expires", revocation->expires);
	return db_run(stmt, info);
}

enum err revocation_list(struct db *db, int64_t now, struct arena *arena, struct revocation **out, size_t *count,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REVOCATION_LIST);
	enum err err;

	*out = NULL;
	*count = 0;
	db_bind_int(stmt, ":now", now);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		int kind = word_find(kinds, sizeof kinds / sizeof *kinds, db_text(stmt, 0));

		*out = arena_grow(arena, *out, *count, sizeof **out);
		(*out)[(*count)++] = (struct revocation){.kind = (enum revocation_kind)kind,
			.value = arena_strdup(arena, db_text(stmt, 1)),
			.before = db_int(stmt, 2)};
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err revocation_prune(struct db *db, int64_t now, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REVOCATION_PRUNE);

	db_bind_int(stmt, ":now", now);
	return db_run(stmt, info);
}
