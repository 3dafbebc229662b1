/* SPDX-License-Identifier: MIT */
/*
 * What happened to a job, in order. Triggers of the schema write it, in the statement that changes the job, so that
 * nothing that happens is missing; only notes are added by hand. Of a job with a long life the first event and the
 * latest are kept, JOB_HISTORY_MOST in all; the numbers tell of gaps. It goes with its job.
 */
#ifndef TONEARM_MODEL_JOB_HISTORY_H
#define TONEARM_MODEL_JOB_HISTORY_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

enum { JOB_HISTORY_MOST = 200 };

struct job_event {
	int64_t number; /* from 1, growing */
	int64_t at_ms;
	/*
	 * "submitted", "released" (what it needed is done), "claimed" (detail: by which runner), "stage" (its name),
	 * "failed" (an attempt; the reason), "lost" (the runner whose lease ran out), "handed-back" (by the runner that
	 * stopped), "cancel-asked", "retried" (queued anew by a person), "done", "dead" (the reason), "cancelled" (the
	 * reason, if any), "note" (what a person may want to know: job_note())
	 */
	const char *event;
	int64_t attempt;
	const char *detail; /* or NULL */
	int64_t due_ms;     /* of "submitted" and "failed": when the (next) attempt may begin; 0 for at once */
};

/* The events of job ID after number AFTER (0: all), oldest first, at most JOB_HISTORY_MOST, in ARENA. */
enum err job_history(struct db *db, const char *id, int64_t after, struct arena *arena, struct job_event **out,
	size_t *count, struct err_info *info);

/*
 * Adds DETAIL as a "note" to the history of job ID, which OWNER has leased; of a job that is not its own nothing is
 * written. Database errors.
 */
enum err job_note(
	struct db *db, const char *id, const char *owner, const char *detail, int64_t now_ms, struct err_info *info);

#endif
