/* SPDX-License-Identifier: MIT */
#include "jobs/run.h"

#include "base/log.h"
#include "jobs/conclude.h"
#include "jobs/passed.h"
#include "jobs/prepare.h"
#include "jobs/source_report.h"
#include "jobs/upkeep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/*
 * Ends the run with VERDICT: at once when neither worker nor thread is there, else when it is gone. The first stands.
 */
static void decide(struct run *run, enum run_verdict verdict, const struct err_info *reason)
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

/* Progress and lease. False when the run has come to its end by it. */
static bool write_progress(struct run *run, const char *stage)
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
		decide(run, RUN_LOST, NULL);
	else if (err == ERR_ABORTED)
		decide(run, RUN_CANCELLED, NULL);
	else
		log_failure(LOG_WARNING, "progress could not be written", &info);
	return run->verdict == RUN_UNDECIDED;
}

static void begin_publishing(struct run *run)
{
	run->phase = RUN_PUBLISHING;
	run->progress = 1;
}

static void begin_sealing(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	run->phase = RUN_SEALING;
	run->progress = 1;
	run->speed = 0;
	err = aside_start(&run->aside, publish_seal, &run->publish, &info);
	if (err != ERR_OK)
		decide(run, RUN_FAILED, &info);
	else
		write_progress(run, "publish");
}

static enum err begin_calling(struct run *run, struct err_info *info)
{
	const struct runner *runner = run->runner;

	run->phase = RUN_CALLING;
	run->network.job.conf = runner->conf;
	run->network.job.clock = runner->clock;
	run->network.job.metrics = runner->metrics;
	return network_start(&run->network, &run->job, &run->aside, info);
}

static void start(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	if (run->class == JOB_UPKEEP) {
		run->phase = RUN_TIDYING;
		return;
	}
	err = run->class == JOB_NETWORK ? begin_calling(run, &info) : prepare_run(run, &info);
	if (err != ERR_OK)
		decide(run, is_hopeless(err) ? RUN_HOPELESS : RUN_FAILED, &info);
	else if (run->worker.pid == 0 && run->phase == RUN_WORKING)
		begin_publishing(run);
	else if (run->phase == RUN_WORKING)
		log_message(LOG_INFO, "worker started");
}

enum err run_claim(struct runner *runner, unsigned classes, struct run **out, struct err_info *info)
{
	struct run *run = calloc(1, sizeof *run);
	enum err err;

	*out = NULL;
	if (run == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for another job");
	run->runner = runner;
	run->worker.reports = -1;
	run->workdir.fd = -1;
	run->verify.aside = &run->aside;
	reports_init(&run->reports);
	err = job_claim(runner->db, runner->owner, classes, clock_ms(runner->clock),
		runner->conf->job_lease_s * 1000, &run->arena, &run->job, info);
	if (err != ERR_OK) {
		run_free(run);
		return err;
	}
	snprintf(run->stage, sizeof run->stage, "%s", run->job.stage);
	run->class = job_kind_find(run->job.kind) == NULL ? JOB_MEDIA : job_kind_find(run->job.kind)->class;
	run->started_us = run->heard_us = run->looked_us = run->renewed_us = clock_monotonic_us();
	run->publish = (struct publish){.conf = runner->conf,
		.db = runner->db,
		.clock = runner->clock,
		.arena = &run->arena,
		.owner = runner->owner,
		.job = run->job.id,
		.track = run->job.track};
	log_context(run->job.id);
	start(run);
	log_context(NULL);
	*out = run;
	return ERR_OK;
}

static enum err take_segments(struct run *run, const struct report_segments *segments, struct err_info *info)
{
	enum err err = grow_take(&run->grow, &run->publish, segments, info);

	if (err == ERR_OK)
		grow_write(&run->grow, &run->publish);
	return err;
}

static enum err take_done(struct run *run, const struct report *report, struct err_info *info)
{
	if (run->publish.source.sample_rate == 0)
		return err_set(info, ERR_UNPROCESSABLE, "the worker broke the protocol: \"done\" without \"source\"");
	run->done_seen = true;
	run->publish.samples = report->samples;
	if (report->measured) {
		run->publish.sound.measured = true;
		run->publish.sound.loudness = report->loudness;
		memcpy(run->publish.sound.bins, report->bins, sizeof report->bins);
	}
	run->publish.source.duration_ms = report->duration_ms;
	run->publish.source.updated_ms = clock_ms(run->runner->clock);
	return ERR_OK;
}

static void log_notice(const struct report *report)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, "not all could be made beside the sound");
	log_text(&line, "detail", report->failure.detail);
	log_end(&line);
}

