/* SPDX-License-Identifier: MIT */
/*
 * The jobrunner's one loop: one thread, one poll(2) over the report pipes of all workers, the ends of what is done
 * aside, the signals and the knocks of base/wake.h, with a timer. Each turn: house-keeping that is due, claim jobs
 * while a place is free, wait, hand on what happened, publish a step. It looks for work when somebody knocks, when a
 * job's hour comes, when a place is free again, and every jobs.poll_ms whatever happens.
 */
#ifndef TONEARM_JOBS_LOOP_H
#define TONEARM_JOBS_LOOP_H

#include "base/err.h"
#include "jobs/run.h"

#include <stdbool.h>
#include <stdint.h>

struct loop_options {
	bool drain;       /* end when nothing is left to do */
	int64_t for_ms;   /* then stop; 0: no limit */
	int64_t grace_ms; /* how long what runs may go on then; 0: not at all, or to its end where for_ms ends a drain */
	int64_t places[JOB_CLASS_COUNT]; /* jobs at a time of each class, in the order of enum job_class; >= 1 */
};

/*
 * Blocks SIGTERM, SIGINT, SIGCHLD for good and works until SIGTERM or SIGINT comes, or until OPTIONS end it. No job is
 * claimed then; what still runs after grace_ms, or at a signal that comes later, is handed back. ERR_OK; ERR_NO_SPACE
 * when draining had to end below the disk floor; ERR_INTERNAL when the loop cannot be set up. Call once.
 */
enum err loop_run(struct runner *runner, const struct loop_options *options, struct err_info *info);

#endif
