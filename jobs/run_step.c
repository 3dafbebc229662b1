/* SPDX-License-Identifier: MIT */
#include "jobs/run_step.h"

#include "base/log.h"
#include "jobs/conclude.h"
#include "jobs/upkeep.h"
#include "jobs/verdict.h"

/* How soon what was made is published again when somebody else has held the database for longer than db.busy_ms. */
#define AGAIN_US 500000

#define HOUR_MS INT64_C(3600000)

void run_begin_publishing(struct run *run)
{
	run->phase = RUN_PUBLISHING;
	run->progress = 1;
}

void run_begin_sealing(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	run->phase = RUN_SEALING;
	run->progress = 1;
	run->speed = 0;
	err = aside_start(&run->aside, publish_seal, &run->publish, &info);
	if (err != ERR_OK)
		verdict_reach(run, RUN_FAILED, &info);
	else
		verdict_progress(run, "publish");
}

/* What was made is not thrown away for somebody else's lock, as long as the lease holds. */
static void put_off(struct run *run, const struct err_info *info)
{
	if (run->again_us == 0)
		log_failure(LOG_WARNING, "publishing waits for the database", info);
	run->again_us = clock_monotonic_us() + AGAIN_US;
	verdict_look(run);
}

static void fail(struct run *run, enum err err, const struct err_info *info)
{
	if (err == ERR_BUSY && run->phase == RUN_PUBLISHING)
		put_off(run, info);
	else if (err == ERR_CONFLICT)
		verdict_reach(run, RUN_LOST, NULL);
	else if (err == ERR_NOT_FOUND || err == ERR_TOO_LARGE)
		verdict_reach(run, RUN_HOPELESS, info);
	else
		verdict_reach(run, RUN_FAILED, info);
}

/* The verdict is there: when the thread is gone too, that is the end. */
static void end_decided(struct run *run)
{
	struct err_info info;

	if (aside_fd(&run->aside) < 0 || aside_end(&run->aside, &info) != ERR_NOT_READY)
		conclude_run(run);
}

static void step_sealing(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	if (run->verdict != RUN_UNDECIDED) {
		end_decided(run);
		return;
	}
	err = aside_end(&run->aside, &info);
	if (err == ERR_NOT_READY)
		return;
	if (err != ERR_OK)
		fail(run, err, &info);
	else
		run_begin_publishing(run);
}

/* Nothing to publish: the album has to be complete first. */
static void step_album(struct run *run)
{
	const struct runner *runner = run->runner;
	const struct album_job job = {.id = run->job.id,
		.owner = runner->owner,
		.track = run->job.track,
		.submitter = run->track.owner,
		.wait_ms = runner->conf->album_wait_h * HOUR_MS};
	struct err_info info = {0};
	enum err err = album_job_commit(runner->db, &job, &run->publish.sound, clock_ms(runner->clock), &info);

	if (err == ERR_OK)
		verdict_reach(run, RUN_PARKED, NULL);
	else
		fail(run, err, &info);
}

static void step_publishing(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	if (clock_monotonic_us() < run->again_us ||
		!verdict_progress(run, run->album == ALBUM_NONE ? "publish" : "measure"))
		return;
	if (run->album != ALBUM_NONE) {
		step_album(run);
		return;
	}
	err = publish_align(&run->publish, &info);
	if (err == ERR_UNPROCESSABLE) {
		/* The next attempt would cut at the same places. */
		verdict_reach(run, RUN_HOPELESS, &info);
		return;
	}
	if (err == ERR_OK)
		err = publish_commit(&run->publish, &info);
	if (err == ERR_OK)
		verdict_reach(run, RUN_DONE, NULL);
	else
		fail(run, err, &info);
}

static void step_tidying(struct run *run)
{
	const struct runner *runner = run->runner;
	const struct upkeep upkeep = {
		.conf = runner->conf, .db = runner->db, .clock = runner->clock, .metrics = runner->metrics};
	struct err_info info = {0};
	bool done = false;
	enum err err;

	if (run->verdict != RUN_UNDECIDED) {
		end_decided(run);
		return;
	}
	if (!verdict_progress(run, "tidy"))
		return;
	err = upkeep_step(&upkeep, &run->verify, run->job.kind, &done, &info);
	if (err == ERR_OK && done)
		err = job_finish(runner->db, run->job.id, runner->owner, clock_ms(runner->clock), &info);
	if (err == ERR_CONFLICT)
		verdict_reach(run, RUN_LOST, NULL);
	else if (err != ERR_OK)
		verdict_fail(run, err, &info);
	else if (done)
		verdict_reach(run, RUN_DONE, NULL);
}

/* The thread has ended by itself: what its function returned decides. */
static void judge_call(struct run *run, enum err err, const struct err_info *reason)
{
	struct runner *runner = run->runner;
	int64_t now = clock_ms(runner->clock);
	struct err_info info = {0};
	enum err written = ERR_OK;

	if (err == ERR_OK)
		written = job_finish(runner->db, run->job.id, runner->owner, now, &info);
	else if (err == ERR_NOT_READY)
		written = job_park(
			runner->db, run->job.id, runner->owner, "waiting", run->network.job.due_ms, now, &info);
	if (written != ERR_OK)
		fail(run, written, &info);
	else if (err == ERR_OK)
		verdict_reach(run, RUN_DONE, NULL);
	else if (err == ERR_NOT_READY)
		verdict_reach(run, RUN_PARKED, reason);
	else
		verdict_fail(run, err, reason);
}

static void step_calling(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	if (run->verdict != RUN_UNDECIDED)
		end_decided(run);
	else if (network_end(&run->network, &run->aside, &err, &info))
		judge_call(run, err, &info);
}

void run_step(struct run *run)
{
	log_context(run->job.id);
	if (run->phase == RUN_SEALING)
		step_sealing(run);
	else if (run->phase == RUN_PUBLISHING)
		step_publishing(run);
	else if (run->phase == RUN_TIDYING)
		step_tidying(run);
	else if (run->phase == RUN_CALLING)
		step_calling(run);
	log_context(NULL);
}
