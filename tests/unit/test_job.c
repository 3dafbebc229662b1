/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "model/job.h"
#include "model/track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEASE = 30000 };
#define MINUTE INT64_C(60000)

/* A job with the id "00...N", so that ids sort as their numbers do. */
static struct job job_number(int number)
{
	struct job job = {
		.kind = "transcode", .payload = "{}", .submitter = "somebody", .max_attempts = 3, .created_ms = 1000};

	snprintf(job.id, sizeof job.id, "%026d", number);
	return job;
}

static void submit(struct fixture *fixture, const struct job *job)
{
	struct err_info info = {0};

	if (job_submit(fixture->db, job, 0, &info) != ERR_OK)
		fail_msg("%s", info.detail);
}

static enum err claim(struct fixture *fixture, const char *owner, int64_t now, struct job *out)
{
	return job_claim(fixture->db, owner, JOB_CLASS_ALL, now, LEASE, &fixture->arena, out, NULL);
}

static void assert_claims(struct fixture *fixture, int64_t now, int number)
{
	struct job want = job_number(number), job;

	assert_int_equal(claim(fixture, "r", now, &job), ERR_OK);
	assert_string_equal(job.id, want.id);
}

static struct job get(struct fixture *fixture, int number)
{
	struct job want = job_number(number), job;

	assert_int_equal(job_get(fixture->db, want.id, &fixture->arena, &job, NULL), ERR_OK);
	return job;
}

static void test_names(void **state)
{
	enum job_state parsed;

	(void)state;
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		assert_int_equal(job_state_parse(job_state_name((enum job_state)i), &parsed), ERR_OK);
		assert_int_equal(parsed, i);
	}
	assert_int_equal(job_state_parse("asleep", &parsed), ERR_BAD_REQUEST);
}

static void test_submit_and_get(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	job.track = "t";
	job.priority = 5;
	job.payload = "{\"a\":1}";
	submit(fixture, &job);
	got = get(fixture, 1);
	assert_string_equal(got.id, job.id);
	assert_string_equal(got.kind, "transcode");
	assert_string_equal(got.track, "t");
	assert_string_equal(got.payload, "{\"a\":1}");
	assert_string_equal(got.submitter, "somebody");
	assert_int_equal(got.state, JOB_QUEUED);
	assert_int_equal(got.priority, 5);
	assert_int_equal(got.attempts, 0);
	assert_int_equal(got.max_attempts, 3);
	assert_int_equal(got.run_after_ms, 1000);
	assert_null(got.lease_owner);
	assert_string_equal(got.stage, "queued");
	assert_null(got.error);
	assert_int_equal(got.created_ms, 1000);
	assert_int_equal(job_submit(fixture->db, &job, 0, NULL), ERR_CONFLICT);
	assert_int_equal(job_get(fixture->db, "nobody", &fixture->arena, &got, NULL), ERR_NOT_FOUND);
}

static void test_submit_refuses(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1);
	char *payload = calloc(1, JOB_PAYLOAD_MOST + 2);

	assert_non_null(payload);
	memset(payload, ' ', JOB_PAYLOAD_MOST + 1);
	job.payload = payload;
	assert_int_equal(job_submit(fixture->db, &job, 0, NULL), ERR_TOO_LARGE);
	payload[JOB_PAYLOAD_MOST] = '\0';
	submit(fixture, &job);
	free(payload);
	job = job_number(2);
	job.priority = JOB_PRIORITY_MOST + 1;
	assert_int_equal(job_submit(fixture->db, &job, 0, NULL), ERR_UNPROCESSABLE);
	job.priority = -JOB_PRIORITY_MOST - 1;
	assert_int_equal(job_submit(fixture->db, &job, 0, NULL), ERR_UNPROCESSABLE);
	job = job_number(2);
	job.kind = "brew-coffee";
	assert_int_equal(job_submit(fixture->db, &job, 0, NULL), ERR_UNPROCESSABLE);
}

