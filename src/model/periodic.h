/* SPDX-License-Identifier: MIT */
/*
 * What is done again and again. Every runner names what it knows at its start (periodic_put()) and asks now and then
 * whether something is due (periodic_queue()); what is becomes a job, exactly once however many runners ask, as the row
 * is taken and the job queued in one transaction. While the job of the last time is not over yet no second one is
 * queued, and times that passed while no runner worked are not made up for.
 */
#ifndef TONEARM_MODEL_PERIODIC_H
#define TONEARM_MODEL_PERIODIC_H

#include "base/clock.h"
#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

/*
 * Has NAME done every INTERVAL milliseconds (>= 1000) by a job of KIND, for which job_kind.h must have a row with
 * max_attempts. A new one is due at once; for one that is there interval and kind are set anew. Outside of a
 * transaction, as the rest.
 */
enum err periodic_put(
	struct db *db, const char *name, const char *kind, int64_t interval_ms, int64_t now_ms, struct err_info *info);

/* Has NAME done at NEXT the next time, and by its interval from there on; nothing happens when there is none. */
enum err periodic_plan(struct db *db, const char *name, int64_t next_ms, struct err_info *info);

/* Has NAME done no more. */
enum err periodic_delete(struct db *db, const char *name, struct err_info *info);

/* Queues a job (payload "{}", submitter "") for each that is due by CLOCK; *COUNT is how many were queued. */
enum err periodic_queue(struct db *db, const struct clock *clock, size_t *count, struct err_info *info);

/* When the next is due; INT64_MAX when there is none. */
enum err periodic_next(struct db *db, int64_t *ms, struct err_info *info);

#endif