static enum err take_report(struct run *run, const struct report *report, struct err_info *info)
{
	if (run->done_seen || run->failure.code != ERR_OK)
		return err_set(info, ERR_UNPROCESSABLE, "the worker broke the protocol: a report after its last");
	run->heard_us = clock_monotonic_us();
	switch (report->kind) {
	case REPORT_SOURCE:
		return source_report_take(&run->publish, &report->source, info);
	case REPORT_PROGRESS:
		run->progress = report->progress;
		run->speed = report->speed;
		write_progress(run, report->stage);
		return ERR_OK;
	case REPORT_PASSTHROUGH:
		return passed_take(&run->publish, report, info);
	case REPORT_NOTICE:
		log_notice(report);
		return ERR_OK;
	case REPORT_SEGMENTS:
		return take_segments(run, &report->segments, info);
	case REPORT_DONE:
		return take_done(run, report, info);
	case REPORT_FAILED:
		run->failure = report->failure;
		return ERR_OK;
	}
	return ERR_OK;
}

static void close_reports(struct run *run)
{
	if (run->worker.reports >= 0)
		close(run->worker.reports);
	run->worker.reports = -1;
}

/* One read, and the reports it completes. False when nothing more is to be had now. */
static bool read_reports(struct run *run)
{
	struct err_info info = {0};
	struct report report;
	enum err err = reports_read(&run->reports, run->worker.reports, &info);

	if (err == ERR_NOT_FOUND) {
		close_reports(run);
		return false;
	}
	while (err == ERR_OK && run->verdict == RUN_UNDECIDED) {
		err = reports_next(&run->reports, &report, &info);
		if (err == ERR_NOT_FOUND)
			return true;
		if (err == ERR_OK)
			err = take_report(run, &report, &info);
	}
	if (err != ERR_OK && err != ERR_NOT_READY)
		decide(run, RUN_FAILED, &info);
	return false;
}

int run_fd(const struct run *run)
{
	return run->worker.reports >= 0 ? run->worker.reports : aside_fd(&run->aside);
}

bool run_is_ready(const struct run *run)
{
	return run->phase != RUN_WORKING && aside_fd(&run->aside) < 0;
}

void run_reports(struct run *run)
{
	if (run->worker.reports < 0)
		return;
	log_context(run->job.id);
	read_reports(run);
	log_context(NULL);
}

/* The worker is gone: what did it leave? */
static void judge(struct run *run, int status)
{
	struct err_info info = {0};

	if (run->verdict != RUN_UNDECIDED) {
		conclude_run(run);
	} else if (run->failure.code != ERR_OK) {
		decide(run, is_hopeless(run->failure.code) ? RUN_HOPELESS : RUN_FAILED, &run->failure);
	} else if (run->done_seen && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (run->album == ALBUM_NONE)
			begin_sealing(run);
		else
			begin_publishing(run);
	} else {
		conclude_exit(status, &info);
		decide(run, RUN_FAILED, &info);
	}
}