static void test_queue_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct job job;

	for (int i = 1; i <= 3; i++) {
		job = job_number(i);
		assert_int_equal(job_submit(fixture->db, &job, 3, NULL), ERR_OK);
	}
	job = job_number(4);
	assert_int_equal(job_submit(fixture->db, &job, 3, NULL), ERR_BUSY);
	assert_int_equal(job_room(fixture->db, JOB_MEDIA, 3, NULL), ERR_BUSY);
	assert_int_equal(job_room(fixture->db, JOB_MEDIA, 4, NULL), ERR_OK);
	assert_int_equal(job_room(fixture->db, JOB_MEDIA, 0, NULL), ERR_OK);
	assert_int_equal(job_room(fixture->db, JOB_NETWORK, 1, NULL), ERR_OK);
	assert_int_equal(job_get(fixture->db, job.id, &fixture->arena, &job, NULL), ERR_NOT_FOUND);
	assert_claims(fixture, 1000, 1);
	job = job_number(4);
	assert_int_equal(job_submit(fixture->db, &job, 3, NULL), ERR_OK);
	job = job_number(5);
	job.kind = "sync"; /* of another class, which has its own line */
	assert_int_equal(job_submit(fixture->db, &job, 3, NULL), ERR_OK);
}

static void test_claim_sets_the_lease(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	assert_int_equal(claim(fixture, "runner", 5000, &got), ERR_NOT_FOUND);
	submit(fixture, &job);
	assert_int_equal(claim(fixture, "runner", 5000, &got), ERR_OK);
	assert_string_equal(got.id, job.id);
	assert_int_equal(got.state, JOB_RUNNING);
	assert_int_equal(got.attempts, 1);
	assert_string_equal(got.lease_owner, "runner");
	assert_int_equal(got.lease_expires_ms, 5000 + LEASE);
	assert_int_equal(got.started_ms, 5000);
	assert_int_equal(claim(fixture, "other", 5000, &got), ERR_NOT_FOUND);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_RUNNING);
	assert_string_equal(got.lease_owner, "runner");
}

static void test_claim_order(void **state)
{
	struct fixture *fixture = *state;
	struct job job;

	/* 1 and 2 are equals; 3 came 2 minutes later with a point more; 4 is 2 points ahead; 5 may not run yet. */
	for (int i = 1; i <= 5; i++) {
		job = job_number(i);
		job.created_ms = i == 3 ? 1000 + 2 * MINUTE : 1000;
		job.priority = i == 3 ? 1 : i >= 4 ? 2 : 0;
		job.run_after_ms = i == 5 ? 1000 + 10 * MINUTE : 0;
		job.submitter = (const char *[]){"a", "b", "c", "d", "e"}[i - 1];
		submit(fixture, &job);
	}
	assert_claims(fixture, 1000 + 5 * MINUTE, 4);
	assert_claims(fixture, 1000 + 5 * MINUTE, 1);
	assert_claims(fixture, 1000 + 5 * MINUTE, 2);
	assert_claims(fixture, 1000 + 5 * MINUTE, 3);
	assert_int_equal(claim(fixture, "r", 999 + 10 * MINUTE, &job), ERR_OK); /* 1 again: its lease ran out */
	assert_int_equal(job.attempts, 2);
}

static void test_waiting_raises(void **state)
{
	struct fixture *fixture = *state;
	struct job old = job_number(1), urgent = job_number(2);

	old.submitter = "somebody else";
	urgent.priority = 10;
	urgent.created_ms = old.created_ms + 10 * MINUTE + 1;
	submit(fixture, &urgent);
	submit(fixture, &old);
	assert_claims(fixture, urgent.created_ms, 1);
	assert_claims(fixture, urgent.created_ms, 2);
}

