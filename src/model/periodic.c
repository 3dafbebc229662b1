/* SPDX-License-Identifier: MIT */
#include "model/periodic.h"

#include "model/job.h"

#include <assert.h>
#include <stdbool.h>

enum { INTERVAL_LEAST_MS = 1000 };

/* Of a kind that says itself how often it is tried: this room does not see the configuration. */
static bool is_known(const char *kind)
{
	return job_kind_find(kind) != NULL && job_kind_find(kind)->max_attempts > 0;
}

enum err periodic_put(
	struct db *db, const char *name, const char *kind, int64_t interval_ms, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PERIODIC_PUT);

	assert(interval_ms >= INTERVAL_LEAST_MS && is_known(kind));
	db_bind_text(stmt, ":name", name);
	db_bind_text(stmt, ":kind", kind);
	db_bind_int(stmt, ":interval", interval_ms);
	db_bind_int(stmt, ":now", now_ms);
	return db_run(stmt, info);
}

enum err periodic_plan(struct db *db, const char *name, int64_t next_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PERIODIC_PLAN);

	db_bind_text(stmt, ":name", name);
	db_bind_int(stmt, ":next", next_ms);
	return db_run(stmt, info);
}

enum err periodic_delete(struct db *db, const char *name, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PERIODIC_DELETE);

	db_bind_text(stmt, ":name", name);
	return db_run(stmt, info);
}

enum err periodic_next(struct db *db, int64_t *ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PERIODIC_NEXT);
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*ms = db_is_null(stmt, 0) ? INT64_MAX : db_int(stmt, 0);
	db_reset(stmt);
	return err;
}

struct taken {
	const char *name, *kind;
	bool busy;
};

/* ERR_NOT_FOUND when nothing is due. */
static enum err take(struct db *db, int64_t now_ms, struct arena *arena, struct taken *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_PERIODIC_TAKE);
	enum err err;

	db_bind_int(stmt, ":now", now_ms);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		*out = (struct taken){arena_strdup(arena, db_text(stmt, 0)), arena_strdup(arena, db_text(stmt, 1)),
			db_int(stmt, 2) != 0};
	db_reset(stmt);
	return err;
}

static enum err queue(struct db *db, const struct clock *clock, const struct taken *taken, struct err_info *info)
{
	struct job job = {.kind = taken->kind,
		.payload = "{}",
		.submitter = "",
		.created_ms = clock_ms(clock),
		.max_attempts = job_kind_find(taken->kind)->max_attempts};
	struct db_stmt *stmt;
	enum err err;

	id_new(clock, job.id);
	err = job_submit(db, &job, 0, info);
	if (err != ERR_OK)
		return err;
	stmt = db_stmt(db, SQL_PERIODIC_MARK);
	db_bind_text(stmt, ":name", taken->name);
	db_bind_text(stmt, ":job", job.id);
	return db_run(stmt, info);
}

static enum err queue_one(
	struct db *db, const struct clock *clock, struct arena *arena, bool *queued, struct err_info *info)
{
	struct taken taken;
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	err = take(db, clock_ms(clock), arena, &taken, info);
	/* The kind is unknown in the row of a newer program. */
	*queued = err == ERR_OK && !taken.busy && is_known(taken.kind);
	if (*queued)
		err = queue(db, clock, &taken, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

enum err periodic_queue(struct db *db, const struct clock *clock, size_t *count, struct err_info *info)
{
	struct arena arena = {0};
	int64_t next = INT64_MAX;
	bool queued;
	enum err err = periodic_next(db, &next, info);

	*count = 0;
	/* The look comes first: a transaction would take the write lock each time that nothing is due. */
	while (err == ERR_OK && next <= clock_ms(clock)) {
		err = queue_one(db, clock, &arena, &queued, info);
		if (err == ERR_OK)
			*count += queued;
		if (err == ERR_OK || err == ERR_NOT_FOUND)
			err = periodic_next(db, &next, info);
	}
	arena_free(&arena);
	return err;
}
