/* SPDX-License-Identifier: MIT */
/* Jobs that wait for jobs, that are the same as others, and their removal. */
#include "job_maker.h"
#include "model/job_history.h"
#include "model/track.h"
#include "told_clock.h"

/* Submits number NUMBER after those in NUMBERS, which ends with 0. */
static enum err submit_after(struct fixture *fixture, int number, const int *numbers, struct err_info *info)
{
	static char ids[JOB_NEEDS_MOST + 1][ID_SIZE];
	const char *names[JOB_NEEDS_MOST + 1];
	struct job_ids needs = {.ids = names};
	struct job job = job_number(number, "label");
	enum err err = db_begin(fixture->db, info);

	assert_int_equal(err, ERR_OK);
	for (; numbers[needs.count] != 0; needs.count++) {
		strcpy(ids[needs.count], job_number(numbers[needs.count], "").id);
		names[needs.count] = ids[needs.count];
	}
	err = job_submit_after(fixture->db, &job, &needs, 0, info);
	if (err == ERR_OK)
		err = db_commit(fixture->db, info);
	if (err != ERR_OK)
		db_rollback(fixture->db);
	return err;
}

#define AFTER(fixture, number, ...)                                                                                    \
	assert_int_equal(submit_after(fixture, number, (const int[]){__VA_ARGS__, 0}, NULL), ERR_OK)

static void submit_plain(struct fixture *fixture, int number)
{
	struct job job = job_number(number, "label");

	submit(fixture, &job);
}

static void test_waits_for_all(void **state)
{
	struct fixture *fixture = *state;
	struct job_ids needs;

	submit_plain(fixture, 1);
	submit_plain(fixture, 2);
	AFTER(fixture, 3, 1, 2);
	assert_int_equal(job_needs(fixture->db, job_number(3, "").id, &fixture->arena, &needs, NULL), ERR_OK);
	assert_int_equal(needs.count, 2);
	assert_string_equal(needs.ids[1], job_number(2, "").id);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 2);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 0);
	finish_number(fixture, 2, BIRTH + 1);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + 1), 0);
	finish_number(fixture, 1, BIRTH + 2);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + 2), 3);
}

static void test_needs_what_is_done(void **state)
{
	struct fixture *fixture = *state;

	submit_plain(fixture, 1);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	finish_number(fixture, 1, BIRTH);
	AFTER(fixture, 2, 1);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 2);
}

static void test_goes_with_what_it_needs(void **state)
{
	struct fixture *fixture = *state;
	enum job_state now;
	struct job job;

	submit_plain(fixture, 1);
	AFTER(fixture, 2, 1);
	AFTER(fixture, 3, 2);
	AFTER(fixture, 4, 3, 1);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	assert_int_equal(
		job_fail(fixture->db, job_number(1, "").id, "r", "no sound in it", 1, 0, BIRTH + 7, &now, NULL),
		ERR_OK);
	assert_int_equal(now, JOB_DEAD);
	for (int i = 2; i <= 4; i++) {
		job = get_number(fixture, i);
		assert_int_equal(job.state, JOB_CANCELLED);
		assert_int_equal(job.finished_ms, BIRTH + 7);
	}
	assert_non_null(strstr(get_number(fixture, 2).error, job_number(1, "").id));
	assert_non_null(strstr(get_number(fixture, 2).error, "failed: no sound in it"));
	assert_non_null(strstr(get_number(fixture, 3).error, job_number(2, "").id));
	assert_non_null(strstr(get_number(fixture, 3).error, "was cancelled"));
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + MINUTE), 0);
}

static void test_goes_with_what_was_cancelled(void **state)
{
	struct fixture *fixture = *state;

	submit_plain(fixture, 1);
	AFTER(fixture, 2, 1);
	assert_int_equal(job_cancel(fixture->db, job_number(1, "").id, BIRTH, NULL), ERR_OK);
	assert_int_equal(get_number(fixture, 2).state, JOB_CANCELLED);
}

