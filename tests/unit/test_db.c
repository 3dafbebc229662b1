/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "db/sqlite.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct db_options options_of(const struct fixture *fixture, const char *journal_mode, int busy_ms)
{
	return (struct db_options){.path = fixture->path, .journal_mode = journal_mode, .busy_ms = busy_ms};
}

static void assert_mode_0600(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static struct db_stmt *seen_stmt(struct db *db, const char *owner, int64_t now)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RUNNER_PUT);

	db_bind_text(stmt, ":owner", owner);
	db_bind_int(stmt, ":now", now);
	return stmt;
}

static int64_t last_seen(struct db *db)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RUNNER_LAST_SEEN);
	int64_t seen;

	assert_int_equal(db_step(stmt, NULL), ERR_OK);
	seen = db_int(stmt, 0);
	db_reset(stmt);
	return seen;
}

static void test_every_statement_prepares(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < SQL_COUNT; i++) {
		sqlite3_stmt *handle = NULL;
		const char *tail = "";

		if (sqlite3_prepare_v2(fixture->db->handle, sql_query[i], -1, &handle, &tail) != SQLITE_OK)
			fail_msg("%s: %s", sql_query_name[i], sqlite3_errmsg(fixture->db->handle));
		if (tail[strspn(tail, " \t\n")] != '\0')
			fail_msg("%s holds more than one statement", sql_query_name[i]);
		sqlite3_finalize(handle);
	}
}

/* Where no page of a list and no claim may read the whole table. */
static void test_plans_use_indexes(void **state)
{
	static const enum sql fast[] = {SQL_JOB_CLAIM, SQL_JOB_SUBMIT, SQL_JOB_REPORT, SQL_JOB_LIST, SQL_JOB_LIST_STATE,
		SQL_JOB_LIST_TRACK, SQL_TRACK_GET, SQL_TRACK_LIST, SQL_TRACK_LIST_PUBLIC, SQL_RENDITION_GET,
		SQL_RENDITION_LIST, SQL_JOB_RECALL, SQL_STORED_DAMAGED_TRACK, SQL_STORED_LIST, SQL_TRACK_NEXT};
	static const char *const tables[] = {"SCAN job", "SCAN track", "SCAN rendition", "SCAN r", "SCAN t"};
	struct fixture *fixture = *state;
	sqlite3_stmt *handle;
	char explain[8192];

	for (size_t i = 0; i < sizeof fast / sizeof fast[0]; i++) {
		snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql_query[fast[i]]);
		assert_int_equal(sqlite3_prepare_v2(fixture->db->handle, explain, -1, &handle, NULL), SQLITE_OK);
		while (sqlite3_step(handle) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(handle, 3);

			for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
				if (strncmp(detail, tables[t], strlen(tables[t])) == 0 &&
					strstr(detail, "USING") == NULL)
					fail_msg("%s: %s", sql_query_name[fast[i]], detail);
		}
		sqlite3_finalize(handle);
	}
}

static void assert_plan(struct fixture *fixture, enum sql sql, const char *const *parts, size_t count)
{
	sqlite3_stmt *handle;
	char explain[8192], plan[8192] = "";

	snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql_query[sql]);
	assert_int_equal(sqlite3_prepare_v2(fixture->db->handle, explain, -1, &handle, NULL), SQLITE_OK);
	while (sqlite3_step(handle) == SQLITE_ROW) {
		strncat(plan, (const char *)sqlite3_column_text(handle, 3), sizeof plan - strlen(plan) - 2);
		strcat(plan, "\n");
	}
	sqlite3_finalize(handle);
	if (strstr(plan, "TEMP B-TREE") != NULL || strstr(plan, "SCAN job") != NULL)
		fail_msg("%s: %s", sql_query_name[sql], plan);
	for (size_t i = 0; i < count; i++)
		if (strstr(plan, parts[i]) == NULL)
			fail_msg("%s: no %s in %s", sql_query_name[sql], parts[i], plan);
}

