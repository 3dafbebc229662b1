/* SPDX-License-Identifier: MIT */
#include "cli/supervisor.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAUSE_FIRST_MS = 100, PAUSE_MOST_MS = 10000, STEADY_MS = 10000, LOOK_MS = 100, NOTE_SIZE = 256 };

struct child {
	struct supervisor_program program;
	pid_t pid; /* 0 while it does not run */
	int64_t started_us;
	int64_t due_us; /* when to start it */
	int pause_ms;   /* before the next start */
};

struct supervisor {
	struct child children[SUPERVISOR_MOST];
	size_t count;
	supervisor_note *note;
	void *context;
	sigset_t watched, before;
	unsigned deaths;
};

struct supervisor *supervisor_open(
	const struct supervisor_program *programs, size_t count, supervisor_note *note, void *context)
{
	struct supervisor *supervisor = calloc(1, sizeof *supervisor);

	assert(count <= SUPERVISOR_MOST);
	if (supervisor == NULL)
		abort();
	supervisor->count = count;
	supervisor->note = note;
	supervisor->context = context;
	for (size_t i = 0; i < count; i++)
		supervisor->children[i] = (struct child){.program = programs[i], .pause_ms = PAUSE_FIRST_MS};
	sigemptyset(&supervisor->watched);
	sigaddset(&supervisor->watched, SIGCHLD);
	sigaddset(&supervisor->watched, SIGINT);
	sigaddset(&supervisor->watched, SIGTERM);
	sigaddset(&supervisor->watched, SIGHUP);
	sigprocmask(SIG_BLOCK, &supervisor->watched, &supervisor->before);
	return supervisor;
}

static void postpone(struct child *child, int64_t now_us)
{
	child->due_us = now_us + (int64_t)child->pause_ms * 1000;
	child->pause_ms = child->pause_ms * 2 < PAUSE_MOST_MS ? child->pause_ms * 2 : PAUSE_MOST_MS;
}

static void note_end(struct supervisor *supervisor, const struct child *child, const siginfo_t *how)
{
	char sentence[NOTE_SIZE];

	snprintf(sentence, sizeof sentence, "%s %s %d; starting it again in %.1f s", child->program.name,
		how->si_code == CLD_EXITED ? "ended with status" : "was ended by signal", how->si_status,
		child->pause_ms / 1000.0);
	supervisor->note(supervisor->context, sentence);
}

static void look_after(struct supervisor *supervisor, struct child *child)
{
	int64_t now = clock_monotonic_us();
	struct err_info info;
	siginfo_t how;

	if (child->pid != 0 && spawn_ended(child->pid, &how)) {
		child->pid = 0;
		supervisor->deaths++;
		if (now - child->started_us > (int64_t)STEADY_MS * 1000)
			child->pause_ms = PAUSE_FIRST_MS;
		note_end(supervisor, child, &how);
		postpone(child, now);
	}
	if (child->pid != 0 || child->due_us > now)
		return;
	child->started_us = now;
	if (spawn_start(&child->program.spawn, &supervisor->before, &child->pid, &info) != ERR_OK) {
		child->pid = 0;
		supervisor->deaths++;
		supervisor->note(supervisor->context, info.detail);
		postpone(child, now);
	}
}

/* Waits for a watched signal; 0 when TIMEOUT_US (-1: never) went by. */
static int wait_signal(const struct supervisor *supervisor, int64_t timeout_us)
{
	struct timespec limit = {.tv_sec = timeout_us / 1000000, .tv_nsec = timeout_us % 1000000 * 1000};
	int got;

	do {
		got = timeout_us < 0 ? sigwaitinfo(&supervisor->watched, NULL)
				     : sigtimedwait(&supervisor->watched, NULL, &limit);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : got;
}

int supervisor_step(struct supervisor *supervisor, int timeout_ms)
{
	int64_t wait_us = timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000;
	int got;

	for (size_t i = 0; i < supervisor->count; i++)
		look_after(supervisor, &supervisor->children[i]);
	for (size_t i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];
		int64_t left = child->due_us - clock_monotonic_us();

		if (child->pid != 0)
			continue;
		left = left < 0 ? 0 : left;
		if (wait_us < 0 || left < wait_us)
			wait_us = left;
	}
	got = wait_signal(supervisor, wait_us);
	return got == SIGCHLD ? 0 : got;
}

unsigned supervisor_deaths(const struct supervisor *supervisor)
{
	return supervisor->deaths;
}

/* Reaps what has ended; returns how many still run. */
static size_t still_running(struct supervisor *supervisor)
{
	siginfo_t how;
	size_t count = 0;

	for (size_t i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (child->pid != 0 && spawn_ended(child->pid, &how))
			child->pid = 0;
		count += child->pid != 0;
	}
	return count;
}

static void signal_all(const struct supervisor *supervisor, int number, bool group)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		pid_t pid = supervisor->children[i].pid;

		if (pid != 0)
			kill(group ? -pid : pid, number);
	}
}

void supervisor_stop(struct supervisor *supervisor, int grace_ms)
{
	int64_t deadline = clock_monotonic_us() + (int64_t)grace_ms * 1000;

	signal_all(supervisor, SIGTERM, false);
	while (still_running(supervisor) > 0 && clock_monotonic_us() < deadline)
		wait_signal(supervisor, LOOK_MS * 1000);
	signal_all(supervisor, SIGKILL, true);
	while (still_running(supervisor) > 0)
		wait_signal(supervisor, LOOK_MS * 1000);
}

void supervisor_close(struct supervisor *supervisor)
{
	if (supervisor == NULL)
		return;
	supervisor_stop(supervisor, 0);
	sigprocmask(SIG_SETMASK, &supervisor->before, NULL);
	free(supervisor);
}
