/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "model/job.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 6, JOBS = 60 };

static struct db_pool *open_pool(const struct fixture *fixture, size_t most, int busy_ms)
{
	char path[sizeof fixture->path], mode[] = "wal";
	struct db_options options = {.path = path, .journal_mode = mode, .busy_ms = busy_ms};
	struct db_pool *pool;

	strcpy(path, fixture->path);
	assert_int_equal(db_pool_open(&options, most, &pool, NULL), ERR_OK);
	/* The pool has its own copy. */
	memset(path, 0, sizeof path);
	memset(mode, 0, sizeof mode);
	return pool;
}

static void test_connections_are_kept(void **state)
{
	struct db_pool *pool = open_pool(*state, 2, 0);
	struct db *first, *second, *again;

	assert_int_equal(db_pool_take(pool, &first, NULL), ERR_OK);
	assert_int_equal(db_pool_take(pool, &second, NULL), ERR_OK);
	assert_ptr_not_equal(first, second);
	db_pool_give(pool, first);
	assert_int_equal(db_pool_take(pool, &again, NULL), ERR_OK);
	assert_ptr_equal(again, first);
	db_pool_give(pool, again);
	db_pool_give(pool, second);
	db_pool_close(pool);
	db_pool_close(NULL);
}

static void test_all_in_use(void **state)
{
	struct db_pool *pool = open_pool(*state, 1, 20);
	struct err_info info;
	struct db *db, *none;

	assert_int_equal(db_pool_take(pool, &db, NULL), ERR_OK);
	assert_int_equal(db_pool_take(pool, &none, &info), ERR_BUSY);
	assert_null(none);
	assert_string_equal(info.detail, "all 1 connections to the database are in use");
	db_pool_give(pool, db);
	db_pool_close(pool);
}

static void test_a_failed_opening_takes_no_place(void **state)
{
	struct fixture *fixture = *state;
	struct db_pool *pool = open_pool(fixture, 1, 0);
	struct db *db;

	for (int i = 0; i < 3; i++)
		assert_int_equal(db_pool_take(pool, &db, NULL), ERR_NOT_FOUND);
	fixture->db = fixture_connect(fixture, 0);
	assert_int_equal(db_pool_take(pool, &db, NULL), ERR_OK);
	db_pool_give(pool, db);
	db_pool_close(pool);
}

static void test_a_forgotten_transaction_ends(void **state)
{
	struct fixture *fixture = *state;
	struct db_pool *pool = open_pool(fixture, 1, 0);
	struct db *db;

	assert_int_equal(db_pool_take(pool, &db, NULL), ERR_OK);
	assert_int_equal(db_begin(db, NULL), ERR_OK);
	assert_int_equal(db_step(db_stmt(db, SQL_RUNNER_LAST_SEEN), NULL), ERR_OK);
	db_pool_give(pool, db);
	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	db_rollback(fixture->db);
	assert_int_equal(db_pool_take(pool, &db, NULL), ERR_OK);
	assert_int_equal(db_step(db_stmt(db, SQL_RUNNER_LAST_SEEN), NULL), ERR_OK);
	db_pool_give(pool, db);
	db_pool_close(pool);
}

static void *take_one(void *argument)
{
	struct db_pool *pool = argument;
	struct db *db;

	if (db_pool_take(pool, &db, NULL) != ERR_OK)
		return NULL;
	db_pool_give(pool, db);
	return pool;
}

static void test_who_waits_gets_what_comes_back(void **state)
{
	struct db_pool *pool = open_pool(*state, 1, 60000);
	pthread_t thread;
	struct db *db;
	void *got;

	assert_int_equal(db_pool_take(pool, &db, NULL), ERR_OK);
	assert_int_equal(pthread_create(&thread, NULL, take_one, pool), 0);
	db_pool_give(pool, db);
	assert_int_equal(pthread_join(thread, &got), 0);
	assert_non_null(got);
	db_pool_close(pool);
}

static void test_version_tells_of_changes(void **state)
{
	struct fixture *fixture = *state;
	struct db_pool *pool = open_pool(fixture, 1, 1000);
	int64_t first, again, later;
	struct db *db;

	assert_int_equal(db_pool_take(pool, &db, NULL), ERR_OK);
	assert_int_equal(db_pool_version(pool, &first, NULL), ERR_OK);
	assert_int_equal(db_pool_version(pool, &again, NULL), ERR_OK);
	assert_int_equal(again, first);
	assert_int_equal(job_runner_seen(db, "r", 1000, NULL), ERR_OK);
	assert_int_equal(db_pool_version(pool, &later, NULL), ERR_OK);
	assert_int_not_equal(later, first);
	fixture_sql(fixture, "DELETE FROM runner");
	assert_int_equal(db_pool_version(pool, &again, NULL), ERR_OK);
	assert_int_not_equal(again, later);
	db_pool_give(pool, db);
	db_pool_close(pool);
}

