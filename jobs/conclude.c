/* SPDX-License-Identifier: MIT */
#include "jobs/conclude.h"

#include "base/log.h"
#include "base/wake.h"
#include "jobs/backoff.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

static const struct {
	int signal;
	const char *hint;
} hints[] = {
	{SIGKILL, "out of memory?"},
	{SIGXCPU, "it used all the CPU time a job may have"},
	{SIGXFSZ, "an output grew past its limit"},
	{SIGSYS, "it made a system call that it may not make"},
};

enum err conclude_exit(int status, struct err_info *info)
{
	const char *hint;
	int signal;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return err_set(info, ERR_INTERNAL, "the worker ended without a result");
	if (WIFEXITED(status))
		return err_set(info, ERR_INTERNAL, "the worker ended with status %d and without a result",
			WEXITSTATUS(status));
	signal = WTERMSIG(status);
	hint = strsignal(signal);
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		if (hints[i].signal == signal)
			hint = hints[i].hint;
	}
	return err_set(info, ERR_INTERNAL, "the worker was killed by signal %d (%s)", signal, hint);
}

static int64_t retry_at(const struct run *run, int64_t now_ms)
{
	uint64_t random = 0;

	/* Without randomness the wait is none, which is one of the waits there may be. */
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		random = 0;
	return now_ms + backoff_ms(run->job.attempts, random);
}

/* What follows for the track is the schema's doing, in the same statement. *STATE is what the job is in afterwards. */
static enum err write_end(struct run *run, enum job_state *state, struct err_info *info)
{
	struct runner *runner = run->runner;
	int64_t now = clock_ms(runner->clock);
	const char *id = run->job.id;

	if (run->verdict == RUN_HANDED_BACK) {
		*state = JOB_QUEUED;
		return job_hand_back(runner->db, id, runner->owner, now, info);
	}
	if (run->verdict == RUN_CANCELLED) {
		*state = JOB_CANCELLED;
		return job_set_cancelled(runner->db, id, runner->owner, now, info);
	}
	return job_fail(runner->db, id, runner->owner, run->reason.detail, run->verdict == RUN_HOPELESS,
		retry_at(run, now), now, state, info);
}

static void log_end_of(const struct run *run, const char *message, enum log_level level)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_text(&line, "kind", run->job.kind);
	log_text(&line, "track", run->job.track);
	log_number(&line, "attempt", run->job.attempts);
	if (run->reason.code != ERR_OK) {
		log_text(&line, "error", err_slug(run->reason.code));
		log_text(&line, "detail", run->reason.detail);
	}
	log_real(&line, "seconds", (double)(clock_monotonic_us() - run->started_us) / 1e6);
	log_end(&line);
}

static void measure_end(const struct run *run)
{
	metrics_observe(run->runner->metrics, METRIC_JOB_SECONDS, (uint64_t)(clock_monotonic_us() - run->started_us),
		run->job.kind);
}

static const char *end_message(enum job_state state)
{
	switch (state) {
	case JOB_DEAD:
		return "job dead";
	case JOB_CANCELLED:
		return "job cancelled";
	default:
		return "job failed, to be tried again";
	}
}

static void conclude_unfinished(struct run *run)
{
	struct err_info info = {0};
	enum job_state state = JOB_QUEUED;
	enum err err = write_end(run, &state, &info);

	if (err == ERR_CONFLICT) {
		log_end_of(run, "job lost to another runner", LOG_WARNING);
	} else if (err != ERR_OK) {
		log_failure(LOG_ERROR, "the end of a job could not be written", &info);
	} else if (run->verdict == RUN_HANDED_BACK) {
		log_end_of(run, "job handed back", LOG_INFO);
	} else {
		log_end_of(run, end_message(state), LOG_WARNING);
		if (state == JOB_DEAD || state == JOB_CANCELLED)
			measure_end(run);
	}
}

void conclude_run(struct run *run)
{
	assert(run->verdict != RUN_UNDECIDED);
	if (run->verdict == RUN_LOST) {
		log_end_of(run, "job lost to another runner", LOG_WARNING);
	} else if (run->verdict == RUN_DONE) {
		log_end_of(run, "job done", LOG_INFO);
		measure_end(run);
	} else if (run->verdict == RUN_PARKED) {
		log_end_of(run, run->class == JOB_NETWORK ? "job put back, to wait" : "job measured, waits for its album",
			LOG_INFO);
	} else {
		conclude_unfinished(run);
	}
	/* Jobs that needed this one may run now, or this one again, and not every runner has a place. */
	wake_post(run->runner->conf->run_dir);
	run->phase = RUN_OVER;
}
