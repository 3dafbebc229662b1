/* SPDX-License-Identifier: MIT */
#include "jobs/verdict.h"

#include "base/log.h"
#include "jobs/conclude.h"

#include <stdio.h>
#include <string.h>

/*
 * How often the job table hears of progress, of a new stage, and is asked whether a silent worker's job was cancelled.
 */
#define PROGRESS_US 1000000
#define STAGE_US 100000
#define LOOK_US 2000000

/* Whether trying again can never help. */
static bool is_hopeless(enum err err)
{
	switch (err) {
	case ERR_BAD_REQUEST:
	case ERR_FORBIDDEN:
	case ERR_NOT_FOUND:
	case ERR_TOO_LARGE:
	case ERR_UNSUPPORTED:
	case ERR_UNPROCESSABLE:
		return true;
	default:
		return false;
	}
}

void verdict_reach(struct run *run, enum run_verdict verdict, const struct err_info *reason)
{
	if (run->verdict != RUN_UNDECIDED)
		return;
	run->verdict = verdict;
	if (reason != NULL)
		run->reason = *reason;
	if (run->worker.pid > 0)
		spawn_kill(&run->worker);
	else if (aside_fd(&run->aside) >= 0)
		aside_ask(&run->aside);
	else
		conclude_run(run);
}

void verdict_fail(struct run *run, enum err err, const struct err_info *reason)
{
	verdict_reach(run, is_hopeless(err) ? RUN_HOPELESS : RUN_FAILED, reason);
}

bool verdict_progress(struct run *run, const char *stage)
{
	struct runner *runner = run->runner;
	struct err_info info = {0};
	int64_t now = clock_monotonic_us();
	bool changed = strcmp(run->stage, stage) != 0;
	enum err err;

	if (now - run->written_us < (changed ? STAGE_US : PROGRESS_US))
		return true;
	if (changed)
		snprintf(run->stage, sizeof run->stage, "%s", stage);
	run->written_us = now;
	run->looked_us = now;
	err = job_report(runner->db, run->job.id, runner->owner, stage, run->progress, run->speed,
		clock_ms(runner->clock), runner->conf->job_lease_s * 1000, &info);
	if (err == ERR_OK)
		run->renewed_us = now;
	else if (err == ERR_CONFLICT)
		verdict_reach(run, RUN_LOST, NULL);
	else if (err == ERR_ABORTED)
		verdict_reach(run, RUN_CANCELLED, NULL);
	else
		log_failure(LOG_WARNING, "progress could not be written", &info);
	return run->verdict == RUN_UNDECIDED;
}

/* For a worker that says nothing: its job may be cancelled or lost all the same. */
static void look_at_table(struct run *run)
{
	struct err_info info = {0};
	struct arena arena = {0};
	struct job job;
	enum err err = job_get(run->runner->db, run->job.id, &arena, &job, &info);

	run->looked_us = clock_monotonic_us();
	if (err == ERR_NOT_FOUND || (err == ERR_OK && !job_is_of(&job, run->runner->owner)))
		verdict_reach(run, RUN_LOST, NULL);
	else if (err == ERR_OK && job.cancel_requested)
		verdict_reach(run, RUN_CANCELLED, NULL);
	arena_free(&arena);
}

void verdict_look(struct run *run)
{
	int64_t now = clock_monotonic_us();
	const struct conf *conf = run->runner->conf;
	struct err_info info = {0};

	if (run->phase == RUN_WORKING && now - run->heard_us > run->runner->silence_us) {
		err_set(&info, ERR_TIMEOUT, "the worker said nothing for %lld seconds",
			(long long)(run->runner->silence_us / 1000000));
		verdict_reach(run, RUN_FAILED, &info);
	} else if (run->phase == RUN_WORKING && publish_fits(&run->publish, &info) != ERR_OK) {
		verdict_fail(run, info.code, &info);
	} else if (run->phase != RUN_TIDYING && now - run->started_us > conf->job_wall_s * 1000000) {
		err_set(&info, ERR_TIMEOUT, "the job was not done after %lld seconds (jobs.wall_s)",
			(long long)conf->job_wall_s);
		verdict_reach(run, RUN_FAILED, &info);
	} else if (now - run->renewed_us > conf->job_lease_s * 1000000) {
		verdict_reach(run, RUN_LOST, NULL); /* the table could not be written for that long */
	} else if (now - run->looked_us > LOOK_US) {
		look_at_table(run);
	}
}
