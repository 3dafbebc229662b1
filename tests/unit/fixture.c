/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "base/fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { MIGRATED_MOST = 16 << 20 };

static char *migrated; /* a database of the newest schema, nothing in it; NULL before the first */
static size_t migrated_length;

int fixture_dir(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	strcpy(fixture->dir, "/tmp/tonearm-unit.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	snprintf(fixture->path, sizeof fixture->path, "%s/tonearm.db", fixture->dir);
	*state = fixture;
	return 0;
}

static struct db *connect(const struct fixture *fixture, const char *journal_mode, int busy_ms)
{
	struct db_options options = {.path = fixture->path, .journal_mode = journal_mode, .busy_ms = busy_ms};
	struct err_info info = {0};
	struct db *db;

	if (db_open(&options, 1, &db, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	return db;
}

struct db *fixture_connect(const struct fixture *fixture, int busy_ms)
{
	return connect(fixture, "wal", busy_ms);
}

/* Makes the database of FIXTURE and keeps its bytes for those to come: under valgrind all migrations take long. */
static void migrate(const struct fixture *fixture)
{
	struct db *db = fixture_connect(fixture, 1000);
	struct err_info info = {0};

	if (db_migrate(db, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	db_close(db); /* which leaves one file */
	if (fs_read_file(fixture->path, MIGRATED_MOST, &migrated, &migrated_length, &info) != ERR_OK)
		fail_msg("%s", info.detail);
}

static int make_db(void **state, const char *journal_mode)
{
	struct fixture *fixture;

	fixture_dir(state);
	fixture = *state;
	if (migrated == NULL)
		migrate(fixture);
	else if (fs_write_file(fixture->path, migrated, migrated_length, 0600, NULL) != ERR_OK)
		fail();
	fixture->db = connect(fixture, journal_mode, 1000);
	return 0;
}

int fixture_db(void **state)
{
	return make_db(state, "wal");
}

int fixture_db_delete(void **state)
{
	return make_db(state, "delete");
}

int fixture_remove(void **state)
{
	struct fixture *fixture = *state;

	db_close(fixture->db);
	arena_free(&fixture->arena);
	assert_int_equal(fs_remove_tree(fixture->dir, NULL), ERR_OK);
	free(fixture);
	return 0;
}

void fixture_sql(const struct fixture *fixture, const char *sql)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	sqlite3_busy_timeout(handle, 1000);
	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(handle));
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

void *fixture_lock(const struct fixture *fixture)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	return handle;
}

void fixture_unlock(void *lock, const char *sql)
{
	assert_int_equal(sqlite3_exec(lock, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(lock, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(lock), SQLITE_OK);
}
