/* SPDX-License-Identifier: MIT */
/*
 * The job "verify-media": walks the library from its oldest track to its newest and reads every stored file
 * (storage/verify.h), no faster than jobs.verify_rate, and has damaged renditions made anew (storage/repair.h).
 *
 * A copy in the cache of what the object store has goes when it is damaged.
 *
 * Each jobs.verify_days a pass begins. A job works on it for VERIFY_SLICE_S, finishes, and has the next one queued, so
 * that other house-keeping gets its turn; where the pass stands is in the database after each track, and whoever comes
 * next goes on there. Reading is done aside (aside.h).
 */
#ifndef TONEARM_JOBS_VERIFY_JOB_H
#define TONEARM_JOBS_VERIFY_JOB_H

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "jobs/aside.h"
#include "observe/metrics.h"
#include "storage/verify.h"

#define VERIFY_KIND "verify-media"

enum { VERIFY_SLICE_S = 300 };

/* One job. Zeroed at the beginning; the caller frees the arena and stops the aside. */
struct verify_job {
	struct aside *aside;
	struct arena arena; /* of the track at hand */
	struct stored_pass pass;
	char track[ID_SIZE];
	struct stored *files; /* of the track */
	size_t count, at;
	bool begun;
	bool extras_lost; /* of the track */
	int64_t until_us; /* of the slice, monotonic */
	/* Belongs to the thread while it reads: */
	const char *path;
	struct verify_look look;
	int64_t rate;    /* bytes per second */
	int64_t next_us; /* when the next bytes may be read, monotonic */
	const atomic_bool *stop;
};

/*
 * A step: starts reading a file aside, or looks what came of it; call again when that has ended, else at once. *DONE
 * becomes true with the end of the slice. Database errors and those of verify_look(): what was found so far stands.
 */
enum err verify_job_step(struct verify_job *job, const struct conf *conf, struct db *db, const struct clock *clock,
	struct metrics *metrics, bool *done, struct err_info *info);

#endif
