/* SPDX-License-Identifier: MIT */
#include "job_maker.h"
#include "model/periodic.h"
#include "told_clock.h"

#include <pthread.h>

enum { RUNNERS = 4 };

static int64_t now_ms;

static const struct clock test_clock = {told_ms, &now_ms};

static size_t queue_at(struct fixture *fixture, int64_t now)
{
	struct err_info info = {0};
	size_t count;

	now_ms = now;
	if (periodic_queue(fixture->db, &test_clock, &count, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	return count;
}

static int64_t next(struct fixture *fixture)
{
	int64_t ms;

	assert_int_equal(periodic_next(fixture->db, &ms, NULL), ERR_OK);
	return ms;
}

static void put(struct fixture *fixture, const char *kind, int64_t interval, int64_t now)
{
	assert_int_equal(periodic_put(fixture->db, kind, kind, interval, now, NULL), ERR_OK);
}

/* Claims and finishes what there is; its kind, or NULL. */
static const char *work_off(struct fixture *fixture)
{
	struct job job;

	if (job_claim(fixture->db, "r", JOB_UPKEEP, now_ms, LEASE, &fixture->arena, &job, NULL) != ERR_OK)
		return NULL;
	assert_int_equal(job_finish(fixture->db, job.id, "r", now_ms, NULL), ERR_OK);
	return job.kind;
}

static void test_comes_again(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(next(fixture), INT64_MAX);
	assert_int_equal(queue_at(fixture, BIRTH), 0);
	put(fixture, "prune-jobs", MINUTE, BIRTH);
	assert_int_equal(queue_at(fixture, BIRTH), 1);
	assert_int_equal(next(fixture), BIRTH + MINUTE);
	assert_string_equal(work_off(fixture), "prune-jobs");
	assert_int_equal(queue_at(fixture, BIRTH + MINUTE - 1), 0);
	assert_int_equal(queue_at(fixture, BIRTH + MINUTE), 1);
	assert_string_equal(work_off(fixture), "prune-jobs");
	assert_null(work_off(fixture));
}

static void test_what_was_missed_is_not_made_up_for(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "prune-jobs", MINUTE, BIRTH);
	put(fixture, "maintain-database", 10 * MINUTE, BIRTH);
	assert_int_equal(queue_at(fixture, BIRTH), 2);
	while (work_off(fixture) != NULL)
		continue;
	assert_int_equal(queue_at(fixture, BIRTH + 100 * MINUTE + 5), 2);
	assert_int_equal(next(fixture), BIRTH + 101 * MINUTE + 5);
}

static void test_never_two_at_a_time(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "prune-jobs", MINUTE, BIRTH);
	assert_int_equal(queue_at(fixture, BIRTH), 1);
	assert_int_equal(queue_at(fixture, BIRTH + MINUTE), 0);
	assert_int_equal(next(fixture), BIRTH + 2 * MINUTE);
	assert_string_equal(work_off(fixture), "prune-jobs");
	assert_int_equal(queue_at(fixture, BIRTH + 2 * MINUTE), 1);
}

static void test_set_anew(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "prune-jobs", 60 * MINUTE, BIRTH);
	assert_int_equal(queue_at(fixture, BIRTH), 1);
	work_off(fixture);
	put(fixture, "prune-jobs", 60 * MINUTE, BIRTH + MINUTE);
	assert_int_equal(next(fixture), BIRTH + 60 * MINUTE);
	put(fixture, "prune-jobs", MINUTE, BIRTH + MINUTE);
	assert_int_equal(next(fixture), BIRTH + 2 * MINUTE);
	assert_int_equal(periodic_delete(fixture->db, "prune-jobs", NULL), ERR_OK);
	assert_int_equal(next(fixture), INT64_MAX);
}

static void test_row_of_a_newer_program(void **state)
{
	struct fixture *fixture = *state;

	fixture_sql(fixture, "INSERT INTO periodic VALUES ('tea', 'brew-tea', 60000, 0, NULL)");
	assert_int_equal(queue_at(fixture, BIRTH), 0);
	assert_int_equal(next(fixture), BIRTH + MINUTE);
}

static void *run_one(void *argument)
{
	struct db *db = fixture_connect(argument, 60000);
	size_t count = 0;

	if (periodic_queue(db, &test_clock, &count, NULL) != ERR_OK)
		count = 1000;
	db_close(db);
	return (void *)count;
}

static void test_once_with_many_runners(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[RUNNERS];
	size_t total = 0;

	put(fixture, "prune-jobs", MINUTE, BIRTH);
	put(fixture, "maintain-database", MINUTE, BIRTH);
	now_ms = BIRTH;
	for (int i = 0; i < RUNNERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_one, fixture), 0);
	for (int i = 0; i < RUNNERS; i++) {
		void *count;

		assert_int_equal(pthread_join(threads[i], &count), 0);
		total += (size_t)count;
	}
	assert_int_equal(total, 2);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(test_comes_again),
		WITH_DB(test_what_was_missed_is_not_made_up_for),
		WITH_DB(test_never_two_at_a_time),
		WITH_DB(test_set_anew),
		WITH_DB(test_row_of_a_newer_program),
		WITH_DB(test_once_with_many_runners),
	};

	return cmocka_run_group_tests_name("periodic", tests, NULL, NULL);
}
