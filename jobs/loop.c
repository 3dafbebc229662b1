/* SPDX-License-Identifier: MIT */
#include "jobs/loop.h"

#include "base/fs.h"
#include "base/log.h"
#include "base/wake.h"
#include "jobs/backoff.h"
#include "jobs/jump.h"
#include "jobs/notify.h"
#include "jobs/sweep.h"
#include "jobs/upkeep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SECOND_US 1000000LL
#define SEEN_US (5 * SECOND_US)
/* A worker that does not die of SIGKILL hangs in the kernel: its job is handed back without it. */
#define STOP_US (10 * SECOND_US)

enum { FD_SIGNALS, FD_KNOCKS, FDS_OF_LOOP };

struct loop {
	struct runner *runner;
	const struct loop_options *options;
	struct sweep sweep;
	struct upkeep upkeep;
	struct jump jump;
	struct run **runs;     /* a place for each job of each class */
	struct pollfd *polled; /* FDS_OF_LOOP, then one for each place */
	size_t places;
	int signals, knocks; /* knocks: -1 when they cannot be heard */
	bool stopping;       /* no job is claimed any more */
	bool handing_back;   /* and those that run are stopped */
	bool idle;           /* the last claim found nothing */
	bool no_space;       /* below the disk floor, logged */
	int64_t end_us; /* of --for, then of the grace; INT64_MAX: none */
	int64_t stopped_us;
	int64_t watchdog_us; /* how often the service manager is told that this loop turns; 0: never */
	int64_t next_claim_us, next_tick_us, next_seen_us, next_uploads_us, next_folders_us, next_watchdog_us;
	size_t told_runs; /* by STATUS= */
};

static bool is_due(int64_t *next, int64_t now, int64_t interval)
{
	if (now < *next)
		return false;
	*next = now + interval;
	return true;
}

static size_t count_runs(const struct loop *loop)
{
	size_t count = 0;

	for (size_t i = 0; i < loop->places; i++)
		count += loop->runs[i] != NULL;
	return count;
}

static void mark_alive(struct loop *loop)
{
	struct err_info info = {0};

	if (job_runner_seen(loop->runner->db, loop->runner->owner, clock_ms(loop->runner->clock), &info) != ERR_OK)
		log_failure(LOG_WARNING, "cannot mark the jobrunner as alive", &info);
}

static void tell_manager(struct loop *loop, int64_t now)
{
	size_t runs = count_runs(loop);
	char status[64];

	if (loop->watchdog_us > 0 && is_due(&loop->next_watchdog_us, now, loop->watchdog_us))
		notify_manager("WATCHDOG=1");
	if (runs == loop->told_runs)
		return;
	loop->told_runs = runs;
	snprintf(status, sizeof status, "STATUS=%zu job%s at work%s", runs, runs == 1 ? "" : "s",
		loop->stopping ? ", stopping" : "");
	notify_manager(status);
}

/* Ends leases that a clock gave which was ahead. */
static void recall_jobs(struct loop *loop)
{
	const struct runner *runner = loop->runner;
	struct err_info info = {0};
	struct log_line line;
	/* Others may have told the time a little later: while this waited for the lock, or by a clock that differs. */
	int64_t slack_ms = runner->conf->job_lease_s * 1000 + runner->conf->db_busy_ms + JUMP_LEAST_MS, count;

	if (job_recall(runner->db, clock_ms(runner->clock), runner->conf->job_lease_s * 1000 + slack_ms,
		    BACKOFF_MOST_MS + slack_ms, JOB_PARKED_MS + slack_ms, &count, &info) != ERR_OK)
		log_failure(LOG_WARNING, "leases could not be looked at", &info);
	if (count == 0)
		return;
	log_begin(&line, LOG_WARNING, "the clock was ahead: jobs that waited for it are taken up");
	log_number(&line, "count", count);
	log_end(&line);
	loop->next_claim_us = 0;
}

