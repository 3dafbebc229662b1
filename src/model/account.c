/* SPDX-License-Identifier: MIT */
#include "model/account.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MOST = 10000 };

enum err account_put(struct db *db, const struct account *account, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ACCOUNT_PUT);

	db_bind_text(stmt, ":name", account->name);
	db_bind_text(stmt, ":password", account->password);
	db_bind_text(stmt, ":scope", account->scope);
	db_bind_text(stmt, ":tracks", account->tracks);
	db_bind_int(stmt, ":now", account->created_ms);
	return db_run(stmt, info);
}

enum err account_get(struct db *db, const char *name, struct arena *arena, struct account *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ACCOUNT_GET);
	enum err err;

	db_bind_text(stmt, ":name", name);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		*out = (struct account){.name = arena_strdup(arena, name),
			.password = arena_strdup(arena, db_text(stmt, 0)),
			.scope = arena_strdup(arena, db_text(stmt, 1)),
			.tracks = arena_strdup(arena, db_text(stmt, 2))};
	db_reset(stmt);
	return err;
}

enum err account_list(
	struct db *db, struct arena *arena, struct account **out, size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_ACCOUNT_LIST);
	enum err err;

	*out = NULL;
	for (*count = 0; (err = db_step(stmt, info)) == ERR_OK && *count < LIST_MOST; (*count)++) {
		*out = arena_grow(arena, *out, *count, sizeof **out);
		(*out)[*count] = (struct account){.name = arena_strdup(arena, db_text(stmt, 0)),
			.scope = arena_strdup(arena, db_text(stmt, 1)),
			.tracks = arena_strdup(arena, db_text(stmt, 2)),
			.created_ms = db_int(stmt, 3)};
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

/* Deletes the one row that :NAME is the key of. */
static enum err delete_one(struct db *db, enum sql sql, const char *name, const char *value, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, sql);
	enum err err;

	db_bind_text(stmt, name, value);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_NOT_FOUND, "there is none of that name");
	return err;
}

enum err account_delete(struct db *db, const char *name, struct err_info *info)
{
	return delete_one(db, SQL_ACCOUNT_DELETE, ":name", name, info);
}

enum err api_key_put(struct db *db, const struct api_key *key, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_API_KEY_PUT);

	db_bind_text(stmt, ":id", key->id);
	db_bind_text(stmt, ":hash", key->hash);
	db_bind_text(stmt, ":subject", key->subject);
	db_bind_text(stmt, ":scope", key->scope);
	db_bind_text(stmt, ":tracks", key->tracks);
	db_bind_int(stmt, ":expires", key->expires);
	db_bind_int(stmt, ":now", key->created_ms);
	return db_run(stmt, info);
}

enum err api_key_get(
	struct db *db, const char *id, int64_t now, struct arena *arena, struct api_key *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_API_KEY_GET);
	enum err err;

	db_bind_text(stmt, ":id", id);
	db_bind_int(stmt, ":now", now);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		*out = (struct api_key){.hash = arena_strdup(arena, db_text(stmt, 0)),
			.subject = arena_strdup(arena, db_text(stmt, 1)),
			.scope = arena_strdup(arena, db_text(stmt, 2)),
			.tracks = arena_strdup(arena, db_text(stmt, 3))};
		snprintf(out->id, sizeof out->id, "%s", id);
	}
	db_reset(stmt);
	return err;
}

enum err api_key_list(struct db *db, struct arena *arena, struct api_key **out, size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_API_KEY_LIST);
	enum err err;

	*out = NULL;
	for (*count = 0; (err = db_step(stmt, info)) == ERR_OK && *count < LIST_MOST; (*count)++) {
		*out = arena_grow(arena, *out, *count, sizeof **out);
		(*out)[*count] = (struct api_key){.subject = arena_strdup(arena, db_text(stmt, 1)),
			.scope = arena_strdup(arena, db_text(stmt, 2)),
			.tracks = arena_strdup(arena, db_text(stmt, 3)),
			.expires = db_int(stmt, 4),
			.created_ms = db_int(stmt, 5)};
		snprintf((*out)[*count].id, ID_SIZE, "%s", db_text(stmt, 0));
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err api_key_delete(struct db *db, const char *id, struct err_info *info)
{
	return delete_one(db, SQL_API_KEY_DELETE, ":id", id, info);
}
