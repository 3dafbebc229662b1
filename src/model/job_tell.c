/* SPDX-License-Identifier: MIT */
#include "model/job_tell.h"

#include "model/job.h"
#include "model/job_end.h"

static enum err tell_states(struct db *db, struct metrics *metrics, struct err_info *info)
{
	int64_t counts[JOB_STATE_COUNT];
	enum err err = job_counts(db, counts, info);

	for (int state = 0; err == ERR_OK && state < JOB_STATE_COUNT; state++)
		metrics_set(metrics, METRIC_JOBS, (uint64_t)counts[state], job_state_name((enum job_state)state));
	return err;
}

static enum err tell_stages(struct db *db, struct metrics *metrics, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_AT_WORK);
	enum err err;

	metrics_clear(metrics, METRIC_JOBS_RUNNING);
	while ((err = db_step(stmt, info)) == ERR_OK)
		metrics_set(metrics, METRIC_JOBS_RUNNING, (uint64_t)db_int(stmt, 2), db_text(stmt, 0), db_text(stmt, 1));
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err tell_age(struct db *db, struct metrics *metrics, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_OLDEST);
	enum err err;

	db_bind_int(stmt, ":now", now_ms);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		metrics_set(metrics, METRIC_QUEUE_AGE,
			db_is_null(stmt, 0) ? 0 : (uint64_t)(now_ms - db_int(stmt, 0)) / 1000);
	db_reset(stmt);
	return err;
}

static enum err tell_runners(struct db *db, struct metrics *metrics, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RUNNER_COUNT);
	enum err err;

	db_bind_int(stmt, ":since", now_ms - JOB_RUNNER_SEEN_MS);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		metrics_set(metrics, METRIC_RUNNERS, (uint64_t)db_int(stmt, 0));
	db_reset(stmt);
	return err;
}

enum err job_tell(struct db *db, struct metrics *metrics, int64_t now_ms, struct err_info *info)
{
	enum err err = tell_states(db, metrics, info);

	if (err == ERR_OK)
		err = tell_stages(db, metrics, info);
	if (err == ERR_OK)
		err = tell_age(db, metrics, now_ms, info);
	if (err == ERR_OK)
		err = tell_runners(db, metrics, now_ms, info);
	return err == ERR_OK ? job_end_tell(db, metrics, info) : err;
}