static void keep_house(struct loop *loop, int64_t now)
{
	tell_manager(loop, now);
	if (is_due(&loop->next_seen_us, now, SEEN_US)) {
		mark_alive(loop);
		if (jump_is_settled(&loop->jump, now))
			recall_jobs(loop);
		if (upkeep_queue(&loop->upkeep))
			loop->next_claim_us = 0;
	}
	if (is_due(&loop->next_uploads_us, now, SWEEP_UPLOADS_S * SECOND_US))
		sweep_uploads(&loop->sweep);
	if (is_due(&loop->next_folders_us, now, SWEEP_FOLDERS_S * SECOND_US))
		sweep_folders(&loop->sweep);
}

/* Whether the disk has room for another track; says so once when that changes. */
static bool has_space(struct loop *loop)
{
	const struct conf *conf = loop->runner->conf;
	bool no_space = fs_free_bytes(conf->data_dir) < conf->disk_floor;

	if (no_space && !loop->no_space)
		log_message(LOG_WARNING, "the disk is below its floor: no media job is started");
	else if (!no_space && loop->no_space)
		log_message(LOG_INFO, "the disk has room again");
	loop->no_space = no_space;
	return !no_space;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static size_t count_class(const struct loop *loop, unsigned class)
{
	size_t count = 0;

	for (size_t i = 0; i < loop->places; i++)
		count += loop->runs[i] != NULL && loop->runs[i]->class == class;
	return count;
}

/* The classes with a free place. Without space only house-keeping, which may make some, is started. */
static unsigned classes_with_room(struct loop *loop)
{
	unsigned classes = 0;

	for (size_t i = 0; i < JOB_CLASS_COUNT; i++) {
		if (count_class(loop, 1U << i) < (size_t)loop->options->places[i])
			classes |= 1U << i;
	}
	if ((classes & JOB_MEDIA) != 0 && !has_space(loop))
		classes &= ~(unsigned)JOB_MEDIA;
	return classes;
}

/* False when there is nothing to claim. */
static bool claim_one(struct loop *loop, unsigned classes)
{
	struct err_info info = {0};
	struct run **place = loop->runs;
	enum err err;

	while (*place != NULL)
		place++;
	err = run_claim(loop->runner, classes, place, &info);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		log_failure(LOG_WARNING, "cannot claim a job", &info);
	return err == ERR_OK;
}

/* Microseconds until time alone brings work, at most the interval of polling. ASKED_MS: when jobs were asked for. */
static int64_t until_work_us(const struct loop *loop, int64_t asked_ms)
{
	const struct runner *runner = loop->runner;
	struct err_info info = {0};
	int64_t poll_ms = runner->conf->job_poll_ms, due_ms = INT64_MAX;

	/* What was due then was not to be had: it waits for a place, or for space. */
	if (!loop->idle || job_next_due(runner->db, &due_ms, &info) != ERR_OK || due_ms <= asked_ms)
		return poll_ms * 1000;
	due_ms -= clock_ms(runner->clock);
	return due_ms <= 0 ? 0 : least(due_ms, poll_ms) * 1000;
}

/* The clock has jumped: leases may look as if they had run out, and what is periodic be planned for a far-away time. */
static void take_new_time(struct loop *loop)
{
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL)
			run_renew(loop->runs[i]);
	}
	upkeep_announce(&loop->upkeep);
}

static void claim(struct loop *loop, int64_t now)
{
	int64_t asked_ms = clock_ms(loop->runner->clock);
	unsigned classes;

	if (now < loop->next_claim_us || loop->stopping)
		return;
	if (jump_look(&loop->jump, loop->runner->clock, now))
		take_new_time(loop);
	if (now < loop->jump.paused_us) {
		loop->next_claim_us = loop->jump.paused_us;
		loop->idle = false;
		return;
	}
	if (loop->knocks >= 0)
		wake_clear(loop->runner->conf->run_dir, loop->knocks);
	loop->idle = false;
	/* A job of a kind that only a newer program knows takes a place that is not of its class. */
	while (!loop->idle && count_runs(loop) < loop->places && (classes = classes_with_room(loop)) != 0)
		loop->idle = !claim_one(loop, classes);
	loop->next_claim_us = clock_monotonic_us() + until_work_us(loop, asked_ms);
}

