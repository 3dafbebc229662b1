/* SPDX-License-Identifier: MIT */
#include "jobs/run.h"

#include "base/log.h"
#include "jobs/conclude.h"
#include "jobs/passed.h"
#include "jobs/prepare.h"
#include "jobs/run_step.h"
#include "jobs/source_report.h"
#include "jobs/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
		verdict_fail(run, err, &info);
	else if (run->worker.pid == 0 && run->phase == RUN_WORKING)
		run_begin_publishing(run);
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
	err = job_claim_now(runner->db, runner->owner, classes, runner->clock, runner->conf->job_lease_s * 1000,
		&run->arena, &run->job, info);
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
		verdict_progress(run, report->stage);
		return ERR_OK;
	case REPORT_PASSTHROUGH:
		return passed_take(&run->publish, report, info);
	case REPORT_NOTICE:
		publish_notice(&run->publish, report->failure.detail);
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
	if (err == ERR_CONFLICT)
		verdict_reach(run, RUN_LOST, NULL);
	else if (err != ERR_OK && err != ERR_NOT_READY)
		verdict_reach(run, RUN_FAILED, &info);
	return false;
}

int run_fd(const struct run *run)
{
	return run->worker.reports >= 0 ? run->worker.reports : aside_fd(&run->aside);
}

bool run_is_ready(const struct run *run)
{
	return run->phase != RUN_WORKING && aside_fd(&run->aside) < 0 && clock_monotonic_us() >= run->again_us;
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
		/* The time of a worker is the processor's: another would need as much. */
		if (run->failure.code == ERR_TIMEOUT)
			verdict_reach(run, RUN_HOPELESS, &run->failure);
		else
			verdict_fail(run, run->failure.code, &run->failure);
	} else if (run->done_seen && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (run->album == ALBUM_NONE)
			run_begin_sealing(run);
		else
			run_begin_publishing(run);
	} else {
		conclude_exit(status, &info);
		verdict_reach(run, RUN_FAILED, &info);
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

static const char *stage_aside(const struct run *run)
{
	if (run->phase == RUN_CALLING)
		return "transfer";
	return run->phase == RUN_SEALING ? "publish" : "tidy";
}

void run_tick(struct run *run)
{
	if (run->phase == RUN_PUBLISHING || run_is_ready(run) || run->verdict != RUN_UNDECIDED)
		return;
	log_context(run->job.id);
	if (run->phase == RUN_CALLING)
		run->progress = network_done(&run->network);
	/* The worker may have spoken while the runner waited for the database. */
	if (run->worker.reports >= 0)
		read_reports(run);
	if (run->verdict == RUN_UNDECIDED &&
		(run->phase == RUN_WORKING || verdict_progress(run, stage_aside(run))))
		verdict_look(run);
	log_context(NULL);
}

void run_renew(struct run *run)
{
	if (run->verdict != RUN_UNDECIDED)
		return;
	log_context(run->job.id);
	run->written_us = 0;
	verdict_progress(run, run->stage);
	log_context(NULL);
}

void run_stop(struct run *run)
{
	if (run->phase == RUN_PUBLISHING || run->phase == RUN_OVER)
		return;
	log_context(run->job.id);
	verdict_reach(run, RUN_HANDED_BACK, NULL);
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
