/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share: the SQLite side of struct db. Nobody outside src/db includes it, so that another
 * driver can stand behind db.h.
 */
#ifndef TONEARM_DB_SQLITE_H
#define TONEARM_DB_SQLITE_H

#include "db/db.h"

#include <sqlite3.h>

struct db_stmt {
	struct db *db;
	enum sql sql;
	sqlite3_stmt *handle; /* NULL until first used, and while preparing fails */
	int failure;          /* SQLite's result of preparing: db_step() reports it */
	int64_t taken_us;     /* by its steps since it was reset; 0 also when nobody watches */
};

struct db {
	sqlite3 *handle;
	int64_t statements_run;
	struct db_stmt statements[SQL_COUNT]; /* the cache */
};

/* Maps a failed SQLite result of this connection to an error, with SQLite's own words; WHAT names the thing done. */
enum err sqlite_failed(struct db *db, int result, const char *what, struct err_info *info);

#endif
