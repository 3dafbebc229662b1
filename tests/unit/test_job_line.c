/* SPDX-License-Identifier: MIT */
/* Who comes first: fairness between submitters, classes, many jobs. */
#include "job_maker.h"

#include <stdlib.h>

/* Numbers FROM to TO of SUBMITTER, all at NOW. */
static void submit_many(struct fixture *fixture, int from, int to, const char *submitter, int64_t now)
{
	for (int i = from; i <= to; i++) {
		struct job job = job_number(i, submitter);

		job.created_ms = now;
		submit(fixture, &job);
	}
}

static void assert_next(struct fixture *fixture, int64_t now, int number)
{
	assert_int_equal(claim_number(fixture, JOB_MEDIA, now), number);
	finish_number(fixture, number, now);
}

static void test_one_goes_before_the_many(void **state)
{
	struct fixture *fixture = *state;

	submit_many(fixture, 1, 1000, "label", BIRTH);
	for (int i = 1; i <= 10; i++)
		assert_next(fixture, BIRTH, i);
	submit_many(fixture, 2000, 2000, "singer", BIRTH + 1);
	assert_next(fixture, BIRTH + 1, 2000);
	assert_next(fixture, BIRTH + 1, 11);
}

static void test_two_crowds_take_turns(void **state)
{
	struct fixture *fixture = *state;

	submit_many(fixture, 1, 100, "label", BIRTH);
	assert_next(fixture, BIRTH, 1);
	submit_many(fixture, 1001, 1100, "radio", BIRTH + 5);
	for (int i = 0; i < 99; i++) {
		assert_next(fixture, BIRTH + 5, 1001 + i);
		assert_next(fixture, BIRTH + 5, 2 + i);
	}
	assert_next(fixture, BIRTH + 5, 1100);
}

/* What somebody had while nobody else wanted anything is not held against them. */
static void test_no_debt_from_idle_times(void **state)
{
	struct fixture *fixture = *state;

	submit_many(fixture, 1, 500, "label", BIRTH);
	for (int i = 1; i <= 500; i++)
		assert_next(fixture, BIRTH, i);
	submit_many(fixture, 1001, 1100, "radio", BIRTH + 1);
	submit_many(fixture, 2000, 2000, "label", BIRTH + 2);
	assert_next(fixture, BIRTH + 2, 1001);
	assert_next(fixture, BIRTH + 2, 2000);
	assert_next(fixture, BIRTH + 2, 1002);
}

static void test_priority_counts_among_ones_own(void **state)
{
	struct fixture *fixture = *state;
	struct job urgent = job_number(200, "label"), lazy = job_number(201, "label");

	submit_many(fixture, 1, 100, "label", BIRTH);
	urgent.priority = 1;
	lazy.priority = -1;
	submit(fixture, &lazy);
	submit(fixture, &urgent);
	assert_next(fixture, BIRTH, 200);
	for (int i = 1; i <= 100; i++)
		assert_next(fixture, BIRTH, i);
	assert_next(fixture, BIRTH, 201);
}

/* However many come with a better rank, and each from somebody else, what waits gets its turn. */
static void test_waiting_rises_past_newcomers(void **state)
{
	struct fixture *fixture = *state;
	int64_t now = BIRTH;
	char name[24];
	int next;

	submit_many(fixture, 1, 1, "patient", BIRTH);
	for (int i = 2;; i++) {
		struct job job = job_number(i, name);

		snprintf(name, sizeof name, "pushy %d", i);
		job.priority = 30;
		job.created_ms = now;
		submit(fixture, &job);
		next = claim_number(fixture, JOB_MEDIA, now);
		finish_number(fixture, next, now);
		if (next == 1)
			break;
		assert_true(now <= BIRTH + 30 * MINUTE);
		now += MINUTE;
	}
	assert_int_equal(now, BIRTH + 30 * MINUTE);
}

static void test_held_until_due(void **state)
{
	struct fixture *fixture = *state;
	struct job later = job_number(1, "label");

	later.run_after_ms = BIRTH + 60 * MINUTE;
	later.priority = JOB_PRIORITY_MOST;
	submit(fixture, &later);
	submit_many(fixture, 2, 2, "label", BIRTH);
	assert_next(fixture, BIRTH, 2);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + 60 * MINUTE - 1), 0);
	assert_next(fixture, BIRTH + 60 * MINUTE, 1);
}

/* A thousand that fall due together are spread out like any other thousand. */
static void test_fair_when_many_fall_due(void **state)
{
	struct fixture *fixture = *state;
	int64_t due = BIRTH + 60 * MINUTE;

	for (int i = 1; i <= 300; i++) {
		struct job job = job_number(i, "label");

		job.run_after_ms = due;
		submit(fixture, &job);
	}
	assert_next(fixture, due, 1);
	submit_many(fixture, 1000, 1000, "singer", due + 1);
	assert_next(fixture, due + 1, 1000);
	assert_next(fixture, due + 1, 2);
}

static void test_tried_again_keeps_its_place(void **state)
{
	struct fixture *fixture = *state;
	enum job_state now;

	submit_many(fixture, 1, 3, "label", BIRTH);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	assert_int_equal(
		job_fail(fixture->db, job_number(1, "").id, "r", "it broke", 0, BIRTH + 500, BIRTH, &now, NULL),
		ERR_OK);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 2);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + 500), 1);
}

