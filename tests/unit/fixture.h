/* SPDX-License-Identifier: MIT */
/*
 * For unit tests: a scratch folder that is removed with all in it, and a fresh database inside.
 */
#ifndef TONEARM_TEST_FIXTURE_H
#define TONEARM_TEST_FIXTURE_H

#include "base/arena.h"
#include "db/db.h"

struct fixture {
	char dir[64];
	char path[96]; /* of the database */
	struct db *db; /* migrated; NULL when made by fixture_dir() */
	struct arena arena;
};

/* cmocka set-up and tear-down: *STATE is a struct fixture. */
int fixture_dir(void **state);
int fixture_db(void **state);
int fixture_db_delete(void **state); /* in journal mode "delete" */
int fixture_remove(void **state);

/* Another connection to the fixture's database that waits BUSY_MS for locks. */
struct db *fixture_connect(const struct fixture *fixture, int busy_ms);

/* Runs SQL beside the program, without its safeguards, to make rows it would never write. */
void fixture_sql(const struct fixture *fixture, const char *sql);

/* The database is locked until fixture_unlock(), in journal mode "delete" for readers too, which then commits SQL. */
void *fixture_lock(const struct fixture *fixture);
void fixture_unlock(void *lock, const char *sql);

#endif
