/* SPDX-License-Identifier: MIT */
#include "jobs/upkeep.h"

#include "base/fs.h"
#include "base/log.h"
#include "jobs/direct_job.h"
#include "jobs/logs.h"
#include "jobs/sync_job.h"
#include "model/job.h"
#include "model/login.h"
#include "model/periodic.h"
#include "model/revocation.h"
#include "storage/arrival.h"

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

static enum err prune_jobs(
	const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info)
{
	int64_t before = clock_ms(upkeep->clock) - upkeep->conf->job_history_days * DAY_MS;
	size_t count = 0;
	enum err err = job_prune(upkeep->db, before, PRUNED_AT_ONCE, &count, info);

	(void)work;
	*done = err == ERR_OK && count < PRUNED_AT_ONCE;
	return err;
}

/*
 * A database that was made before it kept track of its free pages cannot give them back until it was written anew. That
 * is done once when it takes moments and there is room; `tonearm doctor` tells of others.
 */
static enum err make_shrinkable(const struct upkeep *upkeep, struct err_info *info)
{
	int64_t mode = DB_AUTO_VACUUM_INCREMENTAL, size = 0, ignored;
	enum err err = run_pragma(upkeep->db, SQL_DB_AUTO_VACUUM_MODE, &mode, info);

	if (err != ERR_OK || mode == DB_AUTO_VACUUM_INCREMENTAL)
		return err;
	err = run_pragma(upkeep->db, SQL_DB_SIZE, &size, info);
	if (err != ERR_OK || size > DB_VACUUM_MOST ||
		fs_free_bytes(upkeep->conf->data_dir) < upkeep->conf->disk_floor + 2 * size)
		return err;
	err = run_pragma(upkeep->db, SQL_DB_AUTO_VACUUM, &ignored, info);
	if (err == ERR_OK)
		err = run_pragma(upkeep->db, SQL_DB_VACUUM, &ignored, info);
	if (err == ERR_OK)
		log_message(LOG_INFO, "the database can give space back from now on");
	return err;
}

static enum err maintain_database(
	const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info)
{
	int64_t before = 0, after = 0, ignored;
	enum err err = run_pragma(upkeep->db, SQL_DB_FREE_PAGES, &before, info);

	(void)work;
	if (err == ERR_OK && before > 0)
		err = run_pragma(upkeep->db, SQL_DB_SHRINK, &ignored, info);
	if (err == ERR_OK)
		err = run_pragma(upkeep->db, SQL_DB_FREE_PAGES, &after, info);
	if (err != ERR_OK || (after > 0 && after < before))
		return err;
	err = make_shrinkable(upkeep, info);
	if (err == ERR_OK)
		err = run_pragma(upkeep->db, SQL_DB_OPTIMIZE, &ignored, info);
	if (err == ERR_OK)
		err = run_pragma(upkeep->db, SQL_DB_CHECKPOINT, &ignored, info);
	*done = err == ERR_OK;
	return err;
}

static enum err verify_media(
	const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info)
{
	return verify_job_step(work, upkeep->conf, upkeep->db, upkeep->clock, upkeep->metrics, done, info);
}

static int64_t hourly(const struct conf *conf)
{
	(void)conf;
	return HOUR_MS;
}

static int64_t daily(const struct conf *conf)
{
	(void)conf;
	return DAY_MS;
}

static int64_t as_configured(const struct conf *conf)
{
	return conf->job_verify_days * DAY_MS;
}

/* What has expired opens nothing any more, whether it was revoked or not. */
static enum err prune_credentials(
	const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info)
{
	int64_t now = clock_seconds(upkeep->clock);
	enum err err = revocation_prune(upkeep->db, now, info);

	if (err == ERR_OK)
		err = login_prune(upkeep->db, now, upkeep->conf->login_window_s, info);
	(void)work;
	*done = err == ERR_OK;
	return err;
}

static enum err expire_uploads(
	const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info)
{
	size_t count = 0;
	enum err err = arrival_expire(upkeep->conf, upkeep->db, upkeep->clock, &count, info);

	(void)work;
	*done = err == ERR_OK && count < ARRIVALS_AT_ONCE;
	return err;
}

static enum err prune_logs(
	const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info)
{
	const struct conf *conf = upkeep->conf;
	struct arena arena = {0};
	const char *const paths[] = {
		conf->log_file, conf->access_file, conf_run_path(conf, &arena, "add-jobrunner.log")};
	enum err err = ERR_OK;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct err_info why = {0};

		/* One that cannot be turned over keeps no other waiting. */
		if (paths[i][0] != '\0' && logs_turn(paths[i], conf->log_size, &why) != ERR_OK && err == ERR_OK)
			err = err_set(info, why.code, "%s", why.detail);
	}
	arena_free(&arena);
	(void)work;
	*done = err == ERR_OK;
	return err;
}

static int64_t when_logged(const struct conf *conf)
{
	return conf->log_size > 0 ? HOUR_MS : 0;
}

static int64_t when_synced(const struct conf *conf)
{
	return sync_is_on(conf) ? HOUR_MS : 0;
}

static int64_t when_incoming(const struct conf *conf)
{
	return conf->store_endpoint[0] != '\0' && conf->store_incoming[0] != '\0' ? HOUR_MS : 0;
}

static const struct {
	const char *kind;
	int64_t (*interval_ms)(const struct conf *conf); /* 0: never */
	/* NULL: it is of another class, whose own its work is. */
	enum err (*step)(const struct upkeep *upkeep, struct verify_job *work, bool *done, struct err_info *info);
} tasks[] = {
	{"prune-jobs", hourly, prune_jobs},
	{"maintain-database", daily, maintain_database},
	{VERIFY_KIND, as_configured, verify_media},
	{"prune-credentials", hourly, prune_credentials},
	{"expire-uploads", hourly, expire_uploads},
	{"prune-logs", when_logged, prune_logs},
	{SYNC_LIBRARY_KIND, when_synced, NULL},
	{EXPIRE_DIRECT_KIND, when_incoming, NULL},
};

/* A new library has nothing to tidy: the first time is an interval away. */
static enum err announce(const struct upkeep *upkeep, const char *kind, int64_t interval_ms, struct err_info *info)
{
	if (interval_ms == 0)
		return periodic_delete(upkeep->db, kind, info);
	return periodic_put(upkeep->db, kind, kind, interval_ms, clock_ms(upkeep->clock) + interval_ms, info);
}

void upkeep_announce(const struct upkeep *upkeep)
{
	struct err_info info = {0};

	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		if (announce(upkeep, tasks[i].kind, tasks[i].interval_ms(upkeep->conf), &info) != ERR_OK)
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

enum err upkeep_step(const struct upkeep *upkeep, struct verify_job *work, const char *kind, bool *done,
	struct err_info *info)
{
	*done = false;
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		if (tasks[i].step != NULL && strcmp(tasks[i].kind, kind) == 0)
			return tasks[i].step(upkeep, work, done, info);
	}
	return err_set(info, ERR_UNPROCESSABLE, "this jobrunner knows no such job: %.32s", kind);
}
