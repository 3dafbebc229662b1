/* SPDX-License-Identifier: MIT */
#include "model/job.h"

#include "model/job_row.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Held jobs whose time came get their places from whoever claims next; in one call no more than that many. */
enum { ADMITTED_AT_ONCE = 64 };

static enum err admit(struct db *db, const char *id, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_ADMIT);

	db_bind_text(stmt, ":id", id);
	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":share", JOB_SHARE_MS);
	db_bind_int(stmt, ":ahead", JOB_AHEAD_MS);
	return db_run(stmt, info);
}

static enum err admit_due(struct db *db, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_DUE);
	char ids[ADMITTED_AT_ONCE][ID_SIZE];
	size_t count = 0;
	enum err err;

	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":limit", ADMITTED_AT_ONCE);
	while ((err = db_step(stmt, info)) == ERR_OK && count < ADMITTED_AT_ONCE)
		snprintf(ids[count++], ID_SIZE, "%s", db_text(stmt, 0));
	db_reset(stmt);
	if (err == ERR_NOT_FOUND)
		err = ERR_OK;
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = admit(db, ids[i], now_ms, info);
	return err;
}

static enum err check(const struct job *job, struct err_info *info)
{
	if (job_kind_find(job->kind) == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "there are no jobs of the kind \"%.32s\"", job->kind);
	if (strlen(job->payload) > JOB_PAYLOAD_MOST)
		return err_set(info, ERR_TOO_LARGE, "the payload of a job is at most %d bytes", (int)JOB_PAYLOAD_MOST);
	if (job->priority < -JOB_PRIORITY_MOST || job->priority > JOB_PRIORITY_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "the priority of a job is from %d to %d",
			-(int)JOB_PRIORITY_MOST, (int)JOB_PRIORITY_MOST);
	return ERR_OK;
}

static enum err queue_is_full(int64_t max_queued, struct err_info *info)
{
	return err_set(info, ERR_BUSY, "%lld jobs wait already: try again later", (long long)max_queued);
}

static enum err insert(
	struct db *db, const struct job *job, const char *held_by, int64_t max_queued, struct err_info *info)
{
	int64_t run_after = job->run_after_ms > job->created_ms ? job->run_after_ms : job->created_ms;
	struct db_stmt *stmt;
	enum err err = check(job, info);

	if (err != ERR_OK)
		return err;
	stmt = db_stmt(db, SQL_JOB_SUBMIT);
	db_bind_text(stmt, ":id", job->id);
	db_bind_text(stmt, ":kind", job->kind);
	db_bind_text(stmt, ":class", job_class_name(job_kind_find(job->kind)->class));
	db_bind_text(stmt, ":track", job->track);
	db_bind_text(stmt, ":payload", job->payload);
	db_bind_text(stmt, ":submitter", job->submitter);
	db_bind_text(stmt, ":held_by", held_by);
	db_bind_int(stmt, ":priority", job->priority);
	db_bind_int(stmt, ":max_attempts", job->max_attempts);
	db_bind_int(stmt, ":run_after_ms", run_after);
	db_bind_int(stmt, ":created_ms", job->created_ms);
	db_bind_int(stmt, ":max_queued", max_queued);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = queue_is_full(max_queued, info);
	return err;
}

enum err job_room(struct db *db, enum job_class class, int64_t max_queued, struct err_info *info)
{
	struct db_stmt *stmt;
	int64_t waiting = 0;
	enum err err;

	if (max_queued == 0)
		return ERR_OK;
	stmt = db_stmt(db, SQL_JOB_WAITING);
	db_bind_text(stmt, ":class", job_class_name(class));
	db_bind_int(stmt, ":most", max_queued);
	err = db_number(stmt, &waiting, info);
	return err == ERR_OK && waiting >= max_queued ? queue_is_full(max_queued, info) : err;
}

enum err job_submit(struct db *db, const struct job *job, int64_t max_queued, struct err_info *info)
{
	enum err err = insert(db, job, "time", max_queued, info);

	/* It is queued, come what may: when it gets no place in line now, the next to claim gives it one. */
	if (err == ERR_OK)
		admit(db, job->id, job->created_ms, NULL);
	return err;
}

/* Whether STMT finds nothing. */
static enum err finds_none(struct db_stmt *stmt, bool *none, struct err_info *info)
{
	enum err err = db_step(stmt, info);

	db_reset(stmt);
	*none = err == ERR_NOT_FOUND;
	return *none ? err_clear(info) : err;
}

