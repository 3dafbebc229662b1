/* SPDX-License-Identifier: MIT */
#include "db/sqlite.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	db_watcher *told; /* NULL: nobody */
	void *context;
} watch;

void db_watch(db_watcher *watcher, void *context)
{
	watch.told = watcher;
	watch.context = context;
}

static void prepare(struct db_stmt *stmt)
{
	stmt->failure = sqlite3_prepare_v3(
		stmt->db->handle, sql_query[stmt->sql], -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
	if (stmt->failure == SQLITE_ERROR) {
		fprintf(stderr, "sql/queries/%s.sql: %s\n", sql_query_name[stmt->sql],
			sqlite3_errmsg(stmt->db->handle));
		abort();
	}
}

struct db_stmt *db_stmt(struct db *db, enum sql sql)
{
	struct db_stmt *stmt = &db->statements[sql];

	stmt->db = db;
	stmt->sql = sql;
	if (stmt->handle == NULL)
		prepare(stmt);
	assert(stmt->handle == NULL || !sqlite3_stmt_busy(stmt->handle));
	return stmt;
}

/* The number of a parameter; 0 while the statement could not be prepared, as a locked or broken database may cause. */
static int parameter(struct db_stmt *stmt, const char *name)
{
	int index;

	if (stmt->handle == NULL)
		return 0;
	index = sqlite3_bind_parameter_index(stmt->handle, name);
	if (index == 0) {
		fprintf(stderr, "sql/queries/%s.sql has no parameter %s\n", sql_query_name[stmt->sql], name);
		abort();
	}
	return index;
}

/* Binding fails for lack of memory or by a bug. */
static void bound(int result)
{
	if (result != SQLITE_OK)
		abort();
}

void db_bind_text(struct db_stmt *stmt, const char *name, const char *value)
{
	int index = parameter(stmt, name);

	if (index > 0)
		bound(sqlite3_bind_text(stmt->handle, index, value, -1, SQLITE_TRANSIENT));
}

void db_bind_blob(struct db_stmt *stmt, const char *name, const void *bytes, size_t length)
{
	int index = parameter(stmt, name);

	if (index > 0)
		bound(sqlite3_bind_blob64(stmt->handle, index, bytes, length, SQLITE_TRANSIENT));
}

void db_bind_int(struct db_stmt *stmt, const char *name, int64_t value)
{
	int index = parameter(stmt, name);

	if (index > 0)
		bound(sqlite3_bind_int64(stmt->handle, index, value));
}

void db_bind_real(struct db_stmt *stmt, const char *name, double value)
{
	int index = parameter(stmt, name);

	if (index > 0)
		bound(sqlite3_bind_double(stmt->handle, index, value));
}

static int step(struct db_stmt *stmt)
{
	int64_t before = watch.told == NULL ? 0 : clock_monotonic_us();
	int result = sqlite3_step(stmt->handle);

	if (watch.told != NULL)
		stmt->taken_us += clock_monotonic_us() - before + 1; /* rounded up: never 0 */
	return result;
}

enum err db_step(struct db_stmt *stmt, struct err_info *info)
{
	int result = stmt->failure;

	if (stmt->handle != NULL) {
		if (!sqlite3_stmt_busy(stmt->handle))
			stmt->db->statements_run++;
		result = step(stmt);
	}
	if (result == SQLITE_ROW)
		return ERR_OK;
	if (result == SQLITE_DONE)
		return err_set(info, ERR_NOT_FOUND, "no such row");
	return sqlite_failed(stmt->db, result, sql_query_name[stmt->sql], info);
}

enum err db_run(struct db_stmt *stmt, struct err_info *info)
{
	enum err err;

	do
		err = db_step(stmt, info);
	while (err == ERR_OK);
	db_reset(stmt);
	if (err != ERR_NOT_FOUND)
		return err;
	return err_clear(info);
}

enum err db_number(struct db_stmt *stmt, int64_t *out, struct err_info *info)
{
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*out = db_int(stmt, 0);
	db_reset(stmt);
	return err;
}

const char *db_text(struct db_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt->handle, column);
}

const void *db_blob(struct db_stmt *stmt, int column, size_t *length)
{
	const void *bytes = sqlite3_column_blob(stmt->handle, column);

	*length = (size_t)sqlite3_column_bytes(stmt->handle, column);
	return bytes;
}

int64_t db_int(struct db_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->handle, column);
}

double db_real(struct db_stmt *stmt, int column)
{
	return sqlite3_column_double(stmt->handle, column);
}

int db_is_null(struct db_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

void db_reset(struct db_stmt *stmt)
{
	if (stmt->handle == NULL)
		return;
	sqlite3_reset(stmt->handle);
	sqlite3_clear_bindings(stmt->handle);
	if (stmt->taken_us == 0)
		return;
	if (watch.told != NULL)
		watch.told(watch.context, sql_query_name[stmt->sql], stmt->taken_us);
	stmt->taken_us = 0;
}