/* Would it wait, it would for weeks. */
static void test_a_glance_waits_for_nobody(void **state)
{
	struct fixture *fixture = *state;
	const struct db_options options = {.path = fixture->path, .journal_mode = "delete", .busy_ms = INT_MAX};
	int64_t first, again = 0, after;
	struct db_pool *pool;
	struct arena arena = {0};
	struct job job;
	struct db *db;
	void *lock = fixture_lock(fixture);

	assert_int_equal(db_pool_open(&options, 1, &pool, NULL), ERR_OK);
	assert_int_equal(db_pool_version(pool, &first, NULL), ERR_BUSY);
	fixture_unlock(lock, "");
	assert_int_equal(db_pool_version(pool, &first, NULL), ERR_OK);
	lock = fixture_lock(fixture);
	assert_int_equal(db_pool_version(pool, &again, NULL), ERR_BUSY);
	assert_int_equal(again, 0);
	assert_int_equal(db_pool_glance(pool, &db, NULL), ERR_OK);
	assert_int_equal(job_get(db, "x", &arena, &job, NULL), ERR_BUSY);
	db_pool_glanced(pool);
	fixture_unlock(lock, "DELETE FROM runner");
	assert_int_equal(db_pool_version(pool, &after, NULL), ERR_OK);
	assert_int_not_equal(after, first);
	/* What was left open holds nobody up. */
	assert_int_equal(db_pool_glance(pool, &db, NULL), ERR_OK);
	assert_int_equal(db_step(db_stmt(db, SQL_RUNNER_LAST_SEEN), NULL), ERR_OK);
	db_pool_glanced(pool);
	fixture_unlock(fixture_lock(fixture), "");
	arena_free(&arena);
	db_pool_close(pool);
}

/* Claims until nothing is left; the number of jobs it got, or -1. */
static void *claim_all(void *argument)
{
	struct db_pool *pool = argument;
	struct arena arena = {0};
	enum err err = ERR_OK;
	intptr_t claimed = 0;
	struct job job;
	struct db *db;

	while (err == ERR_OK) {
		err = db_pool_take(pool, &db, NULL);
		if (err != ERR_OK)
			break;
		err = job_claim(db, "r", JOB_CLASS_ALL, 1000, 30000, &arena, &job, NULL);
		db_pool_give(pool, db);
		claimed += err == ERR_OK;
	}
	arena_free(&arena);
	return (void *)(err == ERR_NOT_FOUND ? claimed : -1);
}

static void test_each_job_is_claimed_once(void **state)
{
	struct fixture *fixture = *state;
	struct db_pool *pool = open_pool(fixture, THREADS / 2, 60000);
	struct job job = {.kind = "transcode", .payload = "{}", .submitter = "", .max_attempts = 1, .created_ms = 1};
	pthread_t threads[THREADS];
	intptr_t claimed = 0;

	for (int i = 0; i < JOBS; i++) {
		snprintf(job.id, sizeof job.id, "%026d", i);
		assert_int_equal(job_submit(fixture->db, &job, 0, NULL), ERR_OK);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, claim_all, pool), 0);
	for (int i = 0; i < THREADS; i++) {
		void *got;

		assert_int_equal(pthread_join(threads[i], &got), 0);
		assert_true((intptr_t)got >= 0);
		claimed += (intptr_t)got;
	}
	assert_int_equal(claimed, JOBS);
	db_pool_close(pool);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)
#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)
#define WITH_DB_DELETE(test) cmocka_unit_test_setup_teardown(test, fixture_db_delete, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(test_connections_are_kept),
		WITH_DB(test_all_in_use),
		WITH_DIR(test_a_failed_opening_takes_no_place),
		WITH_DB(test_a_forgotten_transaction_ends),
		WITH_DB(test_who_waits_gets_what_comes_back),
		WITH_DB(test_version_tells_of_changes),
		WITH_DB_DELETE(test_a_glance_waits_for_nobody),
		WITH_DB(test_each_job_is_claimed_once),
	};

	return cmocka_run_group_tests_name("db_pool", tests, NULL, NULL);
}
