/* SPDX-License-Identifier: MIT */
#include "model/job.h"

#include <string.h>

enum { PAGE = 100 };

struct over {
	char id[ID_SIZE];
	int64_t finished_ms;
};

/* Up to PAGE jobs that were over before BEFORE, those that come behind AFTER. */
static enum err list_over(struct db *db, const struct over *after, int64_t before_ms, struct over *page, size_t *count,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_PRUNE_LIST);
	enum err err;

	*count = 0;
	db_bind_int(stmt, ":after", after->finished_ms);
	db_bind_text(stmt, ":after_id", after->id);
	db_bind_int(stmt, ":before", before_ms);
	db_bind_int(stmt, ":limit", PAGE);
	while ((err = db_step(stmt, info)) == ERR_OK && *count < PAGE) {
		strncpy(page[*count].id, db_text(stmt, 0), ID_LENGTH);
		page[(*count)++].finished_ms = db_int(stmt, 1);
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

/* Unless somebody queued it anew, or needs it, since it was looked at. */
static enum err delete_one(struct db *db, const struct over *over, size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_DELETE);
	enum err err;

	db_bind_text(stmt, ":id", over->id);
	db_bind_int(stmt, ":finished", over->finished_ms);
	err = db_run(stmt, info);
	if (err == ERR_OK)
		*count += (size_t)db_changes(db);
	return err;
}

enum err job_prune(struct db *db, int64_t before_ms, size_t most, size_t *count, struct err_info *info)
{
	struct over page[PAGE] = {0}, after = {0};
	size_t found = PAGE;
	enum err err = ERR_OK;

	*count = 0;
	while (err == ERR_OK && found == PAGE && *count < most) {
		err = list_over(db, &after, before_ms, page, &found, info);
		for (size_t i = 0; err == ERR_OK && i < found && *count < most; i++)
			err = delete_one(db, &page[i], count, info);
		if (found > 0)
			after = page[found - 1];
	}
	return err;
}
