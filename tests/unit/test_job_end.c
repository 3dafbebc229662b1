/* SPDX-License-Identifier: MIT */
/* The ends of jobs are counted, and what a clock that was ahead left behind is taken up. */
#include "model/job_end.h"

#include "tests/unit/fixture.h"
#include "model/job.h"
#include "tests/unit/job_maker.h"
#include "tests/unit/told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR_MS = 3600000, WAIT_MS = 300000 };
#define DAY_MS (24 * (int64_t)HOUR_MS)

static void is_counted(struct fixture *fixture, const char *state, int jobs)
{
	struct metrics *metrics;
	struct buf text;
	char line[128], path[128];

	snprintf(path, sizeof path, "%s/metrics", fixture->dir);
	snprintf(line, sizeof line, "\ntonearm_jobs_finished_total{kind=\"transcode\",state=\"%s\"} %d\n", state, jobs);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	assert_int_equal(job_end_tell(fixture->db, metrics, NULL), ERR_OK);
	buf_init(&text, 1 << 20);
	metrics_write(metrics, &text);
	if (strstr(buf_text(&text), line) == NULL)
		fail_msg("no %s", line);
	buf_free(&text);
	metrics_close(metrics);
}

static void each_end_counts_whoever_brings_it_about(void **state)
{
	struct fixture *fixture = *state;
	struct job job;
	enum job_state end;

	for (int i = 1; i <= 6; i++) {
		job = job_number(i, "");
		job.max_attempts = 1;
		submit(fixture, &job);
	}
	/* A person. */
	assert_int_equal(job_cancel(fixture->db, job_number(6, "").id, BIRTH, NULL), ERR_OK);
	is_counted(fixture, "cancelled", 1);
	/* Its runner. */
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 1);
	finish_number(fixture, 1, BIRTH);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 2);
	assert_int_equal(job_fail(fixture->db, job_number(2, "").id, "r", "no", 0, 0, BIRTH, &end, NULL), ERR_OK);
	is_counted(fixture, "done", 1);
	is_counted(fixture, "dead", 1);
	/* Who finds it without its runner, in its last attempt, or when it was to be cancelled. */
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 3);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 4);
	assert_int_equal(job_cancel(fixture->db, job_number(4, "").id, BIRTH, NULL), ERR_OK);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + HOUR_MS), 5);
	is_counted(fixture, "dead", 2);
	is_counted(fixture, "cancelled", 2);
	/* One that is queued anew ends anew. */
	assert_int_equal(job_retry(fixture->db, job_number(2, "").id, BIRTH, NULL), ERR_OK);
	assert_int_equal(job_cancel(fixture->db, job_number(2, "").id, BIRTH, NULL), ERR_OK);
	is_counted(fixture, "cancelled", 3);
}

static void one_that_goes_with_another_counts(void **state)
{
	struct fixture *fixture = *state;
	struct job first = job_number(1, ""), second = job_number(2, "");
	const char *const ids[] = {first.id};
	const struct job_ids needs = {.ids = ids, .count = 1};

	submit(fixture, &first);
	assert_int_equal(job_submit_after(fixture->db, &second, &needs, 0, NULL), ERR_OK);
	assert_int_equal(job_cancel(fixture->db, first.id, BIRTH, NULL), ERR_OK);
	is_counted(fixture, "cancelled", 2);
}

static void a_clock_that_was_ahead_leaves_nothing_behind(void **state)
{
	struct fixture *fixture = *state;
	enum job_state end;
	struct job job;
	int64_t count;

	for (int i = 1; i <= 3; i++) {
		job = job_number(i, "");
		submit(fixture, &job);
	}
	/* The first is at work with a lease from the future, the second waits there, the third is as it should be. */
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + HOUR_MS), 1);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + HOUR_MS), 2);
	assert_int_equal(
		job_fail(fixture->db, job_number(2, "").id, "r", "no", 0, BIRTH + HOUR_MS + WAIT_MS, BIRTH, &end, NULL),
		ERR_OK);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + 1), 3);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + 2), 0);
	assert_int_equal(job_recall(fixture->db, BIRTH + 2, LEASE, WAIT_MS, JOB_PARKED_MS, &count, NULL), ERR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(job_recall(fixture->db, BIRTH + 2, LEASE, WAIT_MS, JOB_PARKED_MS, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + 2), 1);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + 2), 2);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + 2), 0);
}

