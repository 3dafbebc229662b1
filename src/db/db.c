/* SPDX-License-Identifier: MIT */
#include "db/db.h"

#include "base/clock.h"
#include "db/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* So long may the log grow before whoever writes moves it into the database: the longer, the fewer have to wait for that. */
enum { WAL_PAGES = 4000 };

enum err sqlite_failed(struct db *db, int result, const char *what, struct err_info *info)
{
	const char *words = sqlite3_errmsg(db->handle);

	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(info, ERR_BUSY, "%s: the database is locked by another process", what);
	case SQLITE_CONSTRAINT:
		return err_set(info, ERR_CONFLICT, "%s: %s", what, words);
	case SQLITE_FULL:
		return err_set(info, ERR_NO_SPACE, "%s: no space left for the database", what);
	case SQLITE_NOMEM:
		return err_set(info, ERR_NO_MEMORY, "%s: out of memory", what);
	case SQLITE_MISUSE:
		abort();
	default:
		return err_set(info, ERR_IO, "%s: %s", what, words);
	}
}

/*
 * Makes the file before SQLite does, for its mode; SQLite gives the same mode to the files beside it. A file that is
 * there is not opened: closing a second descriptor would drop the locks this process holds on it.
 */
static enum err create_file(const char *path, bool *made, struct err_info *info)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return err_set_errno(info, ERR_IO, errno, "cannot make the database %s", path);
	*made = fd >= 0;
	if (*made)
		close(fd);
	return ERR_OK;
}

static enum err open_handle(struct db *db, const char *path, struct err_info *info)
{
	int result = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (db->handle == NULL)
		abort();
	if (result == SQLITE_CANTOPEN && access(path, F_OK) != 0)
		return err_set_errno(
			info, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open the database %s", path);
	if (result != SQLITE_OK)
		return sqlite_failed(db, result, "cannot open the database", info);
	return ERR_OK;
}

/* SQLite does not wait for the lock that a change of the journal needs, so this does. */
static enum err set_journal(struct db *db, const struct db_options *options, struct err_info *info)
{
	enum sql sql = strcmp(options->journal_mode, "wal") == 0 ? SQL_DB_JOURNAL_WAL : SQL_DB_JOURNAL_DELETE;
	int64_t deadline = clock_monotonic_us() + (int64_t)options->busy_ms * 1000;
	const struct timespec pause = {.tv_nsec = 5000000};
	struct db_stmt *stmt;
	enum err err;

	for (;;) {
		stmt = db_stmt(db, sql);
		err = db_step(stmt, info);
		if (err != ERR_BUSY || clock_monotonic_us() >= deadline)
			break;
		db_reset(stmt);
		nanosleep(&pause, NULL);
	}
	if (err == ERR_OK && strcmp(db_text(stmt, 0), options->journal_mode) != 0)
		err = err_set(
			info, ERR_IO, "the database cannot use the journal mode \"%s\" here", options->journal_mode);
	db_reset(stmt);
	return err;
}

static enum err set_up(struct db *db, const struct db_options *options, bool made, struct err_info *info)
{
	int wal = strcmp(options->journal_mode, "wal") == 0;
	enum err err = ERR_OK;

	assert(wal || strcmp(options->journal_mode, "delete") == 0);
	sqlite3_busy_timeout(db->handle, options->busy_ms);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Or a statement would be prepared anew with each value that is bound to it, in case an index suited that better. */
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	sqlite3_wal_autocheckpoint(db->handle, WAL_PAGES);
	if (made)
		err = db_run(db_stmt(db, SQL_DB_AUTO_VACUUM), info);
	if (err == ERR_OK)
		err = set_journal(db, options, info);
	if (err == ERR_OK)
		err = db_run(db_stmt(db, SQL_DB_RECURSIVE_TRIGGERS), info);
	if (err != ERR_OK)
		return err;
	/* In WAL mode NORMAL loses at most the last commits when the power fails, never consistency. */
	return db_run(db_stmt(db, wal ? SQL_DB_SYNCHRONOUS_NORMAL : SQL_DB_SYNCHRONOUS_FULL), info);
}

enum err db_open(const struct db_options *options, int create, struct db **out, struct err_info *info)
{
	enum err err = ERR_OK;
	bool made = false;
	struct db *db = calloc(1, sizeof *db);

	if (db == NULL)
		abort();
	*out = NULL;
	if (create)
		err = create_file(options->path, &made, info);
	if (err == ERR_OK)
		err = open_handle(db, options->path, info);
	if (err == ERR_OK)
		err = set_up(db, options, made, info);
	if (err != ERR_OK) {
		db_close(db);
		return err;
	}
	db->statements_run = 0;
	*out = db;
	return ERR_OK;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(db->statements[i].handle);
	if (sqlite3_close(db->handle) != SQLITE_OK)
		abort();
	free(db);
}

enum err db_begin(struct db *db, struct err_info *info)
{
	return db_run(db_stmt(db, SQL_DB_BEGIN), info);
}

enum err db_commit(struct db *db, struct err_info *info)
{
	return db_run(db_stmt(db, SQL_DB_COMMIT), info);
}

void db_rollback(struct db *db)
{
	if (sqlite3_txn_state(db->handle, NULL) == SQLITE_TXN_NONE)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		if (db->statements[i].handle != NULL)
			db_reset(&db->statements[i]);
	/* A full disk or the like ends the transaction by itself. */
	if (!sqlite3_get_autocommit(db->handle))
		db_run(db_stmt(db, SQL_DB_ROLLBACK), NULL);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}

int64_t db_statements_run(const struct db *db)
{
	return db->statements_run;
}