enum err job_submit_once(struct db *db, const struct clock *clock, const char *kind, const char *payload,
	int64_t priority, bool *submitted, struct err_info *info)
{
	struct job job = {.kind = kind,
		.payload = payload,
		.submitter = "",
		.priority = priority,
		.max_attempts = job_kind_find(kind)->max_attempts,
		.created_ms = clock_ms(clock)};
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_SAME);
	bool none;
	enum err err;

	db_bind_text(stmt, ":kind", kind);
	db_bind_text(stmt, ":payload", payload);
	err = finds_none(stmt, &none, info);
	if (submitted != NULL)
		*submitted = none;
	if (!none)
		return err;
	id_new(clock, job.id);
	return job_submit(db, &job, 0, info);
}

enum err job_is_alone(struct db *db, const char *id, bool *alone, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_BEFORE);

	db_bind_text(stmt, ":id", id);
	return finds_none(stmt, alone, info);
}

static enum err add_need(struct db *db, const char *id, const char *needs, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_NEED_ADD);
	enum err err;

	db_bind_text(stmt, ":job", id);
	db_bind_text(stmt, ":needs", needs);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_CONFLICT, "the job %.*s is not there or will never be done", ID_LENGTH, needs);
	return err;
}

static enum err settle_needs(struct db *db, const char *id, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_NEED_SETTLE);
	int64_t depth = 0;
	enum err err;

	db_bind_text(stmt, ":job", id);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		depth = db_int(stmt, 0);
	db_reset(stmt);
	if (err == ERR_OK && depth > JOB_DEPTH_MOST)
		err = err_set(info, ERR_UNPROCESSABLE, "at most %d jobs may wait for one another in a row",
			(int)JOB_DEPTH_MOST);
	return err;
}

enum err job_submit_after(
	struct db *db, const struct job *job, const struct job_ids *needs, int64_t max_queued, struct err_info *info)
{
	enum err err;

	if (needs->count > JOB_NEEDS_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "a job waits for at most %d others", (int)JOB_NEEDS_MOST);
	err = insert(db, job, "jobs", max_queued, info);
	for (size_t i = 0; err == ERR_OK && i < needs->count; i++)
		err = add_need(db, job->id, needs->ids[i], info);
	if (err == ERR_OK)
		err = settle_needs(db, job->id, info);
	return err == ERR_OK ? admit(db, job->id, job->created_ms, info) : err;
}

/* The step past the one row of a change, which commits it. */
static enum err end_row(struct db_stmt *stmt, struct err_info *info)
{
	enum err err = db_step(stmt, info);

	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

static enum err claim_one(struct db *db, const char *owner, enum job_class class, int64_t now_ms, int64_t lease_ms,
	struct arena *arena, struct job *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_CLAIM);
	enum err err;

	db_bind_text(stmt, ":owner", owner);
	db_bind_text(stmt, ":class", job_class_name(class));
	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":lease", lease_ms);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = job_row_read(stmt, arena, out, info);
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is nothing to do");
	if (err == ERR_OK)
		err = end_row(stmt, info);
	db_reset(stmt);
	return err;
}

enum err job_claim(struct db *db, const char *owner, unsigned classes, int64_t now_ms, int64_t lease_ms,
	struct arena *arena, struct job *out, struct err_info *info)
{
	static const enum job_class order[JOB_CLASS_COUNT] = {JOB_UPKEEP, JOB_NETWORK, JOB_MEDIA};
	enum err err = admit_due(db, now_ms, info);

	assert(strlen(owner) < JOB_OWNER);
	if (err != ERR_OK)
		return err;
	err = err_set(info, ERR_NOT_FOUND, "there is nothing to do");
	for (size_t i = 0; err == ERR_NOT_FOUND && i < JOB_CLASS_COUNT; i++) {
		if ((classes & order[i]) == 0)
			continue;
		do
			err = claim_one(db, owner, order[i], now_ms, lease_ms, arena, out, info);
		while (err == ERR_OK && out->state != JOB_RUNNING);
	}
	return err;
}

/* What only the holder of a lease may do. */
static struct db_stmt *holder_stmt(struct db *db, enum sql sql, const char *id, const char *owner, int64_t now_ms)
{
	struct db_stmt *stmt = db_stmt(db, sql);

	db_bind_text(stmt, ":id", id);
	db_bind_text(stmt, ":owner", owner);
	db_bind_int(stmt, ":now", now_ms);
	return stmt;
}

static enum err not_held(struct err_info *info)
{
	return err_set(info, ERR_CONFLICT, "the job is not held by this runner any more");
}

