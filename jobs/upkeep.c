/* SPDX-License-Identifier: MIT */
#include "jobs/upkeep.h"

#include "base/log.h"
#include "model/job.h"
#include "model/periodic.h"

#include <string.h>

enum { PRUNED_AT_ONCE = 100, HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static enum err run_pragma(struct db *db, enum sql sql, int64_t *value, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, sql);
	enum err err;

	while ((err = db_step(stmt, info)) == ERR_OK)
		*value = db_int(stmt, 0);
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err prune_jobs(const struct upkeep *upkeep, bool *done, struct err_info *info)
{
	int64_t before = clock_ms(upkeep->clock) - upkeep->conf->job_history_days * DAY_MS;
	size_t count = 0;
	enum err err = job_prune(upkeep->db, before, PRUNED_AT_ONCE, &count, info);

	*done = err == ERR_OK && count < PRUNED_AT_ONCE;
	return err;
}

/* A database made before it kept track of free pages does not shrink; its free pages are used again all the same. */
static enum err maintain_database(const struct upkeep *upkeep, bool *done, struct err_info *info)
{
	int64_t before = 0, after = 0, ignored;
	enum err err = run_pragma(upkeep->db, SQL_DB_FREE_PAGES, &before, info);

	if (err == ERR_OK && before > 0)
		err = run_pragma(upkeep->db, SQL_DB_SHRINK, &ignored, info);
	if (err == ERR_OK)
		err = run_pragma(upkeep->db, SQL_DB_FREE_PAGES, &after, info);
	if (err != ERR_OK || (after > 0 && after < before))
		return err;
	err = run_pragma(upkeep->db, SQL_DB_OPTIMIZE, &ignored, info);
	if (err == ERR_OK)
		err = run_pragma(upkeep->db, SQL_DB_CHECKPOINT, &ignored, info);
	*done = err == ERR_OK;
	return err;
}

static const struct {
	const char *kind;
	int64_t interval_ms;
	enum err (*step)(const struct upkeep *upkeep, bool *done, struct err_info *info);
} tasks[] = {
	{"prune-jobs", HOUR_MS, prune_jobs},
	{"maintain-database", DAY_MS, maintain_database},
};

void upkeep_announce(const struct upkeep *upkeep)
{
	struct err_info info = {0};

	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		/* A new library has nothing to tidy: the first time is an interval away. */
		int64_t first = clock_ms(upkeep->clock) + tasks[i].interval_ms;

		if (periodic_put(upkeep->db, tasks[i].kind, tasks[i].kind, tasks[i].interval_ms, first, &info) != ERR_OK)
			log_failure(LOG_WARNING, "house-keeping could not be planned", &info);
	}
}

bool upkeep_queue(const struct upkeep *upkeep)
{
	struct err_info info = {0};
	size_t count = 0;

	if (periodic_queue(upkeep->db, upkeep->clock, &count, &info) != ERR_OK)
		log_failure(LOG_WARNING, "house-keeping could not be queued", &info);
	return count > 0;
}

enum err upkeep_step(const struct upkeep *upkeep, const char *kind, bool *done, struct err_info *info)
{
	*done = false;
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		if (strcmp(tasks[i].kind, kind) == 0)
			return tasks[i].step(upkeep, done, info);
	}
	return err_set(info, ERR_UNPROCESSABLE, "this jobrunner knows no such job: %.32s", kind);
}
