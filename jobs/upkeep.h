/* SPDX-License-Identifier: MIT */
/*
 * The jobs by which a library keeps itself in order, queued again and again (model/periodic.h). The runner does them
 * itself, a short step in each turn of its loop, so that neither the loop nor the database waits for them:
 *
 *     prune-jobs         hourly: removes jobs that are over for longer than jobs.history_days
 *     maintain-database  daily: gives free pages back to the disk, lets SQLite renew its statistics, empties the log
 *     verify-media       every jobs.verify_days: reads all stored files, and has what is damaged made anew (verify_job.h)
 *     prune-credentials  hourly: removes revocations, refresh tokens and counted attempts that are over
 *     expire-uploads     hourly: removes resumable uploads that were not taken up again in time (storage/arrival.h)
 *     prune-logs         hourly where log.size says so: turns over logs that are too long (logs.h)
 *     sync-library       hourly, and only queued here: it is a job of network.h (sync_job.h)
 *     expire-direct      hourly where there are direct uploads, and only queued here likewise (direct_job.h)
 */
#ifndef TONEARM_JOBS_UPKEEP_H
#define TONEARM_JOBS_UPKEEP_H

#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "jobs/verify_job.h"

#include <stdbool.h>

struct upkeep {
	const struct conf *conf;
	struct db *db;
	const struct clock *clock;
	struct metrics *metrics; /* may be NULL */
};

/* Has all of them done in their time from now on; a failure is logged. Call at the start of a runner. */
void upkeep_announce(const struct upkeep *upkeep);

/* Queues those that are due. True when there was one. */
bool upkeep_queue(const struct upkeep *upkeep);

/*
 * A step of a job of KIND, for which WORK keeps what it has from one step to the next; *DONE becomes true with the
 * last. ERR_UNPROCESSABLE when KIND is none of them; database errors: the steps done so far stand.
 */
enum err upkeep_step(const struct upkeep *upkeep, struct verify_job *work, const char *kind, bool *done,
	struct err_info *info);

#endif