/* Queues a job of SUBMITTER by a clock that says NOW, for RUN_AFTER or at once (0). */
static struct job queue_at(struct fixture *fixture, const char *submitter, int64_t now, int64_t run_after)
{
	const struct clock clock = {told_ms, &now};
	struct job job = job_number(0, submitter);

	job.created_ms = now;
	job.run_after_ms = run_after;
	id_new(&clock, job.id);
	submit(fixture, &job);
	return job;
}

static struct job claim_at(struct fixture *fixture, int64_t now)
{
	struct job job;

	assert_int_equal(
		job_claim(fixture->db, "r", JOB_CLASS_ALL, now, LEASE, &fixture->arena, &job, NULL), ERR_OK);
	return job;
}

/* By a clock that was a year ahead: one was tried then, one stands in line, one is for later still. */
static void what_was_queued_ahead_does_not_stand_last(void **state)
{
	const int64_t ahead = BIRTH + 365 * DAY_MS;
	struct fixture *fixture = *state;
	struct job tried = queue_at(fixture, "a", ahead, 0), late, other;
	enum job_state end;
	int64_t count;

	assert_string_equal(claim_at(fixture, ahead).id, tried.id);
	assert_int_equal(job_fail(fixture->db, tried.id, "r", "no", 0, BIRTH, BIRTH, &end, NULL), ERR_OK);
	queue_at(fixture, "b", ahead, 0);
	late = queue_at(fixture, "c", ahead, ahead + DAY_MS);
	assert_int_equal(job_recall(fixture->db, BIRTH, LEASE, WAIT_MS, JOB_PARKED_MS, &count, NULL), ERR_OK);
	assert_int_equal(count, 3);
	assert_int_equal(job_recall(fixture->db, BIRTH, LEASE, WAIT_MS, JOB_PARKED_MS, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	other = queue_at(fixture, "d", BIRTH + 10, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(claim_at(fixture, BIRTH + 10).created_ms, BIRTH);
	assert_string_equal(claim_at(fixture, BIRTH + 10).id, other.id);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH + 10), 0);
	assert_int_equal(job_get(fixture->db, late.id, &fixture->arena, &late, NULL), ERR_OK);
	assert_int_equal(late.created_ms, BIRTH);
	assert_int_equal(late.run_after_ms, ahead + DAY_MS);
}

/* Claims NUMBER and parks it until DUE. */
static void park(struct fixture *fixture, int number, const char *stage, int64_t due)
{
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), number);
	assert_int_equal(job_park(fixture->db, job_number(number, "").id, "r", stage, due, BIRTH, NULL), ERR_OK);
}

static void a_wait_that_is_meant_lasts(void **state)
{
	static const char *const stages[] = {"album", "waiting", "album", "waiting"};
	struct fixture *fixture = *state;
	enum job_state end;
	struct job job;
	int64_t count;

	/* The first was tried before; the last two were parked by a clock that was ahead. */
	for (int i = 1; i <= 5; i++) {
		job = job_number(i, "");
		job.run_after_ms = i == 5 ? BIRTH + 30 * DAY_MS : 0;
		submit(fixture, &job);
	}
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 1);
	assert_int_equal(job_fail(fixture->db, job_number(1, "").id, "r", "no", 0, BIRTH, BIRTH, &end, NULL), ERR_OK);
	for (int i = 1; i <= 4; i++)
		park(fixture, i, stages[i - 1], BIRTH + (i <= 2 ? DAY_MS : 2 * DAY_MS));
	assert_int_equal(job_recall(fixture->db, BIRTH, LEASE, WAIT_MS, JOB_PARKED_MS, &count, NULL), ERR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 3);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 4);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_end_counts_whoever_brings_it_about, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(one_that_goes_with_another_counts, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(
			a_clock_that_was_ahead_leaves_nothing_behind, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(what_was_queued_ahead_does_not_stand_last, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_wait_that_is_meant_lasts, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
