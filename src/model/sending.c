/* SPDX-License-Identifier: MIT */
#include "model/sending.h"

static struct db_stmt *prepare(struct db *db, enum sql sql, const char *store, const char *key)
{
	struct db_stmt *stmt = db_stmt(db, sql);

	db_bind_text(stmt, ":store", store);
	db_bind_text(stmt, ":key", key);
	return stmt;
}

enum err sending_get(struct db *db, const char *store, const char *key, struct arena *arena, struct sending *out,
	struct err_info *info)
{
	struct db_stmt *stmt = prepare(db, SQL_SENDING_GET, store, key);
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*out = (struct sending){.store = arena_strdup(arena, store),
			.key = arena_strdup(arena, key),
			.upload = arena_strdup(arena, db_text(stmt, 0)),
			.source = arena_strdup(arena, db_text(stmt, 1)),
			.size = db_int(stmt, 2),
			.part_size = db_int(stmt, 3),
			.begun_ms = db_int(stmt, 4)};
	db_reset(stmt);
	return err;
}

enum err sending_begin(struct db *db, const struct sending *sending, struct err_info *info)
{
	struct db_stmt *stmt;
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	err = sending_end(db, sending->store, sending->key, info);
	if (err == ERR_OK) {
		stmt = prepare(db, SQL_SENDING_PUT, sending->store, sending->key);
		db_bind_text(stmt, ":upload", sending->upload);
		db_bind_text(stmt, ":source", sending->source);
		db_bind_int(stmt, ":size", sending->size);
		db_bind_int(stmt, ":part_size", sending->part_size);
		db_bind_int(stmt, ":begun_ms", sending->begun_ms);
		err = db_run(stmt, info);
	}
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

enum err sending_end(struct db *db, const char *store, const char *key, struct err_info *info)
{
	return db_run(prepare(db, SQL_SENDING_DELETE, store, key), info);
}

enum err sending_part_done(
	struct db *db, const struct sending *sending, int64_t number, const char *etag, struct err_info *info)
{
	struct db_stmt *stmt = prepare(db, SQL_SENDING_PART_PUT, sending->store, sending->key);
	enum err err;

	db_bind_text(stmt, ":upload", sending->upload);
	db_bind_int(stmt, ":number", number);
	db_bind_text(stmt, ":etag", etag);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_CONFLICT, "another upload of the same object has begun");
	return err;
}

enum err sending_parts(struct db *db, const struct sending *sending, size_t count, struct arena *arena,
	const char **out, struct err_info *info)
{
	struct db_stmt *stmt = prepare(db, SQL_SENDING_PART_LIST, sending->store, sending->key);
	enum err err;

	for (size_t i = 0; i < count; i++)
		out[i] = NULL;
	while ((err = db_step(stmt, info)) == ERR_OK) {
		int64_t number = db_int(stmt, 0);

		if (number >= 1 && number <= (int64_t)count)
			out[number - 1] = arena_strdup(arena, db_text(stmt, 1));
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
