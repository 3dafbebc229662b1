/* SPDX-License-Identifier: MIT */
/*
 * The database: connections, prepared statements by name, transactions, migrations. The text of every
 * statement stands in sql/queries/<noun>_<verb>.sql, the schema in sql/migrations/; the build turns them
 * into enum sql. Values are bound by parameter name, results read by column number.
 *
 *     struct db_stmt *stmt = db_stmt(db, SQL_TRACK_GET);
 *     db_bind_text(stmt, ":id", id);
 *     err = db_step(stmt, info);        ERR_OK: a row; ERR_NOT_FOUND: no (more) rows
 *     title = db_text(stmt, 3);         valid until the next step or db_reset()
 *     db_reset(stmt);
 *
 * A connection belongs to one thread at a time; struct db_pool lends connections to threads.
 */
#ifndef TONEARM_DB_DB_H
#define TONEARM_DB_DB_H

#include "base/err.h"
#include "db/sql_text.h"

#include <stddef.h>
#include <stdint.h>

/* What PRAGMA auto_vacuum says of a database that can give space back, and how large one is made so unasked (bytes). */
enum { DB_AUTO_VACUUM_INCREMENTAL = 2, DB_VACUUM_MOST = 64 << 20 };

struct db;
struct db_stmt;
struct db_pool;

struct db_options {
	const char *path;
	const char *journal_mode; /* "wal", or "delete" where the file lies on a network file system */
	int busy_ms;              /* how long a statement waits for a lock */
};

/*
 * Opens (and with CREATE makes, mode 0600) the database and sets its pragmas. Does not migrate. *OUT is owned by the
 * caller and given back with db_close(); NULL on failure. ERR_NOT_FOUND when it is not there, ERR_IO, ERR_BUSY.
 */
enum err db_open(const struct db_options *options, int create, struct db **out, struct err_info *info);
void db_close(struct db *db);

/*
 * Applies the migrations that are missing, each in one transaction of its own; safe when several processes
 * start at once. ERR_CONFLICT when the database is newer than this program.
 */
enum err db_migrate(struct db *db, struct err_info *info);

/* ERR_OK when the schema is the one this program was built for; ERR_CONFLICT with a sentence otherwise. */
enum err db_check_version(struct db *db, struct err_info *info);

/*
 * The prepared statement, from the connection's cache, with no values bound. Never NULL: text that does not
 * prepare is a bug and aborts (a test prepares all). A statement must be reset before it is asked for again.
 */
struct db_stmt *db_stmt(struct db *db, enum sql sql);

/* Bind by name (":id"); the name must stand in the statement. Text and blobs are copied; NULL binds NULL. */
void db_bind_text(struct db_stmt *stmt, const char *name, const char *value);
void db_bind_blob(struct db_stmt *stmt, const char *name, const void *bytes, size_t length);
void db_bind_int(struct db_stmt *stmt, const char *name, int64_t value);
void db_bind_real(struct db_stmt *stmt, const char *name, double value);

/*
 * One row further. ERR_OK: a row is there; ERR_NOT_FOUND: the end; ERR_BUSY, ERR_CONFLICT (constraint), ERR_NO_SPACE,
 * ERR_NO_MEMORY, ERR_IO.
 */
enum err db_step(struct db_stmt *stmt, struct err_info *info);

/* The first column of the one row that a statement returns, in *OUT; resets it. ERR_NOT_FOUND when there is none. */
enum err db_number(struct db_stmt *stmt, int64_t *out, struct err_info *info);

/* Steps a statement that returns no rows (ERR_OK when done) and resets it, whatever the outcome. */
enum err db_run(struct db_stmt *stmt, struct err_info *info);

/* Columns of the current row, from 0. Pointers are valid until the next step or reset. Text of NULL is NULL. */
const char *db_text(struct db_stmt *stmt, int column);
const void *db_blob(struct db_stmt *stmt, int column, size_t *length);
int64_t db_int(struct db_stmt *stmt, int column);
double db_real(struct db_stmt *stmt, int column);
int db_is_null(struct db_stmt *stmt, int column);

/* Ends the rows of STMT and forgets what is bound; also when there are none. */
void db_reset(struct db_stmt *stmt);

/*
 * From now on WATCHER is told, by whichever thread ran it, of each statement of this process when it is reset: its name
 * and the microseconds that SQLite took for it, waits for locks included. Call once, before there are threads.
 */
typedef void db_watcher(void *context, const char *statement, int64_t us);
void db_watch(db_watcher *watcher, void *context);

/* Rows changed by the last finished statement of this connection. */
int64_t db_changes(struct db *db);

/*
 * A write transaction (BEGIN IMMEDIATE), and its end. db_rollback() also when db_commit() failed, and to let
 * go of what a half-read statement holds; it does no harm when there is nothing of the kind.
 */
enum err db_begin(struct db *db, struct err_info *info);
enum err db_commit(struct db *db, struct err_info *info);
void db_rollback(struct db *db);

/* Statements stepped since the connection was opened: a test counts reads with it. */
int64_t db_statements_run(const struct db *db);

/*
 * A pool of at most MOST connections, opened when first needed and kept. db_pool_take() waits up to
 * options->busy_ms for one (ERR_BUSY then; else errors as of db_open()); each taken one must be given back by the same
 * thread, whereby a transaction left open is rolled back. db_pool_close() wants all of them back.
 * The pool copies OPTIONS. Thread-safe.
 */
enum err db_pool_open(const struct db_options *options, size_t most, struct db_pool **out, struct err_info *info);
enum err db_pool_take(struct db_pool *pool, struct db **out, struct err_info *info);
void db_pool_give(struct db_pool *pool, struct db *db);
/*
 * A connection beside those of the pool, for a look by somebody who must not be held up and can as well look again a
 * little later: while another process has the database locked, this and all that is asked by it fail with ERR_BUSY at
 * once. It is for reading alone, and not for long, as it is lent to one at a time; *OUT is given back with
 * db_pool_glanced(), unless this failed. Else errors as of db_open().
 */
enum err db_pool_glance(struct db_pool *pool, struct db **out, struct err_info *info);
void db_pool_glanced(struct db_pool *pool);
/*
 * A number that is another one whenever somebody, in whatever process, has committed a change since it was asked for. A
 * glance (ERR_BUSY as there; *OUT stays as it is on failure), so that many can wait for a change by asking now and
 * then.
 */
enum err db_pool_version(struct db_pool *pool, int64_t *out, struct err_info *info);
void db_pool_close(struct db_pool *pool);

#endif
