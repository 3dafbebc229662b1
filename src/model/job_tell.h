/* SPDX-License-Identifier: MIT */
/* What the job table says of itself, as metrics. It is read when they are asked for. */
#ifndef TONEARM_MODEL_JOB_TELL_H
#define TONEARM_MODEL_JOB_TELL_H

#include "db/db.h"
#include "observe/metrics.h"

#include <stdint.h>

/* A jobrunner marks itself far more often than this, in milliseconds. */
enum { JOB_RUNNER_SEEN_MS = 30 * 1000 };

/*
 * Sets METRIC_JOBS, _JOBS_RUNNING, _QUEUE_AGE, _RUNNERS and _JOBS_FINISHED of METRICS as of NOW_MS. Database errors:
 * what could not be read keeps its last value.
 */
enum err job_tell(struct db *db, struct metrics *metrics, int64_t now_ms, struct err_info *info);

#endif
