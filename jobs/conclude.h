/* SPDX-License-Identifier: MIT */
/* Writes the end of a run to the job table, the track, the counters and the log. */
#ifndef TONEARM_JOBS_CONCLUDE_H
#define TONEARM_JOBS_CONCLUDE_H

#include "jobs/run.h"

/*
 * Carries out run->verdict (not RUN_UNDECIDED); the worker is gone. When the table cannot be written the lease runs out
 * by itself and the job is claimed again: that is logged, and all there is to do.
 */
void conclude_run(struct run *run);

/* How a worker with wait status STATUS came to its end, as a sentence in INFO; always ERR_INTERNAL. Pure. */
enum err conclude_exit(int status, struct err_info *info);

#endif
