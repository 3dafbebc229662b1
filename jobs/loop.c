/* SPDX-License-Identifier: MIT */
#include "jobs/loop.h"

#include "base/fs.h"
#include "base/log.h"
#include "jobs/notify.h"
#include "jobs/sweep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SECOND_US 1000000LL
#define SEEN_US (5 * SECOND_US)
/* A worker that does not die of SIGKILL hangs in the kernel: its job is handed back without it. */
#define STOP_US (10 * SECOND_US)

struct loop {
	struct runner *runner;
	const struct loop_options *options;
	struct sweep sweep;
	struct run **runs;     /* options->workers places */
	struct pollfd *polled; /* one more: the signals */
	size_t places;
	int signals;
	bool stopping;
	bool idle;      /* the last claim found nothing */
	bool no_space;  /* below the disk floor, logged */
	int64_t end_us; /* of --for; INT64_MAX: none */
	int64_t stopped_us;
	int64_t next_claim_us, next_tick_us, next_seen_us, next_uploads_us, next_folders_us;
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

static void keep_house(struct loop *loop, int64_t now)
{
	if (is_due(&loop->next_seen_us, now, SEEN_US))
		mark_alive(loop);
	if (is_due(&loop->next_uploads_us, now, SWEEP_UPLOADS_S * SECOND_US))
		sweep_uploads(&loop->sweep);
	if (is_due(&loop->next_folders_us, now, SWEEP_FOLDERS_S * SECOND_US))
		sweep_folders(&loop->sweep);
}

/* Whether the disk has room for another job; says so once when that changes. */
static bool has_space(struct loop *loop)
{
	const struct conf *conf = loop->runner->conf;
	bool no_space = fs_free_bytes(conf->data_dir) < conf->disk_floor;

	if (no_space && !loop->no_space)
		log_message(LOG_WARNING, "the disk is below its floor: no job is started");
	else if (!no_space && loop->no_space)
		log_message(LOG_INFO, "the disk has room again");
	loop->no_space = no_space;
	return !no_space;
}

/* Fills PLACE. False when there is nothing to claim. */
static bool claim_one(struct loop *loop, struct run **place)
{
	struct err_info info = {0};
	enum err err = run_claim(loop->runner, place, &info);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		log_failure(LOG_WARNING, "cannot claim a job", &info);
	return err == ERR_OK;
}

static void claim(struct loop *loop, int64_t now)
{
	if (now < loop->next_claim_us || loop->stopping)
		return;
	loop->idle = false;
	for (size_t i = 0; i < loop->places && !loop->idle; i++) {
		if (loop->runs[i] == NULL)
			loop->idle = !has_space(loop) || !claim_one(loop, &loop->runs[i]);
	}
	loop->next_claim_us = now + loop->runner->conf->job_poll_ms * 1000;
}

/* Takes those that are over out of their places; another job may be claimed at once then. */
static void clear(struct loop *loop)
{
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL && loop->runs[i]->phase == RUN_OVER) {
			run_free(loop->runs[i]);
			loop->runs[i] = NULL;
			loop->next_claim_us = 0;
		}
	}
}

static void stop(struct loop *loop)
{
	if (loop->stopping)
		return;
	loop->stopping = true;
	loop->stopped_us = clock_monotonic_us();
	notify_manager("STOPPING=1");
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL)
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

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something is due, whether or not anything happens before. */
static int wait_ms(const struct loop *loop)
{
	int64_t now = clock_monotonic_us();
	int64_t next = least(loop->next_seen_us, least(loop->next_uploads_us, loop->next_folders_us));
	size_t runs = count_runs(loop);

	next = least(next, loop->end_us);
	if (runs > 0)
		next = least(next, loop->next_tick_us);
	if (runs < loop->places && !loop->stopping)
		next = least(next, loop->next_claim_us);
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->runs[i] != NULL && loop->runs[i]->phase != RUN_WORKING)
			return 0;
	}
	return next <= now ? 0 : (int)((next - now + 999) / 1000);
}

static void wait_for_something(struct loop *loop)
{
	loop->polled[0] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
	for (size_t i = 0; i < loop->places; i++) {
		/* A negative descriptor is passed over by poll(). */
		loop->polled[i + 1] = (struct pollfd){
			.fd = loop->runs[i] == NULL ? -1 : loop->runs[i]->worker.reports, .events = POLLIN};
	}
	if (poll(loop->polled, loop->places + 1, wait_ms(loop)) <= 0)
		return;
	for (size_t i = 0; i < loop->places; i++) {
		if (loop->polled[i + 1].revents != 0)
			run_reports(loop->runs[i]);
	}
	if (loop->polled[0].revents != 0)
		take_signals(loop);
}

static void advance(struct loop *loop, int64_t now)
{
	bool tick = is_due(&loop->next_tick_us, now, SECOND_US);

	for (size_t i = 0; i < loop->places; i++) {
		struct run *run = loop->runs[i];

		if (run != NULL && tick)
			run_tick(run);
		if (run != NULL && run->phase == RUN_PUBLISHING)
			run_publish(run);
	}
}

static bool is_over(const struct loop *loop)
{
	size_t runs = count_runs(loop);

	if (loop->stopping)
		return runs == 0 || clock_monotonic_us() - loop->stopped_us > STOP_US;
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
	loop->polled = calloc(loop->places + 1, sizeof *loop->polled);
	if (loop->runs == NULL || loop->polled == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for the places of workers");
	return ERR_OK;
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
	sweep_end(&loop->sweep);
}

enum err loop_run(struct runner *runner, const struct loop_options *options, struct err_info *info)
{
	struct loop loop = {
		.runner = runner,
		.options = options,
		.sweep = {.conf = runner->conf, .db = runner->db, .clock = runner->clock},
		.places = (size_t)options->workers,
		.signals = -1,
		.end_us = options->for_ms > 0 ? clock_monotonic_us() + options->for_ms * 1000 : INT64_MAX,
	};
	enum err err = set_up(&loop, info);

	if (err == ERR_OK) {
		mark_alive(&loop);
		notify_manager("READY=1");
	}
	while (err == ERR_OK && !is_over(&loop)) {
		int64_t now = clock_monotonic_us();

		if (now >= loop.end_us)
			stop(&loop);
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
