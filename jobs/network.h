/* SPDX-License-Identifier: MIT */
/*
 * Jobs that wait for other machines (JOB_NETWORK of job_kind.h). One table (network.c) has a row for each kind: its
 * function, which does all of the job in a thread of its own with a connection to the database of its own, while the
 * runner renews the lease, writes progress and looks whether the job was cancelled.
 *
 *     claim ──► network_start() ──► thread: work() ──► network_end(): ERR_OK                  the job is done
 *                                                      ERR_NOT_READY with due_ms              put back, not counted
 *                                                      hopeless (verdict.h)                   dead, with the reason
 *                                                      any other                              tried again (backoff.h)
 *
 * A job may be done twice, by a runner that has lost it and another: work so that nothing comes of it.
 */
#ifndef TONEARM_JOBS_NETWORK_H
#define TONEARM_JOBS_NETWORK_H

#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "jobs/aside.h"
#include "model/job.h"
#include "observe/metrics.h"

#include <stdatomic.h>
#include <stdbool.h>

/* What a kind's function is given; all is borrowed for its time. */
struct network_job {
	const struct conf *conf;
	const struct clock *clock; /* may be NULL */
	struct metrics *metrics;   /* may be NULL */
	struct db *db;             /* the thread's own */
	const char *id, *payload;
	const atomic_bool *stop;   /* end soon with ERR_ABORTED when it is true */
	int64_t due_ms;            /* of ERR_NOT_READY, set by the function: since 1970, when to look again */
	atomic_int done_ppm;       /* network_progress() */
};

/* Does the job. What it returns decides about the job, see above; INFO is the reason that people read. */
typedef enum err network_work(struct network_job *job, struct err_info *info);

/* How much of the job is done, 0 to 1. By the function's thread. */
void network_progress(struct network_job *job, double done);

/* One run, zeroed at the beginning; stays where it is until the thread has ended. For run.c. */
struct network_run {
	const struct network_kind *kind;
	struct network_job job;
	enum err outcome;
	struct err_info info;
};

/*
 * Starts JOB aside; conf, clock and metrics of NETWORK are set by the caller. ERR_UNPROCESSABLE when this program has
 * no such kind; ERR_INTERNAL.
 */
enum err network_start(struct network_run *network, const struct job *job, struct aside *aside, struct err_info *info);

/* False while it goes on; else *OUTCOME is what the function returned. */
bool network_end(struct network_run *network, struct aside *aside, enum err *outcome, struct err_info *info);

/* Progress from 0 to 1, for the runner's thread. */
double network_done(const struct network_run *network);

#endif