static void test_report(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_report(fixture->db, job.id, "r", "transcode", 0.5, 31.5, 2000, LEASE, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_string_equal(got.stage, "transcode");
	assert_true(got.progress == 0.5);
	assert_true(got.speed == 31.5);
	assert_int_equal(got.lease_expires_ms, 2000 + LEASE);
	assert_int_equal(job_report(fixture->db, job.id, "r", "x", NAN, INFINITY, 2000, LEASE, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_true(got.progress == 0 && got.speed == 0);
	assert_int_equal(job_report(fixture->db, job.id, "r", "x", 7, -1, 2000, LEASE, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_true(got.progress == 1 && got.speed == 0);
	assert_int_equal(job_report(fixture->db, job.id, "other", "x", 0, 0, 2000, LEASE, NULL), ERR_CONFLICT);
	assert_int_equal(job_report(fixture->db, "nobody", "r", "x", 0, 0, 2000, LEASE, NULL), ERR_CONFLICT);
}

static void test_time_left(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1);

	submit(fixture, &job);
	job = get(fixture, 1);
	assert_int_equal(job_left_ms(&job, 1000), -1);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_report(fixture->db, job.id, "r", "transcode", 0.01, 2, 3000, LEASE, NULL), ERR_OK);
	job = get(fixture, 1);
	assert_int_equal(job_left_ms(&job, 3000), -1);
	assert_int_equal(job_report(fixture->db, job.id, "r", "transcode", 0.25, 2, 5000, LEASE, NULL), ERR_OK);
	job = get(fixture, 1);
	assert_int_equal(job_left_ms(&job, 5000), 12000);
	assert_int_equal(job_left_ms(&job, 7000), 10000);
	assert_int_equal(job_left_ms(&job, 70000), 0);
	assert_int_equal(claim(fixture, "second", 5000 + LEASE, &job), ERR_OK);
	assert_true(job.progress == 0);
	assert_int_equal(job_left_ms(&job, 5000 + LEASE), -1);
}

static void test_lost_lease(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;
	enum job_state now;

	submit(fixture, &job);
	assert_int_equal(claim(fixture, "first", 1000, &got), ERR_OK);
	assert_int_equal(claim(fixture, "second", 1000 + LEASE - 1, &got), ERR_NOT_FOUND);
	assert_int_equal(claim(fixture, "second", 1000 + LEASE, &got), ERR_OK);
	assert_int_equal(got.attempts, 2);
	assert_int_equal(job_report(fixture->db, job.id, "first", "x", 1, 1, 40000, LEASE, NULL), ERR_CONFLICT);
	assert_int_equal(job_finish(fixture->db, job.id, "first", 40000, NULL), ERR_CONFLICT);
	assert_int_equal(job_fail(fixture->db, job.id, "first", "x", 0, 0, 40000, &now, NULL), ERR_CONFLICT);
	assert_int_equal(job_hand_back(fixture->db, job.id, "first", 40000, NULL), ERR_CONFLICT);
	assert_int_equal(job_set_cancelled(fixture->db, job.id, "first", 40000, NULL), ERR_CONFLICT);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_RUNNING);
	assert_string_equal(got.lease_owner, "second");
	assert_int_equal(job_finish(fixture->db, job.id, "second", 41000, NULL), ERR_OK);
}

/* A clock that is set to another time between two looks. */
struct set_clock {
	int64_t before, after;
	int looks;
};

static int64_t look(void *context)
{
	struct set_clock *clock = context;

	return clock->looks++ == 0 ? clock->before : clock->after;
}

static enum err claim_while_set(struct fixture *fixture, int64_t before, int64_t after, struct job *out)
{
	struct set_clock set = {.before = before, .after = after};
	const struct clock clock = {look, &set};

	return job_claim_now(fixture->db, "second", JOB_CLASS_ALL, &clock, LEASE, &fixture->arena, out, NULL);
}

/* The lease of the first ends at 1000 + LEASE by the right time, whatever it was before or will be. */
static void test_claim_while_the_clock_is_set(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	submit(fixture, &job);
	assert_int_equal(claim(fixture, "first", 1000, &got), ERR_OK);
	assert_int_equal(claim_while_set(fixture, 1000 + 60 * MINUTE, 1000, &got), ERR_NOT_FOUND);
	assert_int_equal(claim_while_set(fixture, 1000, 1000 + 60 * MINUTE, &got), ERR_NOT_FOUND);
	job = job_number(2);
	submit(fixture, &job);
	assert_int_equal(claim_while_set(fixture, 1000, 1000 + 60 * MINUTE, &got), ERR_OK);
	assert_string_equal(got.id, job.id);
	assert_int_equal(get(fixture, 2).state, JOB_RUNNING);
	assert_int_equal(claim_while_set(fixture, 1000 + LEASE, 1000 + LEASE, &got), ERR_OK);
	assert_int_equal(got.attempts, 2);
}

static void test_finish(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_finish(fixture->db, job.id, "r", 2000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_DONE);
	assert_true(got.progress == 1);
	assert_int_equal(got.finished_ms, 2000);
	assert_null(got.lease_owner);
	assert_int_equal(job_finish(fixture->db, job.id, "r", 2000, NULL), ERR_CONFLICT);
	assert_int_equal(claim(fixture, "r", 1000000, &got), ERR_NOT_FOUND);
}

static void test_fail_then_dead(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;
	enum job_state now = JOB_DONE;
	int64_t at = 1000;

	submit(fixture, &job);
	for (int attempt = 1; attempt <= 3; attempt++) {
		assert_claims(fixture, at, 1);
		assert_int_equal(job_fail(fixture->db, job.id, "r", "it broke", 0, at + 500, at, &now, NULL), ERR_OK);
		assert_int_equal(now, attempt < 3 ? JOB_QUEUED : JOB_DEAD);
		assert_int_equal(claim(fixture, "r", at + 499, &got), ERR_NOT_FOUND);
		at += 500;
	}
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_DEAD);
	assert_string_equal(got.error, "it broke");
	assert_int_equal(got.finished_ms, 2000);
	assert_int_equal(claim(fixture, "r", 1000000, &got), ERR_NOT_FOUND);
}

static void test_fatal_failure(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1);
	enum job_state now = JOB_DONE;

	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_fail(fixture->db, job.id, "r", "no sound in it", 1, 0, 1000, &now, NULL), ERR_OK);
	assert_int_equal(now, JOB_DEAD);
}

