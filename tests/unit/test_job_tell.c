/* SPDX-License-Identifier: MIT */
/* What the job table says of itself. */
#include "model/job_tell.h"

#include "tests/unit/fixture.h"
#include "model/job.h"
#include "observe/db_time.h"
#include "tests/unit/job_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct metrics *open_metrics(const struct fixture *fixture)
{
	struct metrics *metrics;
	char path[128];

	snprintf(path, sizeof path, "%s/metrics", fixture->dir);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	return metrics;
}

/* Whether the text of METRICS has this whole LINE, or what begins so. */
static void has(struct metrics *metrics, const char *line)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	metrics_write(metrics, &text);
	if (strstr(buf_text(&text), line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, buf_text(&text));
	buf_free(&text);
}

static void tell(struct fixture *fixture, struct metrics *metrics, int64_t now)
{
	struct err_info info = {0};

	if (job_tell(fixture->db, metrics, now, &info) != ERR_OK)
		fail_msg("%s", info.detail);
}

static void the_line_and_those_at_work(void **state)
{
	struct fixture *fixture = *state;
	struct metrics *metrics = open_metrics(fixture);
	struct job later = job_number(3, "");

	tell(fixture, metrics, BIRTH);
	has(metrics, "\ntonearm_jobs{state=\"queued\"} 0\n");
	has(metrics, "\ntonearm_job_queue_age_seconds 0\n");
	has(metrics, "\ntonearm_job_runners 0\n");
	submit(fixture, &(struct job){.id = "01J0000000000000000000000A", .kind = "transcode", .payload = "{}",
				 .submitter = "", .max_attempts = 3, .created_ms = BIRTH, .run_after_ms = BIRTH});
	later.run_after_ms = BIRTH + 100 * MINUTE; /* waits for its time, which is no delay */
	submit(fixture, &later);
	tell(fixture, metrics, BIRTH + 90 * MINUTE);
	has(metrics, "\ntonearm_jobs{state=\"queued\"} 2\n");
	has(metrics, "\ntonearm_job_queue_age_seconds 5400\n");
	claim_number(fixture, JOB_CLASS_ALL, BIRTH + 90 * MINUTE);
	assert_int_equal(job_report(fixture->db, "01J0000000000000000000000A", "r", "encode", 0.5, 1,
				 BIRTH + 90 * MINUTE, LEASE, NULL), ERR_OK);
	assert_int_equal(job_runner_seen(fixture->db, "r", BIRTH + 90 * MINUTE, NULL), ERR_OK);
	tell(fixture, metrics, BIRTH + 90 * MINUTE + JOB_RUNNER_SEEN_MS);
	has(metrics, "\ntonearm_jobs_running{kind=\"transcode\",stage=\"encode\"} 1\n");
	has(metrics, "\ntonearm_job_queue_age_seconds 0\n");
	has(metrics, "\ntonearm_job_runners 1\n");
	assert_int_equal(job_finish(fixture->db, "01J0000000000000000000000A", "r", BIRTH + 91 * MINUTE, NULL), ERR_OK);
	tell(fixture, metrics, BIRTH + 91 * MINUTE);
	has(metrics, "\ntonearm_jobs_running{kind=\"transcode\",stage=\"encode\"} 0\n");
	has(metrics, "\ntonearm_job_runners 0\n");
	has(metrics, "\ntonearm_jobs_finished_total{kind=\"transcode\",state=\"done\"} 1\n");
	metrics_close(metrics);
}

static void statements_are_timed(void **state)
{
	struct fixture *fixture = *state;
	struct metrics *metrics = open_metrics(fixture);

	db_time_watch(metrics);
	tell(fixture, metrics, BIRTH);
	tell(fixture, metrics, BIRTH);
	has(metrics, "\ntonearm_db_statement_seconds_count{statement=\"job_oldest\"} 2\n");
	has(metrics, "\ntonearm_db_statement_seconds_bucket{statement=\"job_oldest\",le=\"+Inf\"} 2\n");
	db_time_watch(NULL);
	tell(fixture, metrics, BIRTH);
	has(metrics, "\ntonearm_db_statement_seconds_count{statement=\"job_oldest\"} 2\n");
	metrics_close(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_line_and_those_at_work, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(statements_are_timed, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
