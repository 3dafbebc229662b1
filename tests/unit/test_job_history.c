/* SPDX-License-Identifier: MIT */
#include "job_maker.h"
#include "model/job_history.h"

/* The events of job 1 after AFTER as "number:event" words, with their details. */
static const char *story(struct fixture *fixture, int64_t after)
{
	struct job_event *events;
	char *text = arena_strdup(&fixture->arena, "");
	size_t count;

	assert_int_equal(
		job_history(fixture->db, job_number(1, "").id, after, &fixture->arena, &events, &count, NULL), ERR_OK);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(&fixture->arena, "%s%s%d:%s%s%s", text, i > 0 ? " " : "", (int)events[i].number,
			events[i].event, events[i].detail != NULL ? "=" : "",
			events[i].detail != NULL ? events[i].detail : "");
	return text;
}

static void submit_one(struct fixture *fixture)
{
	struct job job = job_number(1, "label");

	submit(fixture, &job);
}

static void report(struct fixture *fixture, const char *stage, double progress)
{
	assert_int_equal(
		job_report(fixture->db, job_number(1, "").id, "r", stage, progress, 1, BIRTH + 5, LEASE, NULL), ERR_OK);
}

static void test_a_good_life(void **state)
{
	struct fixture *fixture = *state;
	struct job_event *events;
	size_t count;

	submit_one(fixture);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + 3), 1);
	report(fixture, "probe", 0);
	report(fixture, "probe", 0.01);
	report(fixture, "transcode", 0.3);
	report(fixture, "transcode", 0.6);
	finish_number(fixture, 1, BIRTH + 9);
	assert_string_equal(story(fixture, 0), "1:submitted 2:claimed=r 3:stage=probe 4:stage=transcode 5:done");
	assert_string_equal(story(fixture, 3), "4:stage=transcode 5:done");
	assert_string_equal(story(fixture, 5), "");
	assert_int_equal(
		job_history(fixture->db, job_number(1, "").id, 0, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(events[0].at_ms, BIRTH);
	assert_int_equal(events[1].at_ms, BIRTH + 3);
	assert_int_equal(events[1].attempt, 1);
	assert_int_equal(events[4].at_ms, BIRTH + 9);
	assert_int_equal(job_history(fixture->db, "nobody", 0, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
}

static void test_failed_attempts(void **state)
{
	struct fixture *fixture = *state;
	struct job_event *events;
	enum job_state now;
	size_t count;
	char id[ID_SIZE];

	strcpy(id, job_number(1, "").id);
	submit_one(fixture);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH + i * 1000), 1);
		assert_int_equal(
			job_fail(fixture->db, id, "r", "it broke", 0, BIRTH + (i + 1) * 1000, BIRTH, &now, NULL),
			ERR_OK);
	}
	assert_string_equal(story(fixture, 0),
		"1:submitted 2:claimed=r 3:failed=it broke 4:claimed=r 5:failed=it broke "
		"6:claimed=r 7:dead=it broke");
	assert_int_equal(job_history(fixture->db, id, 2, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(events[0].due_ms, BIRTH + 1000);
	assert_int_equal(events[0].attempt, 1);
	assert_int_equal(job_retry(fixture->db, id, BIRTH + 5000, NULL), ERR_OK);
	assert_string_equal(story(fixture, 7), "8:retried");
}

static void test_runner_that_died(void **state)
{
	struct fixture *fixture = *state;
	struct job job;

	submit_one(fixture);
	assert_int_equal(job_claim(fixture->db, "first", JOB_MEDIA, BIRTH, LEASE, &fixture->arena, &job, NULL), ERR_OK);
	assert_int_equal(
		job_claim(fixture->db, "second", JOB_MEDIA, BIRTH + LEASE, LEASE, &fixture->arena, &job, NULL), ERR_OK);
	assert_string_equal(story(fixture, 0), "1:submitted 2:claimed=first 3:lost=first 4:claimed=second");
}

static void test_handed_back_and_cancelled(void **state)
{
	struct fixture *fixture = *state;
	char id[ID_SIZE];

	strcpy(id, job_number(1, "").id);
	submit_one(fixture);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	report(fixture, "probe", 0);
	assert_int_equal(job_hand_back(fixture->db, id, "r", BIRTH, NULL), ERR_OK);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
	assert_int_equal(job_cancel(fixture->db, id, BIRTH, NULL), ERR_OK);
	assert_int_equal(job_set_cancelled(fixture->db, id, "r", BIRTH, NULL), ERR_OK);
	assert_string_equal(story(fixture, 0), "1:submitted 2:claimed=r 3:stage=probe 4:handed-back=r 5:claimed=r "
					       "6:cancel-asked 7:cancelled");
}

static void test_waited_for_another(void **state)
{
	struct fixture *fixture = *state;
	struct job first = job_number(2, "label"), second = job_number(1, "label");
	const char *ids[] = {first.id};

	submit(fixture, &first);
	assert_int_equal(db_begin(fixture->db, NULL), ERR_OK);
	assert_int_equal(job_submit_after(fixture->db, &second, &(struct job_ids){ids, 1}, 0, NULL), ERR_OK);
	assert_int_equal(db_commit(fixture->db, NULL), ERR_OK);
	assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 2);
	finish_number(fixture, 2, BIRTH);
	assert_string_equal(story(fixture, 0), "1:submitted 2:released");
}

static void test_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct job_event *events;
	size_t count;

	submit_one(fixture);
	for (int i = 0; i < JOB_HISTORY_MOST; i++) {
		assert_int_equal(claim_number(fixture, JOB_MEDIA, BIRTH), 1);
		assert_int_equal(job_hand_back(fixture->db, job_number(1, "").id, "r", BIRTH, NULL), ERR_OK);
	}
	assert_int_equal(
		job_history(fixture->db, job_number(1, "").id, 0, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(count, JOB_HISTORY_MOST);
	assert_string_equal(events[0].event, "submitted");
	assert_int_equal(events[1].number, JOB_HISTORY_MOST + 3);
	assert_int_equal(events[count - 1].number, 2 * JOB_HISTORY_MOST + 1);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(test_a_good_life),
		WITH_DB(test_failed_attempts),
		WITH_DB(test_runner_that_died),
		WITH_DB(test_handed_back_and_cancelled),
		WITH_DB(test_waited_for_another),
		WITH_DB(test_bounded),
	};

	return cmocka_run_group_tests_name("job_history", tests, NULL, NULL);
}