/* However many jobs wait, claim and place in line follow an index and sort nothing. */
static void test_queue_follows_its_indexes(void **state)
{
	static const char *const claim[] = {"SEARCH job USING INDEX job_in_line (held_by=? AND class=?)",
		"SEARCH job USING INDEX job_at_work (class=?)"};
	static const char *const due[] = {"SEARCH job USING INDEX job_held (held_by=? AND run_after_ms<?)"};
	static const char *const admit[] = {
		"SEARCH own USING INDEX job_of_submitter (held_by=? AND class=? AND submitter=? AND fair_ms<?)"};
	static const char *const list[] = {"SEARCH job USING INDEX sqlite_autoindex_job_1 (id<?)"};
	static const char *const list_state[] = {"SEARCH job USING INDEX job_by_state (state=? AND id<?)"};
	static const char *const list_track[] = {"SEARCH job USING INDEX job_by_track (track=? AND id<?)"};
	static const char *const prune[] = {"SEARCH job USING INDEX job_over ((finished_ms,id)>(?,?) AND finished_ms<?)"};
	static const char *const events[] = {
		"SEARCH job_event USING INDEX sqlite_autoindex_job_event_1 (job=? AND number>?)"};

	assert_plan(*state, SQL_JOB_CLAIM, claim, 2);
	assert_plan(*state, SQL_JOB_DUE, due, 1);
	assert_plan(*state, SQL_JOB_ADMIT, admit, 1);
	assert_plan(*state, SQL_JOB_LIST, list, 1);
	assert_plan(*state, SQL_JOB_LIST_STATE, list_state, 1);
	assert_plan(*state, SQL_JOB_LIST_TRACK, list_track, 1);
	assert_plan(*state, SQL_JOB_PRUNE_LIST, prune, 1);
	assert_plan(*state, SQL_JOB_EVENT_LIST, events, 1);
}

static void test_open_creates_private_files(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = options_of(fixture, "wal", 100);
	struct err_info info;
	struct db *db = (struct db *)1;
	char beside[128];

	assert_int_equal(db_open(&options, 0, &db, &info), ERR_NOT_FOUND);
	assert_null(db);
	fixture->db = fixture_connect(fixture, 100);
	assert_mode_0600(fixture->path);
	assert_int_equal(db_migrate(fixture->db, NULL), ERR_OK);
	snprintf(beside, sizeof beside, "%s-wal", fixture->path);
	assert_mode_0600(beside);
	assert_int_equal(db_open(&options, 0, &db, &info), ERR_OK);
	db_close(db);
	db_close(NULL);
}

static void test_open_fails(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = options_of(fixture, "wal", 0);
	struct err_info info = {0};
	struct db *db;

	options.path = "/nowhere/at/all.db";
	assert_int_equal(db_open(&options, 1, &db, &info), ERR_IO);
	assert_null(db);
	options.path = fixture->dir;
	assert_int_equal(db_open(&options, 0, &db, &info), ERR_IO);
	options.path = fixture->path;
	assert_int_equal(
		fs_write_file(fixture->path, "This is no database, whatever its name may say.", 47, 0600, NULL),
		ERR_OK);
	assert_int_equal(db_open(&options, 0, &db, &info), ERR_IO);
	assert_non_null(strstr(info.detail, "not a database"));
}

static void test_delete_mode(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = options_of(fixture, "delete", 0);
	char beside[128];
	struct db *db;

	assert_int_equal(db_open(&options, 1, &fixture->db, NULL), ERR_OK);
	assert_int_equal(db_migrate(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(fixture->db, "a", 5), NULL), ERR_OK);
	snprintf(beside, sizeof beside, "%s-wal", fixture->path);
	assert_int_equal(access(beside, F_OK), -1);
	/* While one reads, the journal cannot be changed under it. */
	assert_int_equal(db_step(db_stmt(fixture->db, SQL_RUNNER_LAST_SEEN), NULL), ERR_OK);
	options.journal_mode = "wal";
	options.busy_ms = 20;
	assert_int_equal(db_open(&options, 0, &db, NULL), ERR_BUSY);
	db_rollback(fixture->db);
	assert_int_equal(db_open(&options, 0, &db, NULL), ERR_OK);
	db_close(db);
}

