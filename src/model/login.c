/* SPDX-License-Identifier: MIT */
#include "model/login.h"

#include <stdbool.h>
#include <stdio.h>

enum err login_attempt(struct db *db, const char *about, const char *value, int64_t now, int64_t window_s,
	int64_t *count, int64_t *until, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_LOGIN_ATTEMPT_ADD);
	enum err err;

	db_bind_text(stmt, ":about", about);
	db_bind_text(stmt, ":value", value);
	db_bind_int(stmt, ":now", now);
	db_bind_int(stmt, ":over", now - window_s);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		*count = db_int(stmt, 0);
		*until = db_int(stmt, 1) + window_s;
	}
	db_reset(stmt);
	return err;
}

enum err login_forgive(struct db *db, const char *about, const char *value, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_LOGIN_ATTEMPT_FORGET);

	db_bind_text(stmt, ":about", about);
	db_bind_text(stmt, ":value", value);
	return db_run(stmt, info);
}

enum err refresh_token_put(struct db *db, const struct refresh_token *token, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REFRESH_TOKEN_PUT);

	db_bind_text(stmt, ":hash", token->hash);
	db_bind_text(stmt, ":family", token->family);
	db_bind_text(stmt, ":subject", token->subject);
	db_bind_text(stmt, ":scope", token->scope);
	db_bind_text(stmt, ":tracks", token->tracks);
	db_bind_int(stmt, ":expires", token->expires);
	return db_run(stmt, info);
}

enum err refresh_token_use(struct db *db, const char *hash, int64_t now, struct arena *arena, struct refresh_token *out,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REFRESH_TOKEN_GET);
	bool used = false;
	enum err err;

	db_bind_text(stmt, ":hash", hash);
	db_bind_int(stmt, ":now", now);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		*out = (struct refresh_token){.subject = arena_strdup(arena, db_text(stmt, 1)),
			.scope = arena_strdup(arena, db_text(stmt, 2)),
			.tracks = arena_strdup(arena, db_text(stmt, 3))};
		snprintf(out->family, sizeof out->family, "%s", db_text(stmt, 0));
		used = db_int(stmt, 4) != 0;
	}
	db_reset(stmt);
	if (err != ERR_OK)
		return err;
	if (used)
		return err_set(info, ERR_CONFLICT, "the refresh token was used before");
	stmt = db_stmt(db, SQL_REFRESH_TOKEN_USE);
	db_bind_text(stmt, ":hash", hash);
	return db_run(stmt, info);
}

enum err refresh_token_drop_family(struct db *db, const char *family, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REFRESH_TOKEN_DELETE_FAMILY);

	db_bind_text(stmt, ":family", family);
	return db_run(stmt, info);
}

enum err refresh_token_drop_subject(struct db *db, const char *subject, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REFRESH_TOKEN_DELETE_SUBJECT);

	db_bind_text(stmt, ":subject", subject);
	return db_run(stmt, info);
}

enum err login_prune(struct db *db, int64_t now, int64_t window_s, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REFRESH_TOKEN_PRUNE);
	enum err err;

	db_bind_int(stmt, ":now", now);
	err = db_run(stmt, info);
	if (err != ERR_OK)
		return err;
	stmt = db_stmt(db, SQL_LOGIN_ATTEMPT_PRUNE);
	db_bind_int(stmt, ":over", now - window_s);
	return db_run(stmt, info);
}