static void test_runner_dies_each_time(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), next = job_number(2), got;

	job.max_attempts = 2;
	next.created_ms = 5000;
	submit(fixture, &job);
	submit(fixture, &next);
	assert_claims(fixture, 1000, 1);
	assert_claims(fixture, 1000 + LEASE, 1);
	/* Its attempts are used up: the claim puts it to rest and goes on to the next. */
	assert_claims(fixture, 1000 + 2 * LEASE, 2);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_DEAD);
	assert_non_null(strstr(got.error, "stopped without a word"));
	assert_int_equal(got.attempts, 2);
	assert_null(got.lease_owner);
	assert_int_equal(got.finished_ms, 1000 + 2 * LEASE);
}

static void test_hand_back(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_report(fixture->db, job.id, "r", "transcode", 0.5, 2, 2000, LEASE, NULL), ERR_OK);
	assert_int_equal(job_hand_back(fixture->db, job.id, "r", 2000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_QUEUED);
	assert_int_equal(got.attempts, 0);
	assert_true(got.progress == 0);
	assert_string_equal(got.stage, "queued");
	assert_claims(fixture, 2000, 1);
}

static void test_cancel_queued(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	submit(fixture, &job);
	assert_int_equal(job_cancel(fixture->db, job.id, 2000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_CANCELLED);
	assert_int_equal(got.finished_ms, 2000);
	assert_int_equal(claim(fixture, "r", 3000, &got), ERR_NOT_FOUND);
	assert_int_equal(job_cancel(fixture->db, job.id, 2000, NULL), ERR_CONFLICT);
	assert_int_equal(job_cancel(fixture->db, "nobody", 2000, NULL), ERR_NOT_FOUND);
}

static void test_cancel_running(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;

	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_cancel(fixture->db, job.id, 2000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_RUNNING);
	assert_true(got.cancel_requested);
	assert_int_equal(job_report(fixture->db, job.id, "r", "x", 0.1, 1, 2500, LEASE, NULL), ERR_ABORTED);
	assert_int_equal(job_set_cancelled(fixture->db, job.id, "r", 3000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_CANCELLED);
	assert_int_equal(got.finished_ms, 3000);
}

static void cancel_running(struct fixture *fixture, int number)
{
	struct job job = job_number(number);

	submit(fixture, &job);
	assert_claims(fixture, 1000, number);
	assert_int_equal(job_cancel(fixture->db, job.id, 1000, NULL), ERR_OK);
}

static void test_cancelled_job_never_runs_again(void **state)
{
	struct fixture *fixture = *state;
	enum job_state now = JOB_DONE;
	struct job got;

	cancel_running(fixture, 1);
	assert_int_equal(job_fail(fixture->db, job_number(1).id, "r", "it broke", 0, 1000, 1000, &now, NULL), ERR_OK);
	assert_int_equal(now, JOB_CANCELLED);
	cancel_running(fixture, 2);
	assert_int_equal(job_hand_back(fixture->db, job_number(2).id, "r", 1000, NULL), ERR_OK);
	assert_int_equal(get(fixture, 2).state, JOB_CANCELLED);
	cancel_running(fixture, 3);
	assert_int_equal(claim(fixture, "r", 1000 + LEASE, &got), ERR_NOT_FOUND);
	assert_int_equal(get(fixture, 3).state, JOB_CANCELLED);
}

static void test_retry(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), got;
	enum job_state now;

	submit(fixture, &job);
	assert_int_equal(job_retry(fixture->db, job.id, 2000, NULL), ERR_CONFLICT);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_fail(fixture->db, job.id, "r", "it broke", 1, 0, 1000, &now, NULL), ERR_OK);
	assert_int_equal(job_retry(fixture->db, job.id, 2000, NULL), ERR_OK);
	got = get(fixture, 1);
	assert_int_equal(got.state, JOB_QUEUED);
	assert_int_equal(got.attempts, 0);
	assert_null(got.error);
	assert_int_equal(got.finished_ms, 0);
	assert_int_equal(got.run_after_ms, 2000);
	assert_int_equal(job_cancel(fixture->db, job.id, 2000, NULL), ERR_OK);
	assert_int_equal(job_retry(fixture->db, job.id, 2000, NULL), ERR_OK);
	assert_int_equal(get(fixture, 1).cancel_requested, 0);
	assert_claims(fixture, 2000, 1);
	assert_int_equal(job_retry(fixture->db, "nobody", 2000, NULL), ERR_NOT_FOUND);
}

