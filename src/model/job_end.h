/* SPDX-License-Identifier: MIT */
/*
 * How jobs ended, counted by the database itself in the statement that ends one, so that no end is missed whoever
 * brought it about: the counter tonearm_jobs_finished_total.
 */
#ifndef TONEARM_MODEL_JOB_END_H
#define TONEARM_MODEL_JOB_END_H

#include "db/db.h"
#include "observe/metrics.h"

/* Sets METRIC_JOBS_FINISHED of METRICS to what the database has counted. Database errors. */
enum err job_end_tell(struct db *db, struct metrics *metrics, struct err_info *info);

#endif
