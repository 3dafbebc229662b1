/* SPDX-License-Identifier: MIT */
#include "model/remote.h"

#include <stdio.h>
#include <string.h>

static struct db_stmt *prepare(struct db *db, enum sql sql, const char *store, const char *key)
{
	struct db_stmt *stmt = db_stmt(db, sql);

	db_bind_text(stmt, ":store", store);
	db_bind_text(stmt, ":key", key);
	return stmt;
}

static enum err read_row(struct db_stmt *stmt, struct arena *arena, struct remote *out, struct err_info *info)
{
	const char *what = db_text(stmt, 1);

	*out = (struct remote){.key = arena_strdup(arena, db_text(stmt, 0)),
		.name = arena_strdup(arena, db_text(stmt, 2)),
		.size = db_int(stmt, 4),
		.confirmed = strcmp(db_text(stmt, 5), "confirmed") == 0,
		.confirmed_ms = db_int(stmt, 6),
		.released_ms = db_int(stmt, 7)};
	snprintf(out->etag, sizeof out->etag, "%s", db_text(stmt, 3));
	for (out->what = STORED_SOURCE; out->what <= STORED_EXTRA; out->what++) {
		if (strcmp(stored_what_name(out->what), what) == 0)
			return ERR_OK;
	}
	return err_set(info, ERR_INTERNAL, "an object store has a file of a sort that this program does not know");
}

enum err remote_list(struct db *db, const char *store, const char *track, struct arena *arena, struct remote **out,
	size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REMOTE_LIST);
	enum err err;

	*out = NULL;
	*count = 0;
	db_bind_text(stmt, ":store", store);
	db_bind_text(stmt, ":track", track);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		*out = arena_grow(arena, *out, *count, sizeof **out);
		err = read_row(stmt, arena, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		++*count;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err remote_find(struct db *db, const char *store, const char *track, enum stored_what what, const char *name,
	const char *etag, struct arena *arena, struct remote *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REMOTE_FIND);
	enum err err;

	db_bind_text(stmt, ":store", store);
	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":what", stored_what_name(what));
	db_bind_text(stmt, ":name", name);
	db_bind_text(stmt, ":etag", etag);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = read_row(stmt, arena, out, info);
	db_reset(stmt);
	return err;
}

/* For a row of KEY that is to be the bytes of STORED with ETAG. */
static struct db_stmt *prepare_file(struct db *db, enum sql sql, const char *store, const char *key,
	const struct stored *stored, const char *etag)
{
	struct db_stmt *stmt = prepare(db, sql, store, key);

	db_bind_text(stmt, ":track", stored->track);
	db_bind_text(stmt, ":what", stored_what_name(stored->what));
	db_bind_text(stmt, ":name", stored->name);
	db_bind_text(stmt, ":etag", etag);
	db_bind_int(stmt, ":size", stored->size);
	return stmt;
}

enum err remote_expect(
	struct db *db, const char *store, const char *key, const struct stored *stored, struct err_info *info)
{
	return db_run(prepare_file(db, SQL_REMOTE_EXPECT, store, key, stored, stored->etag), info);
}

enum err remote_confirm(struct db *db, const char *store, const char *key, const struct stored *stored, const char *etag,
	int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = prepare_file(db, SQL_REMOTE_CONFIRM, store, key, stored, etag);
	enum err err;

	db_bind_int(stmt, ":now", now_ms);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_CONFLICT, "the file was made anew while it was sent");
	return err;
}

enum err remote_doubt(struct db *db, const char *store, const char *key, struct err_info *info)
{
	return db_run(prepare(db, SQL_REMOTE_DOUBT, store, key), info);
}

enum err remote_forget(struct db *db, const char *store, const char *key, struct err_info *info)
{
	return db_run(prepare(db, SQL_REMOTE_FORGET, store, key), info);
}

enum err remote_release(struct db *db, const char *store, const char *key, const char *etag, int64_t now_ms, bool *done,
	struct err_info *info)
{
	struct db_stmt *stmt = prepare(db, SQL_REMOTE_RELEASE, store, key);
	enum err err;

	db_bind_text(stmt, ":etag", etag);
	db_bind_int(stmt, ":now", now_ms);
	err = db_run(stmt, info);
	*done = err == ERR_OK && db_changes(db) > 0;
	return err;
}

enum err remote_next_lost(
	struct db *db, const char *store, const char *after, char out[static ID_SIZE], struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REMOTE_NEXT_LOST);
	enum err err;

	db_bind_text(stmt, ":store", store);
	db_bind_text(stmt, ":after", after);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		snprintf(out, ID_SIZE, "%s", db_text(stmt, 0));
	db_reset(stmt);
	return err;
}

enum err remote_count(struct db *db, const char *store, struct remote_counts *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_REMOTE_COUNT);
	enum err err;

	db_bind_text(stmt, ":store", store);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		*out = (struct remote_counts){db_int(stmt, 0), db_int(stmt, 1)};
	db_reset(stmt);
	return err;
}
