/* SPDX-License-Identifier: MIT */
/* By which time runners claim, the marks that they leave, and when they must look again. */
#include "model/job.h"

/* Runners that were not seen for so long are forgotten. */
static const int64_t runner_kept_ms = INT64_C(7) * 86400 * 1000;

enum err job_claim_now(struct db *db, const char *owner, unsigned classes, const struct clock *clock, int64_t lease_ms,
	struct arena *arena, struct job *out, struct err_info *info)
{
	int64_t before = clock_ms(clock), now;
	enum err err = db_begin(db, info), ended;

	if (err != ERR_OK)
		return err;
	now = clock_ms(clock);
	err = job_claim(db, owner, classes, now < before ? now : before, lease_ms, arena, out, info);
	/* Those that got their places in line keep them. */
	ended = err == ERR_OK || err == ERR_NOT_FOUND ? db_commit(db, info) : ERR_OK;
	if (ended != ERR_OK)
		err = ended;
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

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

/* Jobs that were queued past LATEST, which is to come yet, get a place in line as of NOW. */
static enum err renew(struct db *db, int64_t now_ms, int64_t latest_ms, int64_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_RENEW);
	char least[ID_SIZE];
	enum err err;

	id_least(latest_ms, least);
	db_bind_int(stmt, ":now", now_ms);
	db_bind_text(stmt, ":least", least);
	db_bind_int(stmt, ":latest", latest_ms);
	err = db_run(stmt, info);
	*count += err == ERR_OK ? db_changes(db) : 0;
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
	return err == ERR_OK ? renew(db, now_ms, now_ms + lease_ms, count, info) : err;
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
