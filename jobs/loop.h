/* SPDX-License-Identifier: MIT */
/*
 * The jobrunner's one loop: one thread, one poll(2) over the report pipes of all workers and the signals, with a timer.
 * Each turn: house-keeping that is due, claim jobs while a place is free, wait, hand on what happened, publish a step.
 */
#ifndef TONEARM_JOBS_LOOP_H
#define TONEARM_JOBS_LOOP_H

#include "base/err.h"
#include "jobs/run.h"

#include <stdbool.h>
#include <stdint.h>

struct loop_options {
	bool drain;      /* end when nothing is left to do */
	int64_t for_ms;  /* then hand back what still runs; 0: no limit */
	int64_t workers; /* at a time, >= 1 */
};

/*
 * Blocks SIGTERM, SIGINT, SIGCHLD for good and works until SIGTERM or SIGINT comes, or until OPTIONS end it. Jobs that
 * still run then are handed back. ERR_OK; ERR_NO_SPACE when draining had to end below the disk floor; ERR_INTERNAL when
 * the loop cannot be set up. Call once.
 */
enum err loop_run(struct runner *runner, const struct loop_options *options, struct err_info *info);

#endif