/* Takes those that are over out of their places; another job may be claimed at once then. */
static void clear(struct loop *loop)
{
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL && loop->runs[i]->phase == RUN_OVER) {
			run_free(loop->runs[i]);
			loop->runs[i] = NULL;
			loop->next_claim_us = 0;
			loop->idle = false; /* its class was not asked for while it was here */
		}
	}
}

static void hand_back(struct loop *loop)
{
	if (loop->handing_back)
		return;
	loop->handing_back = true;
	loop->stopped_us = clock_monotonic_us();
	loop->end_us = INT64_MAX;
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL)
			run_stop(loop->runs[i]);
	}
}

/* The first time: what runs may go on for the grace. The second time: no longer. */
static void stop(struct loop *loop)
{
	bool again = loop->stopping;

	loop->stopping = true;
	if (!again)
		notify_manager("STOPPING=1");
	if (again || loop->options->grace_ms == 0)
		hand_back(loop);
	else
		loop->end_us = clock_monotonic_us() + loop->options->grace_ms * 1000;
}

/*
 * --for or the grace is over. One that drains for a while is followed by another, which would begin anew what is handed
 * back, however long it takes: what goes on where it stood is handed back, the rest comes to its end.
 */
static void end_time(struct loop *loop)
{
	const struct loop_options *options = loop->options;

	loop->end_us = INT64_MAX;
	if (!options->drain || options->grace_ms > 0 || loop->stopping) {
		stop(loop);
		return;
	}
	loop->stopping = true;
	notify_manager("STOPPING=1");
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL && loop->runs[i]->class == JOB_UPKEEP)
			run_stop(loop->runs[i]);
	}
}

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo got;

	while (read(loop->signals, &got, sizeof got) == (ssize_t)sizeof got) {
		if (got.ssi_signo != SIGCHLD)
			stop(loop);
	}
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL)
			run_reap(loop->runs[i]);
	}
}

/* Milliseconds until something is due, whether or not anything happens before. */
static int wait_ms(const struct loop *loop)
{
	int64_t now = clock_monotonic_us();
	int64_t next = least(loop->next_seen_us, least(loop->next_uploads_us, loop->next_folders_us));
	size_t runs = count_runs(loop);

	next = least(next, loop->end_us);
	if (loop->watchdog_us > 0)
		next = least(next, loop->next_watchdog_us);
	if (loop->handing_back)
		next = least(next, loop->stopped_us + STOP_US);
	if (runs > 0)
		next = least(next, loop->next_tick_us);
	if (!loop->stopping)
		next = least(next, loop->next_claim_us);
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL && run_is_ready(loop->runs[i]))
			return 0;
	}
	return next <= now ? 0 : (int)((next - now + 999) / 1000);
}

static void wait_for_something(struct loop *loop)
{
	struct pollfd *of_runs = loop->polled + FDS_OF_LOOP;

	loop->polled[FD_SIGNALS] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
	loop->polled[FD_KNOCKS] = (struct pollfd){.fd = loop->stopping ? -1 : loop->knocks, .events = POLLIN};
	for (size_t i = 0; i < loop->places; i++) {
		/* A negative descriptor is passed over by poll(). */
		of_runs[i] = (struct pollfd){
			.fd = loop->runs[i] == NULL ? -1 : run_fd(loop->runs[i]), .events = POLLIN};
	}
	if (poll(loop->polled, FDS_OF_LOOP + loop->places, wait_ms(loop)) <= 0)
		return;
	for (size_t i = 0; i < loop->places; i++) {
		if (of_runs[i].revents != 0)
			run_reports(loop->runs[i]);
	}
	if (loop->polled[FD_KNOCKS].revents != 0)
		loop->next_claim_us = 0;
	if (loop->polled[FD_SIGNALS].revents != 0)
		take_signals(loop);
}