static void test_retried_in_order(void **state)
{
	struct fixture *fixture = *state;
	char first[ID_SIZE], second[ID_SIZE];

	strcpy(first, job_number(1, "").id);
	strcpy(second, job_number(2, "").id);
	submit_plain(fixture, 1);
	AFTER(fixture, 2, 1);
	assert_int_equal(job_cancel(fixture->db, first, BIRTH, NULL), ERR_OK);
	assert_int_equal(job_retry(fixture->db, second, BIRTH, NULL), ERR_CONFLICT);
	assert_int_equal(job_retry(fixture->db, first, BIRTH, NULL), ERR_OK);
	assert_int_equal(job_retry(fixture->db, second, BIRTH, NULL), ERR_OK);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 0);
	finish_number(fixture, 1, BIRTH);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 2);
}

static void test_refused(void **state)
{
	struct fixture *fixture = *state;
	int many[JOB_NEEDS_MOST + 2] = {0};
	struct job job;

	for (int i = 1; i <= JOB_NEEDS_MOST + 1; i++) {
		submit_plain(fixture, i);
		many[i - 1] = i;
	}
	assert_int_equal(submit_after(fixture, 100, many, NULL), ERR_UNPROCESSABLE);
	assert_int_equal(submit_after(fixture, 100, (const int[]){99, 0}, NULL), ERR_CONFLICT);
	assert_int_equal(submit_after(fixture, 100, (const int[]){100, 0}, NULL), ERR_CONFLICT);
	assert_int_equal(job_cancel(fixture->db, job_number(1, "").id, BIRTH, NULL), ERR_OK);
	assert_int_equal(submit_after(fixture, 100, (const int[]){2, 1, 0}, NULL), ERR_CONFLICT);
	assert_int_equal(job_get(fixture->db, job_number(100, "").id, &fixture->arena, &job, NULL), ERR_NOT_FOUND);
}

static void test_chain_is_bounded(void **state)
{
	struct fixture *fixture = *state;

	submit_plain(fixture, 1);
	for (int i = 2; i <= JOB_DEPTH_MOST + 1; i++)
		AFTER(fixture, i, i - 1);
	assert_int_equal(submit_after(fixture, 100, (const int[]){JOB_DEPTH_MOST + 1, 0}, NULL), ERR_UNPROCESSABLE);
	assert_int_equal(job_cancel(fixture->db, job_number(1, "").id, BIRTH, NULL), ERR_OK);
	assert_int_equal(get_number(fixture, JOB_DEPTH_MOST + 1).state, JOB_CANCELLED);
}

static void complete(struct fixture *fixture, int number, int64_t now)
{
	assert_int_equal(claim_number(fixture, JOB_MEDIA, now), number);
	finish_number(fixture, number, now);
}

static int is_there(struct fixture *fixture, int number)
{
	struct job job;

	return job_get(fixture->db, job_number(number, "").id, &fixture->arena, &job, NULL) == ERR_OK;
}

