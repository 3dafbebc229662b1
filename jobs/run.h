/* SPDX-License-Identifier: MIT */
/*
 * One claimed job, from claim to end.
 *
 *     run_claim() ──► WORKING ── worker exits after "done" ──► SEALING ──► PUBLISHING ──► OVER
 *                       │  ▲                                     │            │            ▲
 *                       │  └ reports: lease, progress, source    │            │            │
 *                       └──── crash, breach, silence, cancel, lost lease ──────────────────┘
 *
 * SEALING reads the files of the worker, hashes them and has them written to the disk, in a thread aside (aside.h):
 * they may be gigabytes. A job of house-keeping (upkeep.h) has no worker: it is TIDYING, a step in each turn, from its
 * claim to its end; and one that waits for other machines (network.h) is CALLING, in a thread aside.
 *
 * The loop tells it what happened (a descriptor is readable, a child ended, time passed); it never waits itself. How a
 * run ends is a verdict, written to the job table once its worker or its thread is gone. Belongs to one thread.
 */
#ifndef TONEARM_JOBS_RUN_H
#define TONEARM_JOBS_RUN_H

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "jobs/aside.h"
#include "jobs/album_job.h"
#include "jobs/grow.h"
#include "jobs/network.h"
#include "jobs/publish.h"
#include "jobs/reports.h"
#include "jobs/spawn.h"
#include "jobs/verify_job.h"
#include "jobs/workdir.h"
#include "media/transcode_job.h"
#include "model/job.h"
#include "observe/metrics.h"

#include <stdbool.h>
#include <stdint.h>

/* What all runs of this process share. Outlives them. */
struct runner {
	const struct conf *conf;
	struct db *db;
	struct metrics *metrics; /* may be NULL */
	const struct clock *clock;
	const char *worker;    /* path of the program */
	uid_t worker_uid;      /* whom it becomes; 0 when this process is not root, and it stays who it is */
	gid_t worker_gid;
	int64_t silence_us;    /* without a report a worker is ended; less than a lease */
	char owner[JOB_OWNER]; /* "host:pid:random" */
};

enum run_phase { RUN_WORKING, RUN_SEALING, RUN_PUBLISHING, RUN_TIDYING, RUN_CALLING, RUN_OVER };

enum run_verdict {
	RUN_UNDECIDED,
	RUN_DONE,     /* published */
	RUN_FAILED,   /* this attempt; the job is tried again while it has attempts left */
	RUN_HOPELESS, /* and trying again cannot help */
	RUN_LOST,     /* another runner has it, or it was taken from the table: write nothing */
	RUN_CANCELLED,
	RUN_HANDED_BACK,
	RUN_PARKED /* it waits for its album (album_job.h) or its hour (network.h): written already */
};

struct run {
	struct runner *runner;
	struct arena arena; /* owns what the members below point to */
	struct job job;
	enum job_class class;
	struct track track; /* as it was when the run began */
	enum run_phase phase;
	enum run_verdict verdict;
	struct err_info reason; /* of RUN_FAILED and RUN_HOPELESS */

	struct workdir workdir;
	struct publish publish;
	enum album_step album; /* but for ALBUM_NONE nothing is published: publish.count is 0 */
	struct grow grow;
	struct aside aside;
	struct verify_job verify; /* of a job of that kind */
	struct network_run network;
	struct worker worker;
	struct reports reports;
	bool done_seen;
	struct err_info failure; /* the worker's own "failed"; ERR_OK when it sent none */

	char stage[REPORT_STAGE]; /* last one reported, "queued" before */
	double progress, speed;
	int64_t started_us, heard_us; /* monotonic: begin, last report */
	int64_t written_us;           /* last try to write progress to the job table */
	int64_t renewed_us;           /* last time the lease was ours for sure */
	int64_t looked_us;            /* last look at the job table, for a cancelled job whose worker is silent */
	int64_t again_us;             /* not published before, as the database was locked; 0: it was not */
};

/*
 * Claims the best job of CLASSES (a mask of enum job_class) and starts it. ERR_OK: *OUT is a run, which may be over
 * already when the job could not be started; ERR_NOT_FOUND: there is nothing to do; or a database error. The caller
 * ends it with run_free() once it is over.
 */
enum err run_claim(struct runner *runner, unsigned classes, struct run **out, struct err_info *info);

/* What makes work for RUN when it is readable or hung up, for poll(2): -1 for nothing. */
int run_fd(const struct run *run);

/* Whether run_step() has something to do at once. */
bool run_is_ready(const struct run *run);

/* Reads what the worker reported. Call when run_fd() is readable or hung up. */
void run_reports(struct run *run);

/* Looks whether the worker has ended. Call after SIGCHLD. */
void run_reap(struct run *run);

/* Looks at the clock: silence, wall time, lease, a cancelled job. Call about once a second. */
void run_tick(struct run *run);

/* Writes progress and lease at once, whether or not there is something new to tell. Call when the clock has jumped. */
void run_renew(struct run *run);

/* Seals, publishes or tidies a step further. Call in each turn of the loop; does nothing in another phase. */
void run_step(struct run *run);

/*
 * The runner stops: ends the worker or the thread and hands the job back as soon as it is gone. What is being published
 * is left to finish: that takes moments.
 */
void run_stop(struct run *run);

/* Hands the job back without waiting for worker and thread any longer. The run is over. */
void run_abandon(struct run *run);

/* Closes, removes and frees all of it, when its thread has ended. RUN may be NULL. */
void run_free(struct run *run);

#endif
