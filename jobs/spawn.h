/* SPDX-License-Identifier: MIT */
/*
 * Starts one worker with its descriptors and nothing else of ours: no other descriptor, no environment but PATH, no
 * blocked signal, a session of its own. It dies with the runner (PR_SET_PDEATHSIG), so a job whose runner was killed
 * has no worker left that could go on writing. Call from the thread that stays alive as long as the runner does: the
 * death signal is tied to the thread.
 */
#ifndef TONEARM_JOBS_SPAWN_H
#define TONEARM_JOBS_SPAWN_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

struct spawn {
	const char *program; /* path of the worker */
	const char *job;     /* JSON for its descriptor 0, copied */
	int source;          /* becomes WORKER_FD_SOURCE; stays the caller's */
	const int *outputs;  /* become WORKER_FD_OUTPUT and on; stay the caller's */
	size_t output_count; /* at most WORKER_OUTPUTS_MOST; none where it only measures */
};

struct worker {
	pid_t pid;   /* also its session and process group; 0: none. The caller reaps it */
	int reports; /* read end of its reports, not blocking; -1: none. The caller closes it */
};

/*
 * ERR_IO when the program cannot be run, with the reason; ERR_INTERNAL when a descriptor or process cannot be had.
 * Nothing is left then.
 */
enum err spawn_worker(const struct spawn *what, struct worker *out, struct err_info *info);

/* Ends the worker and all it started (SIGKILL). Does nothing when it has been reaped (pid 0). */
void spawn_kill(const struct worker *worker);

#endif
