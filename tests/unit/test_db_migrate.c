/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { PROCESSES = 4 };

/* What SQL yields in its first column, rows one a line, in the fixture's arena. */
static char *ask(struct fixture *fixture, const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *handle;
	char *all = arena_strdup(&fixture->arena, "");

	assert_int_equal(sqlite3_open(fixture->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		all = arena_printf(&fixture->arena, "%s%s\n", all, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(handle);
	return all;
}

static char *schema(struct fixture *fixture)
{
	return ask(fixture, "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1");
}

static void start_at(struct fixture *fixture, int version)
{
	db_close(fixture->db);
	fixture->db = NULL;
	unlink(fixture->path);
	fixture->db = fixture_connect(fixture, 1000);
	for (int i = 0; i < version; i++)
		fixture_sql(fixture, sql_migration[i]);
}

static void test_every_script_sets_its_version(void **state)
{
	struct fixture *fixture = *state;
	char want[16];

	for (int version = 0; version <= SQL_MIGRATIONS; version++) {
		start_at(fixture, version);
		snprintf(want, sizeof want, "%d\n", version);
		assert_string_equal(ask(fixture, "PRAGMA user_version"), want);
	}
}

static void test_from_every_version(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};
	const char *want;

	start_at(fixture, SQL_MIGRATIONS);
	want = schema(fixture);
	assert_non_null(strstr(want, "table track"));
	for (int version = 0; version <= SQL_MIGRATIONS; version++) {
		start_at(fixture, version);
		assert_int_equal(
			db_check_version(fixture->db, NULL), version == SQL_MIGRATIONS ? ERR_OK : ERR_CONFLICT);
		if (db_migrate(fixture->db, &info) != ERR_OK)
			fail_msg("from %d: %s", version, info.detail);
		assert_int_equal(db_check_version(fixture->db, NULL), ERR_OK);
		assert_string_equal(schema(fixture), want);
		assert_string_equal(ask(fixture, "PRAGMA integrity_check"), "ok\n");
		assert_string_equal(ask(fixture, "PRAGMA foreign_key_check"), "");
	}
}

static void test_newer_database_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info;
	const char *before;

	start_at(fixture, SQL_MIGRATIONS);
	fixture_sql(fixture, "PRAGMA user_version = 9999");
	before = schema(fixture);
	assert_int_equal(db_migrate(fixture->db, &info), ERR_CONFLICT);
	assert_non_null(strstr(info.detail, "9999"));
	assert_int_equal(db_check_version(fixture->db, &info), ERR_CONFLICT);
	assert_string_equal(schema(fixture), before);
}

static void test_failed_migration_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	const char *before;

	start_at(fixture, 0);
	fixture_sql(fixture, "CREATE TABLE runner (stranger TEXT)");
	before = schema(fixture);
	assert_int_equal(db_migrate(fixture->db, NULL), ERR_IO);
	assert_string_equal(schema(fixture), before);
	assert_string_equal(ask(fixture, "PRAGMA user_version"), "0\n");
	fixture_sql(fixture, "DROP TABLE runner");
	assert_int_equal(db_migrate(fixture->db, NULL), ERR_OK);
}

static void test_locked(void **state)
{
	struct fixture *fixture = *state;
	struct db *other;

	start_at(fixture, 0);
	other = fixture_connect(fixture, 10);
	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_migrate(other, NULL), ERR_BUSY);
	db_rollback(fixture->db);
	assert_int_equal(db_migrate(other, NULL), ERR_OK);
	db_close(other);
}

static int open_and_migrate(const char *path)
{
	struct db_options options = {.path = path, .journal_mode = "wal", .busy_ms = 60000};
	struct err_info info = {0};
	struct db *db = NULL;

	if (db_open(&options, 1, &db, &info) != ERR_OK || db_migrate(db, &info) != ERR_OK) {
		fprintf(stderr, "%s\n", info.detail);
		return 1;
	}
	db_close(db);
	return 0;
}

static void test_many_processes_at_once(void **state)
{
	struct fixture *fixture = *state;
	pid_t children[PROCESSES];
	int status;

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(open_and_migrate(fixture->path));
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	fixture->db = fixture_connect(fixture, 1000);
	assert_int_equal(db_check_version(fixture->db, NULL), ERR_OK);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_every_script_sets_its_version),
		WITH_DIR(test_from_every_version),
		WITH_DIR(test_newer_database_is_left_alone),
		WITH_DIR(test_failed_migration_leaves_nothing),
		WITH_DIR(test_locked),
		WITH_DIR(test_many_processes_at_once),
	};

	return cmocka_run_group_tests_name("db_migrate", tests, NULL, NULL);
}
