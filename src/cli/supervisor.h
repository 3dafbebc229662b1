/* SPDX-License-Identifier: MIT */
/*
 * Keeps a handful of programs running: starts them, starts them again when they end (at first after 100 ms, then with
 * doubling pauses up to 10 s), and stops all of them, and nobody else, in the end. Listening sockets stay open here
 * while a child is replaced: connections then wait instead of being refused. See spawn.h for what a child is given.
 *
 * One thread, one supervisor a process: it owns SIGCHLD, SIGINT, SIGTERM and SIGHUP from supervisor_open() to
 * supervisor_close().
 */
#ifndef TONEARM_CLI_SUPERVISOR_H
#define TONEARM_CLI_SUPERVISOR_H

#include "cli/spawn.h"

#include <stddef.h>

enum { SUPERVISOR_MOST = 8 };

struct supervisor_program {
	const char *name; /* for messages */
	struct spawn spawn;
};

struct supervisor;

/*
 * Called for each event a person may want to read about: "stream.fcgi was ended by signal 9; starting it again in 0.1
 * s".
 */
typedef void supervisor_note(void *context, const char *sentence);

/* Blocks the signals. PROGRAMS (copied, what they point to is not) are not started yet. Owned by the caller. */
struct supervisor *supervisor_open(
	const struct supervisor_program *programs, size_t count, supervisor_note *note, void *context);

/*
 * Starts what should run, and waits at most TIMEOUT_MS (-1: for ever) for something to happen. Returns the signal that
 * asked for the end (SIGINT, SIGTERM, SIGHUP), or 0.
 */
int supervisor_step(struct supervisor *supervisor, int timeout_ms);

/* How often children ended by themselves so far. */
unsigned supervisor_deaths(const struct supervisor *supervisor);

/* SIGTERM to all, GRACE_MS for them to end, SIGKILL to the groups of the rest; waits until all are gone. */
void supervisor_stop(struct supervisor *supervisor, int grace_ms);

/* Stops what still runs, gives the signals back and frees. NULL is fine. */
void supervisor_close(struct supervisor *supervisor);

#endif