/* A clock that was a year ahead for a moment leaves the line in order. */
static void test_clock_that_was_wrong(void **state)
{
	struct fixture *fixture = *state;
	int64_t year = INT64_C(365) * 86400 * 1000;

	submit_many(fixture, 1, 3, "label", BIRTH + year);
	assert_next(fixture, BIRTH + year, 1);
	submit_many(fixture, 10, 12, "label", BIRTH);
	submit_many(fixture, 20, 20, "singer", BIRTH + 1);
	assert_next(fixture, BIRTH + 1, 10);
	assert_next(fixture, BIRTH + 1, 20);
	assert_next(fixture, BIRTH + 1, 11);
}

static void test_classes_have_lines_of_their_own(void **state)
{
	struct fixture *fixture = *state;
	struct job house = job_number(50, "");

	submit_many(fixture, 1, 3, "label", BIRTH);
	house.kind = "prune-jobs";
	house.priority = -JOB_PRIORITY_MOST;
	submit(fixture, &house);
	assert_int_equal(claim_number(fixture, JOB_NETWORK, BIRTH), 0);
	assert_int_equal(claim_number(fixture, 0, BIRTH), 0);
	assert_int_equal(claim_number(fixture, JOB_MEDIA | JOB_NETWORK, BIRTH), 1);
	assert_int_equal(claim_number(fixture, JOB_UPKEEP, BIRTH), 50);
	assert_int_equal(claim_number(fixture, JOB_UPKEEP, BIRTH), 0);
	/* A lease that ran out is claimed by whoever has room for its class. */
	assert_int_equal(claim_number(fixture, JOB_UPKEEP, BIRTH + LEASE), 50);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + LEASE), 1);
}

enum { CROWD = 100000, SUBMITTERS = 50 };

/* CROWD jobs of SUBMITTERS, every hundredth still held: written beside the program, which would take too long. */
static void fill(struct fixture *fixture)
{
	char sql[2048];

	snprintf(sql, sizeof sql,
		"PRAGMA synchronous = OFF; BEGIN;"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		"INSERT INTO job (id, kind, class, payload, submitter, state, held_by, priority, fair_ms, rank_ms, "
		"attempts,"
		" max_attempts, run_after_ms, lease_expires_ms, progress, stage, speed, cancel_requested, created_ms, "
		"updated_ms,"
		" started_ms, finished_ms)"
		"SELECT printf('%%026d', i), 'transcode', 'media', '{}', 's' || (i %% %d), 'queued',"
		" CASE WHEN i %% 100 = 0 THEN 'time' ELSE 'nothing' END, i %% 3,"
		" %lld + i / %d * %d, %lld + i / %d * %d - (i %% 3) * %d, 0, 3,"
		" %lld + CASE WHEN i %% 100 = 0 THEN 3600000 ELSE 0 END, 0, 0, 'queued', 0, 0, %lld, %lld, 0, 0 FROM n;"
		"COMMIT",
		CROWD, SUBMITTERS, (long long)BIRTH, SUBMITTERS, JOB_SHARE_MS, (long long)BIRTH, SUBMITTERS,
		JOB_SHARE_MS, JOB_PRIORITY_MS, (long long)BIRTH, (long long)BIRTH, (long long)BIRTH);
	fixture_sql(fixture, sql);
}

/* With a hundred thousand in line the order still holds, newcomers are fitted in, and lists come in pages. */
static void test_crowd(void **state)
{
	struct fixture *fixture = *state;
	int64_t ranks = INT64_MIN;
	struct job *page, late = job_number(CROWD + 1, "singer");
	const char *after = NULL;
	size_t count, seen = 0;
	int number = 0;

	fill(fixture);
	for (int i = 0; i < 300; i++) {
		int64_t rank;

		number = claim_number(fixture, JOB_MEDIA, BIRTH);
		rank = BIRTH + number / SUBMITTERS * (int64_t)JOB_SHARE_MS - number % 3 * (int64_t)JOB_PRIORITY_MS;
		assert_true(number % 100 != 0 && rank >= ranks);
		ranks = rank;
	}
	submit(fixture, &late);
	for (int i = 0; i <= SUBMITTERS && number != CROWD + 1; i++)
		number = claim_number(fixture, JOB_MEDIA, BIRTH);
	assert_int_equal(number, CROWD + 1);
	do {
		assert_int_equal(
			job_list(fixture->db, after, NULL, NULL, JOB_PAGE_MOST, &fixture->arena, &page, &count, NULL),
			ERR_OK);
		seen += count;
		after = count > 0 ? page[count - 1].id : NULL;
	} while (count == JOB_PAGE_MOST && seen < 2000);
	assert_int_equal(seen, 2000);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(test_one_goes_before_the_many),
		WITH_DB(test_two_crowds_take_turns),
		WITH_DB(test_no_debt_from_idle_times),
		WITH_DB(test_priority_counts_among_ones_own),
		WITH_DB(test_waiting_rises_past_newcomers),
		WITH_DB(test_held_until_due),
		WITH_DB(test_fair_when_many_fall_due),
		WITH_DB(test_tried_again_keeps_its_place),
		WITH_DB(test_clock_that_was_wrong),
		WITH_DB(test_classes_have_lines_of_their_own),
		WITH_DB(test_crowd),
	};

	return cmocka_run_group_tests_name("job_line", tests, NULL, NULL);
}
