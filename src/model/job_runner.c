/* SPDX-License-Identifier: MIT */
/* The marks that runners leave, and when they must look again. */
#include "model/job.h"

/* Runners that were not seen for so long are forgotten. */
static const int64_t runner_kept_ms = INT64_C(7) * 86400 * 1000;

enum err job_runner_seen(struct db *db, const char *owner, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RUNNER_FORGET);
	enum err err;

	db_bind_int(stmt, ":before", now_ms - runner_kept_ms);
	err = db_run(stmt, info);
	if (err != ERR_OK)
		return err;
	stmt = db_stmt(db, SQL_RUNNER_PUT);
	db_bind_text(stmt, ":owner", owner);
	db_bind_int(stmt, ":now", now_ms);
	return db_run(stmt, info);
}

enum err job_runner_last_seen(struct db *db, int64_t *ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RUNNER_LAST_SEEN);
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*ms = db_int(stmt, 0);
	db_reset(stmt);
	return err;
}

enum err job_recall(struct db *db, int64_t now_ms, int64_t lease_ms, int64_t wait_ms, int64_t parked_ms,
	int64_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_RECALL);
	enum err err;

	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":lease", lease_ms);
	db_bind_int(stmt, ":wait", wait_ms);
	db_bind_int(stmt, ":parked", parked_ms);
	err = db_run(stmt, info);
	*count = err == ERR_OK ? db_changes(db) : 0;
	return err;
}

enum err job_next_due(struct db *db, int64_t *ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_NEXT_DUE);
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*ms = db_is_null(stmt, 0) ? INT64_MAX : db_int(stmt, 0);
	db_reset(stmt);
	return err;
}