static void test_list(void **state)
{
	struct fixture *fixture = *state;
	enum job_state queued = JOB_QUEUED, running = JOB_RUNNING;
	struct job job, *list;
	size_t count;

	for (int i = 1; i <= 5; i++) {
		job = job_number(i);
		job.track = i % 2 ? "odd" : "even";
		submit(fixture, &job);
	}
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_list(fixture->db, NULL, NULL, NULL, 2, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].id, job_number(5).id);
	assert_string_equal(list[1].id, job_number(4).id);
	assert_int_equal(
		job_list(fixture->db, list[1].id, NULL, NULL, 200, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 3);
	assert_string_equal(list[0].id, job_number(3).id);
	assert_int_equal(job_list(fixture->db, NULL, &queued, NULL, 9, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 4);
	assert_int_equal(job_list(fixture->db, NULL, NULL, "odd", 9, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 3);
	assert_int_equal(job_list(fixture->db, NULL, &running, "odd", 9, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(
		job_list(fixture->db, NULL, &running, "even", 9, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
}

static void test_counts(void **state)
{
	struct fixture *fixture = *state;
	int64_t counts[JOB_STATE_COUNT];
	struct job job;

	for (int i = 1; i <= 5; i++) {
		job = job_number(i);
		submit(fixture, &job);
	}
	assert_claims(fixture, 1000, 1);
	assert_claims(fixture, 1000, 2);
	assert_int_equal(job_finish(fixture->db, job_number(1).id, "r", 1000, NULL), ERR_OK);
	assert_int_equal(job_counts(fixture->db, counts, NULL), ERR_OK);
	assert_int_equal(counts[JOB_QUEUED], 3);
	assert_int_equal(counts[JOB_RUNNING], 1);
	assert_int_equal(counts[JOB_DONE], 1);
	assert_int_equal(counts[JOB_DEAD], 0);
}

static void test_runners(void **state)
{
	struct fixture *fixture = *state;
	int64_t seen = -1;

	assert_int_equal(job_runner_last_seen(fixture->db, &seen, NULL), ERR_OK);
	assert_int_equal(seen, 0);
	assert_int_equal(job_runner_seen(fixture->db, "a", 5000, NULL), ERR_OK);
	assert_int_equal(job_runner_seen(fixture->db, "b", 4000, NULL), ERR_OK);
	assert_int_equal(job_runner_last_seen(fixture->db, &seen, NULL), ERR_OK);
	assert_int_equal(seen, 5000);
	assert_int_equal(job_runner_seen(fixture->db, "a", 7000, NULL), ERR_OK);
	assert_int_equal(job_runner_last_seen(fixture->db, &seen, NULL), ERR_OK);
	assert_int_equal(seen, 7000);
}

static void test_no_retry_without_its_track(void **state)
{
	struct fixture *fixture = *state;
	struct track track = {.id = "t", .owner = "", .state = TRACK_PENDING, .visibility = TRACK_PRIVATE};
	struct job job = job_number(1);
	enum job_state now;

	job.track = track.id;
	assert_int_equal(track_insert(fixture->db, &track, NULL), ERR_OK);
	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_fail(fixture->db, job.id, "r", "no sound in it", 1, 0, 2000, &now, NULL), ERR_OK);
	assert_int_equal(track_delete(fixture->db, "t", NULL), ERR_OK);
	assert_int_equal(job_retry(fixture->db, job.id, 3000, NULL), ERR_CONFLICT);
	assert_int_equal(get(fixture, 1).state, JOB_DEAD);
}

static void test_track_shares_the_fate(void **state)
{
	struct fixture *fixture = *state;
	struct track track = {.id = "t", .owner = "", .state = TRACK_PENDING, .visibility = TRACK_PRIVATE}, got;
	struct job job = job_number(1);
	enum job_state now;

	job.track = track.id;
	assert_int_equal(track_insert(fixture->db, &track, NULL), ERR_OK);
	submit(fixture, &job);
	assert_claims(fixture, 1000, 1);
	assert_int_equal(job_fail(fixture->db, job.id, "r", "no sound in it", 1, 0, 2000, &now, NULL), ERR_OK);
	assert_int_equal(track_get(fixture->db, "t", &fixture->arena, &got, NULL), ERR_OK);
	assert_int_equal(got.state, TRACK_FAILED);
	assert_string_equal(got.failure, "no sound in it");
	assert_int_equal(got.updated_ms, 2000);
	assert_int_equal(job_retry(fixture->db, job.id, 3000, NULL), ERR_OK);
	assert_int_equal(track_get(fixture->db, "t", &fixture->arena, &got, NULL), ERR_OK);
	assert_int_equal(got.state, TRACK_PENDING);
	assert_null(got.failure);
	assert_int_equal(track_set_state(fixture->db, "t", TRACK_READY, NULL, 3000, NULL), ERR_OK);
	assert_int_equal(job_cancel(fixture->db, job.id, 4000, NULL), ERR_OK);
	assert_int_equal(track_get(fixture->db, "t", &fixture->arena, &got, NULL), ERR_OK);
	assert_int_equal(got.state, TRACK_READY);
}

static void test_state_from_elsewhere(void **state)
{
	struct fixture *fixture = *state;
	struct job job = job_number(1), *list;
	int64_t counts[JOB_STATE_COUNT];
	size_t count;

	submit(fixture, &job);
	fixture_sql(fixture, "PRAGMA ignore_check_constraints = 1; UPDATE job SET state = 'asleep'");
	assert_int_equal(job_get(fixture->db, job.id, &fixture->arena, &job, NULL), ERR_INTERNAL);
	assert_int_equal(
		job_list(fixture->db, NULL, NULL, NULL, 9, &fixture->arena, &list, &count, NULL), ERR_INTERNAL);
	assert_int_equal(job_counts(fixture->db, counts, NULL), ERR_INTERNAL);
}

static void test_locked_database(void **state)
{
	struct fixture *fixture = *state;
	struct db *other = fixture_connect(fixture, 0);
	struct job job = job_number(1), got;
	enum job_state now;

	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(job_submit(other, &job, 0, NULL), ERR_BUSY);
	assert_int_equal(job_claim(other, "r", JOB_CLASS_ALL, 0, LEASE, &fixture->arena, &got, NULL), ERR_BUSY);
	assert_int_equal(job_claim_now(other, "r", JOB_CLASS_ALL, NULL, LEASE, &fixture->arena, &got, NULL), ERR_BUSY);
	assert_int_equal(job_report(other, job.id, "r", "x", 0, 0, 0, LEASE, NULL), ERR_BUSY);
	assert_int_equal(job_finish(other, job.id, "r", 0, NULL), ERR_BUSY);
	assert_int_equal(job_fail(other, job.id, "r", "x", 0, 0, 0, &now, NULL), ERR_BUSY);
	assert_int_equal(job_cancel(other, job.id, 0, NULL), ERR_BUSY);
	assert_int_equal(job_runner_seen(other, "r", 0, NULL), ERR_BUSY);
	db_rollback(fixture->db);
	assert_int_equal(job_submit(other, &job, 0, NULL), ERR_OK);
	db_close(other);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		WITH_DB(test_submit_and_get),
		WITH_DB(test_submit_refuses),
		WITH_DB(test_queue_is_bounded),
		WITH_DB(test_claim_sets_the_lease),
		WITH_DB(test_claim_order),
		WITH_DB(test_waiting_raises),
		WITH_DB(test_report),
		WITH_DB(test_time_left),
		WITH_DB(test_lost_lease),
		WITH_DB(test_claim_while_the_clock_is_set),
		WITH_DB(test_finish),
		WITH_DB(test_fail_then_dead),
		WITH_DB(test_fatal_failure),
		WITH_DB(test_runner_dies_each_time),
		WITH_DB(test_hand_back),
		WITH_DB(test_cancel_queued),
		WITH_DB(test_cancel_running),
		WITH_DB(test_cancelled_job_never_runs_again),
		WITH_DB(test_retry),
		WITH_DB(test_list),
		WITH_DB(test_counts),
		WITH_DB(test_runners),
		WITH_DB(test_no_retry_without_its_track),
		WITH_DB(test_track_shares_the_fate),
		WITH_DB(test_state_from_elsewhere),
		WITH_DB(test_locked_database),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