static void test_safeguards_are_on(void **state)
{
	struct fixture *fixture = *state;
	int on = 0;

	sqlite3_db_config(fixture->db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &on);
	assert_int_equal(on, 1);
	sqlite3_db_config(fixture->db->handle, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
	assert_int_equal(on, 1);
	sqlite3_db_config(fixture->db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &on);
	assert_int_equal(on, 0);
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = fixture->db;
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_INSERT);

	db_bind_text(stmt, ":id", "t");
	db_bind_text(stmt, ":visibility", "public");
	db_bind_text(stmt, ":state", "ready");
	db_bind_text(stmt, ":owner", "");
	db_bind_text(stmt, ":title", NULL);
	db_bind_text(stmt, ":artist", NULL);
	db_bind_blob(stmt, ":album", "\0\1", 2);
	db_bind_int(stmt, ":number", INT64_MIN);
	db_bind_real(stmt, ":year", 0.25);
	db_bind_int(stmt, ":duration_ms", INT64_MAX);
	db_bind_int(stmt, ":sample_rate", 0);
	db_bind_int(stmt, ":channels", 0);
	db_bind_blob(stmt, ":source_name", "", 0);
	db_bind_int(stmt, ":source_bytes", 0);
	db_bind_int(stmt, ":created_ms", 0);
	db_bind_int(stmt, ":updated_ms", 0);
	assert_int_equal(db_run(stmt, NULL), ERR_OK);
	assert_int_equal(db_changes(db), 1);

	stmt = db_stmt(db, SQL_TRACK_GET);
	db_bind_text(stmt, ":id", "t");
	assert_int_equal(db_step(stmt, NULL), ERR_OK);
	assert_string_equal(db_text(stmt, 0), "t");
	assert_string_equal(db_text(stmt, 3), "");
	assert_null(db_text(stmt, 4));
	assert_true(db_is_null(stmt, 5));
	{
		size_t length = 9;
		const void *bytes = db_blob(stmt, 6, &length);

		assert_int_equal(length, 2);
		assert_memory_equal(bytes, "\0\1", 2);
		db_blob(stmt, 12, &length);
		assert_int_equal(length, 0);
	}
	assert_false(db_is_null(stmt, 12));
	assert_true(db_int(stmt, 7) == INT64_MIN);
	assert_true(db_real(stmt, 8) == 0.25);
	assert_true(db_int(stmt, 9) == INT64_MAX);
	assert_int_equal(db_step(stmt, NULL), ERR_NOT_FOUND);
	db_reset(stmt);
}

static void test_statement_is_clean_when_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	struct db_stmt *stmt = seen_stmt(fixture->db, "a", 5);

	db_reset(stmt);
	stmt = db_stmt(fixture->db, SQL_RUNNER_PUT);
	db_bind_text(stmt, ":owner", "a");
	assert_int_equal(db_run(stmt, NULL), ERR_CONFLICT); /* seen_ms is NULL again */
	assert_int_equal(db_run(seen_stmt(fixture->db, "a", 6), NULL), ERR_OK);
	assert_int_equal(last_seen(fixture->db), 6);
}

static void test_statements_are_counted(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 0);

	assert_int_equal(db_statements_run(other), 0);
	last_seen(other);
	assert_int_equal(db_statements_run(other), 1);
	assert_int_equal(db_run(seen_stmt(other, "a", 1), NULL), ERR_OK);
	assert_int_equal(db_statements_run(other), 2);
	db_close(other);
}

