/* SPDX-License-Identifier: MIT */
#include "model/job_history.h"

static void read_event(struct db_stmt *stmt, struct arena *arena, struct job_event *out)
{
	out->number = db_int(stmt, 0);
	out->at_ms = db_int(stmt, 1);
	out->event = arena_strdup(arena, db_text(stmt, 2));
	out->attempt = db_int(stmt, 3);
	out->detail = arena_strdup(arena, db_text(stmt, 4));
	out->due_ms = db_int(stmt, 5);
}

enum err job_history(struct db *db, const char *id, int64_t after, struct arena *arena, struct job_event **out,
	size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_EVENT_LIST);
	enum err err;

	*out = arena_array(arena, JOB_HISTORY_MOST, sizeof **out);
	*count = 0;
	db_bind_text(stmt, ":job", id);
	db_bind_int(stmt, ":after", after);
	db_bind_int(stmt, ":limit", JOB_HISTORY_MOST);
	while ((err = db_step(stmt, info)) == ERR_OK && *count < JOB_HISTORY_MOST)
		read_event(stmt, arena, &(*out)[(*count)++]);
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err job_note(
	struct db *db, const char *id, const char *owner, const char *detail, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_NOTE);

	db_bind_text(stmt, ":id", id);
	db_bind_text(stmt, ":owner", owner);
	db_bind_text(stmt, ":detail", detail);
	db_bind_int(stmt, ":now", now_ms);
	return db_run(stmt, info);
}