static void advance(struct loop *loop, int64_t now)
{
	bool tick = is_due(&loop->next_tick_us, now, SECOND_US);

	for (size_t i = 0; i < loop->places; i++) {
		struct run *run = loop->runs[i];

		if (run != NULL && tick)
			run_tick(run);
		if (run != NULL)
			run_step(run);
	}
}

static bool is_over(const struct loop *loop)
{
	size_t runs = count_runs(loop);

	if (loop->stopping)
		return runs == 0 || (loop->handing_back && clock_monotonic_us() - loop->stopped_us > STOP_US);
	return loop->options->drain && loop->idle && runs == 0;
}

static enum err set_up(struct loop *loop, struct err_info *info)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot block signals");
	/* A log that nobody reads any more is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signals < 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot listen for signals");
	loop->runs = calloc(loop->places, sizeof(struct run *));
	loop->polled = calloc(FDS_OF_LOOP + loop->places, sizeof *loop->polled);
	if (loop->runs == NULL || loop->polled == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for the places of workers");
	if (wake_open(loop->runner->conf->run_dir, &loop->knocks, info) != ERR_OK)
		log_failure(LOG_WARNING, "new jobs are found by polling alone", info);
	return ERR_OK;
}

static void log_start(const struct runner *runner, const struct loop_options *options)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, "jobrunner started");
	log_text(&line, "version", PACKAGE_VERSION);
	log_text(&line, "owner", runner->owner);
	log_text(&line, "worker", runner->worker);
	log_number(&line, "workers", options->places[0]);
	log_end(&line);
}

static void tear_down(struct loop *loop)
{
	for (size_t i = 0; loop->runs != NULL && i < loop->places; i++) {
		if (loop->runs[i] != NULL)
			run_abandon(loop->runs[i]);
		run_free(loop->runs[i]);
	}
	free(loop->runs);
	free(loop->polled);
	if (loop->signals >= 0)
		close(loop->signals);
	if (loop->knocks >= 0)
		close(loop->knocks);
	sweep_end(&loop->sweep);
}

enum err loop_run(struct runner *runner, const struct loop_options *options, struct err_info *info)
{
	struct loop loop = {
		.runner = runner,
		.options = options,
		.sweep = {.conf = runner->conf, .db = runner->db, .clock = runner->clock},
		.upkeep = {.conf = runner->conf, .db = runner->db, .clock = runner->clock, .metrics = runner->metrics},
		.signals = -1,
		.knocks = -1,
		.watchdog_us = notify_watchdog_us(),
		.end_us = options->for_ms > 0 ? clock_monotonic_us() + options->for_ms * 1000 : INT64_MAX,
	};
	enum err err;

	for (size_t i = 0; i < JOB_CLASS_COUNT; i++)
		loop.places += (size_t)options->places[i];
	err = set_up(&loop, info);
	if (err == ERR_OK) {
		jump_begin(&loop.jump, runner->conf->job_lease_s * 1000, runner->clock, clock_monotonic_us());
		log_start(runner, options); /* from here on SIGTERM is an orderly end */
		mark_alive(&loop);
		upkeep_announce(&loop.upkeep);
		notify_manager("READY=1");
	}
	while (err == ERR_OK && !is_over(&loop)) {
		int64_t now = clock_monotonic_us();

		if (now >= loop.end_us)
			end_time(&loop);
		keep_house(&loop, now);
		claim(&loop, now);
		advance(&loop, now);
		clear(&loop);
		if (!is_over(&loop))
			wait_for_something(&loop);
		clear(&loop);
	}
	if (err == ERR_OK && options->drain && loop.no_space && !loop.stopping)
		err = err_set(info, ERR_NO_SPACE, "the disk is below its floor: jobs are left");
	tear_down(&loop);
	return err;
}