static void test_transactions(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 0);

	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(fixture->db, "a", 5), NULL), ERR_OK);
	assert_int_equal(last_seen(other), 0);
	assert_int_equal(db_commit(fixture->db, NULL), ERR_OK);
	assert_int_equal(last_seen(other), 5);
	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(fixture->db, "a", 9), NULL), ERR_OK);
	db_rollback(fixture->db);
	db_rollback(fixture->db);
	assert_int_equal(last_seen(fixture->db), 5);
	assert_int_equal(db_commit(fixture->db, NULL), ERR_IO); /* there is none */
	db_close(other);
}

static void test_second_writer_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 20);
	struct err_info info;

	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_begin(other, &info), ERR_BUSY);
	assert_non_null(strstr(info.detail, "locked"));
	assert_int_equal(db_run(seen_stmt(other, "a", 1), NULL), ERR_BUSY);
	assert_int_equal(last_seen(other), 0); /* reading goes on */
	assert_int_equal(db_commit(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(other, "a", 1), NULL), ERR_OK);
	db_close(other);
}

static void test_old_snapshot_cannot_write(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 1000);

	assert_int_equal(db_step(db_stmt(other, SQL_RUNNER_LAST_SEEN), NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(fixture->db, "a", 1), NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(other, "b", 2), NULL), ERR_BUSY);
	db_rollback(other);
	assert_int_equal(db_run(seen_stmt(other, "b", 2), NULL), ERR_OK);
	db_close(other);
}

static void test_statement_that_cannot_be_prepared_yet(void **state)
{
	struct fixture *fixture = *state;
	struct db_options options = options_of(fixture, "delete", 0);
	struct db *other;

	assert_int_equal(db_open(&options, 1, &fixture->db, NULL), ERR_OK);
	assert_int_equal(db_migrate(fixture->db, NULL), ERR_OK);
	assert_int_equal(db_open(&options, 0, &other, NULL), ERR_OK);
	assert_int_equal(sqlite3_exec(fixture->db->handle, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	/* Another's lock keeps the schema from being read: binding does nothing and stepping says why. */
	assert_int_equal(db_run(seen_stmt(other, "a", 1), NULL), ERR_BUSY);
	db_rollback(fixture->db);
	assert_int_equal(db_run(seen_stmt(other, "a", 1), NULL), ERR_OK);
	db_close(other);
}

static void test_full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = fixture->db;
	static char owner[200000];
	struct err_info info;

	memset(owner, 'x', sizeof owner - 1);
	assert_int_equal(sqlite3_exec(db->handle, "PRAGMA max_page_count = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(db_begin(db, NULL), ERR_OK);
	assert_int_equal(db_run(seen_stmt(db, owner, 1), &info), ERR_NO_SPACE);
	db_rollback(db);
	assert_int_equal(last_seen(db), 0);
}

static void test_constraint_is_a_conflict(void **state)
{
	struct fixture *fixture = *state;
	struct db_stmt *stmt = seen_stmt(fixture->db, NULL, 1);
	struct err_info info;

	assert_int_equal(db_run(stmt, &info), ERR_CONFLICT);
	assert_int_equal(info.code, ERR_CONFLICT);
	assert_non_null(strstr(info.detail, "runner_put"));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)
#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(test_every_statement_prepares),
		WITH_DB(test_plans_use_indexes),
		WITH_DB(test_queue_follows_its_indexes),
		WITH_DIR(test_open_creates_private_files),
		WITH_DIR(test_open_fails),
		WITH_DIR(test_delete_mode),
		WITH_DB(test_safeguards_are_on),
		WITH_DB(test_values),
		WITH_DB(test_statement_is_clean_when_asked_for_again),
		WITH_DB(test_statements_are_counted),
		WITH_DB(test_transactions),
		WITH_DB(test_second_writer_is_busy),
		WITH_DB(test_old_snapshot_cannot_write),
		WITH_DIR(test_statement_that_cannot_be_prepared_yet),
		WITH_DB(test_full_disk),
		WITH_DB(test_constraint_is_a_conflict),
	};

	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