static enum err run_as_holder(
	struct db *db, enum sql sql, const char *id, const char *owner, int64_t now_ms, struct err_info *info)
{
	enum err err = db_run(holder_stmt(db, sql, id, owner, now_ms), info);

	if (err == ERR_OK && db_changes(db) == 0)
		err = not_held(info);
	return err;
}

static double clean_fraction(double value)
{
	if (!isfinite(value) || value < 0)
		return 0;
	return value > 1 ? 1 : value;
}

enum err job_report(struct db *db, const char *id, const char *owner, const char *stage, double progress, double speed,
	int64_t now_ms, int64_t lease_ms, struct err_info *info)
{
	struct db_stmt *stmt = holder_stmt(db, SQL_JOB_REPORT, id, owner, now_ms);
	int cancel = 0;
	enum err err;

	db_bind_text(stmt, ":stage", stage);
	db_bind_real(stmt, ":progress", clean_fraction(progress));
	db_bind_real(stmt, ":speed", isfinite(speed) && speed > 0 ? speed : 0);
	db_bind_int(stmt, ":lease", lease_ms);
	err = db_step(stmt, info);
	if (err == ERR_NOT_FOUND)
		err = not_held(info);
	if (err == ERR_OK) {
		cancel = db_int(stmt, 0) != 0;
		err = end_row(stmt, info);
	}
	db_reset(stmt);
	if (err == ERR_OK && cancel)
		err = err_set(info, ERR_ABORTED, "the job is to be cancelled");
	return err;
}

enum err job_finish(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info)
{
	return run_as_holder(db, SQL_JOB_FINISH, id, owner, now_ms, info);
}

enum err job_fail(struct db *db, const char *id, const char *owner, const char *reason, int fatal, int64_t retry_at_ms,
	int64_t now_ms, enum job_state *state, struct err_info *info)
{
	struct db_stmt *stmt = holder_stmt(db, SQL_JOB_FAIL, id, owner, now_ms);
	enum err err;

	db_bind_text(stmt, ":error", reason);
	db_bind_int(stmt, ":fatal", fatal != 0);
	db_bind_int(stmt, ":retry_at", retry_at_ms);
	err = db_step(stmt, info);
	if (err == ERR_NOT_FOUND)
		err = not_held(info);
	if (err == ERR_OK)
		err = job_row_state(db_text(stmt, 0), state, info);
	if (err == ERR_OK)
		err = end_row(stmt, info);
	db_reset(stmt);
	return err;
}

enum err job_hand_back(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info)
{
	return run_as_holder(db, SQL_JOB_HAND_BACK, id, owner, now_ms, info);
}

enum err job_park(struct db *db, const char *id, const char *owner, const char *stage, int64_t due_ms, int64_t now_ms,
	struct err_info *info)
{
	struct db_stmt *stmt = holder_stmt(db, SQL_JOB_PARK, id, owner, now_ms);
	enum err err;

	db_bind_text(stmt, ":stage", stage);
	db_bind_int(stmt, ":due", due_ms);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = not_held(info);
	return err;
}

enum err job_set_cancelled(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info)
{
	return run_as_holder(db, SQL_JOB_SET_CANCELLED, id, owner, now_ms, info);
}

/* Runs a change that a state may forbid, and finds out which it was when nothing changed. */
static enum err run_if_state_allows(
	struct db *db, enum sql sql, const char *id, int64_t now_ms, const char *refusal, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, sql);
	struct arena arena = {0};
	struct job job;
	enum err err;

	db_bind_text(stmt, ":id", id);
	db_bind_int(stmt, ":now", now_ms);
	err = db_run(stmt, info);
	if (err != ERR_OK || db_changes(db) > 0)
		return err;
	err = job_get(db, id, &arena, &job, info);
	if (err == ERR_OK)
		err = err_set(info, ERR_CONFLICT, "the job is %s: %s", job_state_name(job.state), refusal);
	arena_free(&arena);
	return err;
}

enum err job_cancel(struct db *db, const char *id, int64_t now_ms, struct err_info *info)
{
	return run_if_state_allows(db, SQL_JOB_CANCEL, id, now_ms, "there is nothing to cancel", info);
}

enum err job_retry(struct db *db, const char *id, int64_t now_ms, struct err_info *info)
{
	enum err err = run_if_state_allows(db, SQL_JOB_RETRY, id, now_ms,
		"only one that failed or was cancelled, needs none that did, and whose track is there, is tried again",
		info);

	/* As in job_submit(). */
	if (err == ERR_OK)
		admit(db, id, now_ms, NULL);
	return err;
}