static void test_prune(void **state)
{
	struct fixture *fixture = *state;
	struct track track = {.id = "t", .owner = "", .state = TRACK_READY, .visibility = TRACK_PRIVATE};
	struct job_event *events;
	struct job job;
	size_t count;

	assert_int_equal(track_insert(fixture->db, &track, NULL), ERR_OK);
	for (int i = 1; i <= 6; i++) {
		job = job_number(i, "label");
		job.track = i == 2 || i == 3 ? "t" : i == 4 ? "gone" : NULL;
		submit(fixture, &job);
	}
	for (int i = 1; i <= 5; i++)
		complete(fixture, i, BIRTH + i * MINUTE);
	AFTER(fixture, 7, 5);
	/* 3 is the newest of its track, 5 is needed by 7, 6 waits. */
	assert_int_equal(job_prune(fixture->db, BIRTH + 60 * MINUTE, 1, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_false(is_there(fixture, 1));
	assert_int_equal(job_prune(fixture->db, BIRTH + 60 * MINUTE, 500, &count, NULL), ERR_OK);
	assert_int_equal(count, 2);
	assert_false(is_there(fixture, 2));
	assert_true(is_there(fixture, 3));
	assert_false(is_there(fixture, 4));
	assert_true(is_there(fixture, 5) && is_there(fixture, 6));
	assert_int_equal(
		job_history(fixture->db, job_number(1, "").id, 0, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	complete(fixture, 6, BIRTH + 6 * MINUTE);
	complete(fixture, 7, BIRTH + 7 * MINUTE);
	assert_int_equal(job_prune(fixture->db, BIRTH + 7 * MINUTE, 500, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(job_prune(fixture->db, BIRTH + 8 * MINUTE, 500, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_false(is_there(fixture, 7));
	assert_int_equal(job_prune(fixture->db, BIRTH + 8 * MINUTE, 500, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_false(is_there(fixture, 5));
}

/* More than one page of them. */
static void test_prune_many(void **state)
{
	struct fixture *fixture = *state;
	size_t count;

	for (int i = 1; i <= 250; i++) {
		submit_plain(fixture, i);
		complete(fixture, i, BIRTH + i);
	}
	assert_int_equal(job_prune(fixture->db, BIRTH + 249, 500, &count, NULL), ERR_OK);
	assert_int_equal(count, 248);
	assert_true(is_there(fixture, 249) && is_there(fixture, 250));
}

/* More than one page of them that were over in the same moment. */
static void test_prune_many_at_once(void **state)
{
	struct fixture *fixture = *state;
	size_t count;

	for (int i = 1; i <= 250; i++) {
		submit_plain(fixture, i);
		complete(fixture, i, BIRTH);
	}
	assert_int_equal(job_prune(fixture->db, BIRTH + 1, 500, &count, NULL), ERR_OK);
	assert_int_equal(count, 250);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

static bool submit_once(struct fixture *fixture, const char *payload)
{
	int64_t now_ms = BIRTH;
	const struct clock clock = {told_ms, &now_ms};
	bool submitted;

	assert_int_equal(job_submit_once(fixture->db, &clock, "sync", payload, 0, &submitted, NULL), ERR_OK);
	return submitted;
}

static void claim_network(struct fixture *fixture, int64_t now, struct job *out)
{
	assert_int_equal(job_claim(fixture->db, "r", JOB_NETWORK, now, LEASE, &fixture->arena, out, NULL), ERR_OK);
}

static void test_submit_once(void **state)
{
	struct fixture *fixture = *state;
	struct job jobs[3];
	bool alone;

	assert_true(submit_once(fixture, "{}"));
	assert_false(submit_once(fixture, "{}"));
	assert_true(submit_once(fixture, "{\"other\":1}"));
	claim_network(fixture, BIRTH, &jobs[0]);
	assert_true(submit_once(fixture, "{}")); /* the first one does not wait any more */
	claim_network(fixture, BIRTH + 1, &jobs[1]);
	claim_network(fixture, BIRTH + 2, &jobs[2]);
	assert_string_equal(jobs[0].payload, "{}");
	assert_string_equal(jobs[2].payload, "{}");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(job_is_alone(fixture->db, jobs[i].id, &alone, NULL), ERR_OK);
		assert_int_equal(alone, i != 2);
	}
	assert_int_equal(job_finish(fixture->db, jobs[0].id, "r", BIRTH + 3, NULL), ERR_OK);
	assert_int_equal(job_is_alone(fixture->db, jobs[2].id, &alone, NULL), ERR_OK);
	assert_true(alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(test_waits_for_all),
		WITH_DB(test_needs_what_is_done),
		WITH_DB(test_goes_with_what_it_needs),
		WITH_DB(test_goes_with_what_was_cancelled),
		WITH_DB(test_retried_in_order),
		WITH_DB(test_refused),
		WITH_DB(test_chain_is_bounded),
		WITH_DB(test_prune),
		WITH_DB(test_prune_many),
		WITH_DB(test_prune_many_at_once),
		WITH_DB(test_submit_once),
	};

	return cmocka_run_group_tests_name("job_needs", tests, NULL, NULL);
}