void run_reap(struct run *run)
{
	siginfo_t seen = {0};
	int status = 0;

	/*
	 * Look first without reaping: until then the process group is surely its own, so that stragglers can be killed.
	 */
	if (run->worker.pid == 0 || waitid(P_PID, (id_t)run->worker.pid, &seen, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		seen.si_pid == 0)
		return;
	spawn_kill(&run->worker);
	waitpid(run->worker.pid, &status, 0);
	run->worker.pid = 0;
	/* The pipe holds at most what fits into it: reports_read() takes all of it in a few calls. */
	log_context(run->job.id);
	while (run->worker.reports >= 0 && run->verdict == RUN_UNDECIDED && read_reports(run))
		continue;
	close_reports(run);
	if (run->phase == RUN_WORKING)
		judge(run, status);
	log_context(NULL);
}

/* For a worker that says nothing: its job may be cancelled or lost all the same. */
static void look_at_table(struct run *run)
{
	struct err_info info = {0};
	struct arena arena = {0};
	struct job job;
	enum err err = job_get(run->runner->db, run->job.id, &arena, &job, &info);

	run->looked_us = clock_monotonic_us();
	if (err == ERR_NOT_FOUND || (err == ERR_OK && (job.state != JOB_RUNNING || job.lease_owner == NULL ||
							      strcmp(job.lease_owner, run->runner->owner) != 0)))
		decide(run, RUN_LOST, NULL);
	else if (err == ERR_OK && job.cancel_requested)
		decide(run, RUN_CANCELLED, NULL);
	arena_free(&arena);
}

static bool is_silent(const struct run *run)
{
	return run->phase == RUN_WORKING && clock_monotonic_us() - run->heard_us > run->runner->silence_us;
}

/* Whether the time of a run is up that waits for its worker or its thread: decided then. */
static void look_at_clock(struct run *run)
{
	int64_t now = clock_monotonic_us();
	const struct conf *conf = run->runner->conf;
	struct err_info info = {0};

	/* It may have spoken while the runner waited for the database. */
	if (is_silent(run) && run->worker.reports >= 0)
		read_reports(run);
	if (run->verdict != RUN_UNDECIDED)
		return;
	if (is_silent(run)) {
		err_set(&info, ERR_TIMEOUT, "the worker said nothing for %lld seconds",
			(long long)(run->runner->silence_us / 1000000));
		decide(run, RUN_FAILED, &info);
	} else if (run->phase != RUN_TIDYING && now - run->started_us > conf->job_wall_s * 1000000) {
		err_set(&info, ERR_TIMEOUT, "the job was not done after %lld seconds (jobs.wall_s)",
			(long long)conf->job_wall_s);
		decide(run, RUN_FAILED, &info);
	} else if (now - run->renewed_us > conf->job_lease_s * 1000000) {
		decide(run, RUN_LOST, NULL); /* the table could not be written for that long */
	} else if (now - run->looked_us > LOOK_US) {
		look_at_table(run);
	}
}

static const char *stage_aside(const struct run *run)
{
	if (run->phase == RUN_CALLING)
		return "transfer";
	return run->phase == RUN_SEALING ? "publish" : "tidy";
}

void run_tick(struct run *run)
{
	if (run_is_ready(run) || run->verdict != RUN_UNDECIDED)
		return;
	log_context(run->job.id);
	if (run->phase == RUN_CALLING)
		run->progress = network_done(&run->network);
	if (run->phase == RUN_WORKING || write_progress(run, stage_aside(run)))
		look_at_clock(run);
	log_context(NULL);
}

void run_renew(struct run *run)
{
	if (run->verdict != RUN_UNDECIDED)
		return;
	log_context(run->job.id);
	run->written_us = 0;
	write_progress(run, run->stage);
	log_context(NULL);
}

static void fail(struct run *run, enum err err, const struct err_info *info)
{
	if (err == ERR_CONFLICT)
		decide(run, RUN_LOST, NULL);
	else if (err == ERR_NOT_FOUND)
		decide(run, RUN_HOPELESS, info);
	else
		decide(run, RUN_FAILED, info);
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
		begin_publishing(run);
}

/* Nothing to publish: the album has to be complete first. */
static void step_album(struct run *run)
{
	const struct runner *runner = run->runner;
	const struct album_job job = {run->job.id, runner->owner, run->job.track, run->track.owner};
	struct err_info info = {0};
	enum err err = album_job_commit(runner->db, &job, &run->publish.sound, clock_ms(runner->clock), &info);

	if (err == ERR_OK)
		decide(run, RUN_PARKED, NULL);
	else
		fail(run, err, &info);
}

static void step_publishing(struct run *run)
{
	struct err_info info = {0};
	enum err err;

	if (!write_progress(run, run->album == ALBUM_NONE ? "publish" : "measure"))
		return;
	if (run->album != ALBUM_NONE) {
		step_album(run);
		return;
	}
	err = publish_align(&run->publish, &info);
	if (err == ERR_UNPROCESSABLE) {
		/* The next attempt would cut at the same places. */
		decide(run, RUN_HOPELESS, &info);
		return;
	}
	if (err == ERR_OK)
		err = publish_commit(&run->publish, &info);
	if (err == ERR_OK)
		decide(run, RUN_DONE, NULL);
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
	if (!write_progress(run, "tidy"))
		return;
	err = upkeep_step(&upkeep, &run->verify, run->job.kind, &done, &info);
	if (err == ERR_OK && done)
		err = job_finish(runner->db, run->job.id, runner->owner, clock_ms(runner->clock), &info);
	if (err == ERR_CONFLICT)
		decide(run, RUN_LOST, NULL);
	else if (err != ERR_OK)
		decide(run, is_hopeless(err) ? RUN_HOPELESS : RUN_FAILED, &info);
	else if (done)
		decide(run, RUN_DONE, NULL);
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
		decide(run, RUN_DONE, NULL);
	else if (err == ERR_NOT_READY)
		decide(run, RUN_PARKED, reason);
	else
		decide(run, is_hopeless(err) ? RUN_HOPELESS : RUN_FAILED, reason);
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

void run_stop(struct run *run)
{
	if (run->phase == RUN_PUBLISHING || run->phase == RUN_OVER)
		return;
	log_context(run->job.id);
	decide(run, RUN_HANDED_BACK, NULL);
	log_context(NULL);
}

void run_abandon(struct run *run)
{
	if (run->phase == RUN_OVER)
		return;
	if (run->verdict == RUN_UNDECIDED)
		run->verdict = RUN_HANDED_BACK;
	log_context(run->job.id);
	conclude_run(run);
	log_context(NULL);
}

void run_free(struct run *run)
{
	if (run == NULL)
		return;
	aside_stop(&run->aside);
	arena_free(&run->verify.arena);
	close_reports(run);
	for (size_t i = 0; i < run->publish.count; i++) {
		if (run->publish.outputs[i].fd >= 0)
			close(run->publish.outputs[i].fd);
	}
	extras_close(&run->publish.extras);
	grow_free(&run->grow);
	workdir_remove(&run->workdir);
	arena_free(&run->arena);
	free(run);
}
