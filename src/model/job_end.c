/* SPDX-License-Identifier: MIT */
#include "model/job_end.h"

enum err job_end_tell(struct db *db, struct metrics *metrics, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_END_LIST);
	enum err err;

	while ((err = db_step(stmt, info)) == ERR_OK)
		metrics_set(
			metrics, METRIC_JOBS_FINISHED, (uint64_t)db_int(stmt, 2), db_text(stmt, 0), db_text(stmt, 1));
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
