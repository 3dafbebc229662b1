/* SPDX-License-Identifier: MIT */
#include "model/job.h"

#include "model/words.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Runners that were not seen for so long are forgotten. */
static const int64_t runner_kept_ms = INT64_C(7) * 86400 * 1000;

static const char *const state_words[JOB_STATE_COUNT] = {
	[JOB_QUEUED] = "queued",
	[JOB_RUNNING] = "running",
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
	[JOB_DEAD] = "dead",
	[JOB_CANCELLED] = "cancelled",
};

static const char past_all_ids[] = "~";

const char *job_state_name(enum job_state state)
{
	return state_words[state];
}

enum err job_state_parse(const char *name, enum job_state *out)
{
	int found = word_find(state_words, JOB_STATE_COUNT, name);

	if (found < 0)
		return ERR_BAD_REQUEST;
	*out = (enum job_state)found;
	return ERR_OK;
}

static enum err read_state(const char *word, enum job_state *out, struct err_info *info)
{
	if (job_state_parse(word, out) != ERR_OK)
		return err_set(info, ERR_INTERNAL, "a job has a state that this program does not know");
	return ERR_OK;
}

static enum err read_row(struct db_stmt *stmt, struct arena *arena, struct job *out, struct err_info *info)
{
	*out = (struct job){0};
	snprintf(out->id, sizeof out->id, "%s", db_text(stmt, 0));
	out->kind = arena_strdup(arena, db_text(stmt, 1));
	out->track = arena_strdup(arena, db_text(stmt, 2));
	out->payload = arena_strdup(arena, db_text(stmt, 3));
	out->submitter = arena_strdup(arena, db_text(stmt, 4));
	out->priority = db_int(stmt, 6);
	out->attempts = db_int(stmt, 7);
	out->max_attempts = db_int(stmt, 8);
	out->run_after_ms = db_int(stmt, 9);
	out->lease_owner = arena_strdup(arena, db_text(stmt, 10));
	out->lease_expires_ms = db_int(stmt, 11);
	out->progress = db_real(stmt, 12);
	out->stage = arena_strdup(arena, db_text(stmt, 13));
	out->speed = db_real(stmt, 14);
	out->error = arena_strdup(arena, db_text(stmt, 15));
	out->cancel_requested = db_int(stmt, 16) != 0;
	out->created_ms = db_int(stmt, 17);
	out->updated_ms = db_int(stmt, 18);
	out->started_ms = db_int(stmt, 19);
	out->finished_ms = db_int(stmt, 20);
	return read_state(db_text(stmt, 5), &out->state, info);
}

enum err job_submit(struct db *db, const struct job *job, int64_t max_queued, struct err_info *info)
{
	int64_t run_after = job->run_after_ms > job->created_ms ? job->run_after_ms : job->created_ms;
	struct db_stmt *stmt;
	enum err err;

	if (strlen(job->payload) > JOB_PAYLOAD_MOST)
		return err_set(info, ERR_TOO_LARGE, "the payload of a job is at most %d bytes", (int)JOB_PAYLOAD_MOST);
	if (job->priority < -JOB_PRIORITY_MOST || job->priority > JOB_PRIORITY_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "the priority of a job is from %d to %d",
			-(int)JOB_PRIORITY_MOST, (int)JOB_PRIORITY_MOST);
	stmt = db_stmt(db, SQL_JOB_SUBMIT);
	db_bind_text(stmt, ":id", job->id);
	db_bind_text(stmt, ":kind", job->kind);
	db_bind_text(stmt, ":track", job->track);
	db_bind_text(stmt, ":payload", job->payload);
	db_bind_text(stmt, ":submitter", job->submitter);
	db_bind_int(stmt, ":priority", job->priority);
	db_bind_int(stmt, ":rank_ms", run_after - job->priority * JOB_PRIORITY_MS);
	db_bind_int(stmt, ":max_attempts", job->max_attempts);
	db_bind_int(stmt, ":run_after_ms", run_after);
	db_bind_int(stmt, ":created_ms", job->created_ms);
	db_bind_int(stmt, ":max_queued", max_queued);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_BUSY, "%lld jobs wait already: try again later", (long long)max_queued);
	return err;
}

/* The step past the one row of a change, which commits it. */
static enum err end_row(struct db_stmt *stmt, struct err_info *info)
{
	enum err err = db_step(stmt, info);

	return err == ERR_NOT_FOUND ? err_set(info, ERR_OK, "%s", "") : err;
}

static enum err claim_one(struct db *db, const char *owner, int64_t now_ms, int64_t lease_ms, struct arena *arena,
	struct job *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_CLAIM);
	enum err err;

	db_bind_text(stmt, ":owner", owner);
	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":lease", lease_ms);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = read_row(stmt, arena, out, info);
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is nothing to do");
	if (err == ERR_OK)
		err = end_row(stmt, info);
	db_reset(stmt);
	return err;
}

enum err job_claim(struct db *db, const char *owner, int64_t now_ms, int64_t lease_ms, struct arena *arena,
	struct job *out, struct err_info *info)
{
	enum err err;

	assert(strlen(owner) < JOB_OWNER);
	do
		err = claim_one(db, owner, now_ms, lease_ms, arena, out, info);
	while (err == ERR_OK && out->state != JOB_RUNNING);
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
		err = read_state(db_text(stmt, 0), state, info);
	if (err == ERR_OK)
		err = end_row(stmt, info);
	db_reset(stmt);
	return err;
}

enum err job_hand_back(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info)
{
	return run_as_holder(db, SQL_JOB_HAND_BACK, id, owner, now_ms, info);
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
	return run_if_state_allows(
		db, SQL_JOB_RETRY, id, now_ms, "only one that failed or was cancelled is tried again", info);
}

enum err job_get(struct db *db, const char *id, struct arena *arena, struct job *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_GET);
	enum err err;

	db_bind_text(stmt, ":id", id);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = read_row(stmt, arena, out, info);
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is no such job");
	db_reset(stmt);
	return err;
}

static struct db_stmt *list_stmt(struct db *db, const enum job_state *state, const char *track)
{
	struct db_stmt *stmt = db_stmt(db, track != NULL   ? SQL_JOB_LIST_TRACK
					   : state != NULL ? SQL_JOB_LIST_STATE
							   : SQL_JOB_LIST);

	if (track != NULL)
		db_bind_text(stmt, ":track", track);
	if (track != NULL || state != NULL)
		db_bind_text(stmt, ":state", state != NULL ? state_words[*state] : NULL);
	return stmt;
}

enum err job_list(struct db *db, const char *after, const enum job_state *state, const char *track, size_t limit,
	struct arena *arena, struct job **out, size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = list_stmt(db, state, track);
	enum err err;

	assert(limit >= 1 && limit <= JOB_PAGE_MOST);
	*out = arena_array(arena, limit, sizeof **out);
	*count = 0;
	db_bind_text(stmt, ":after", after != NULL ? after : past_all_ids);
	db_bind_int(stmt, ":limit", (int64_t)limit);
	while ((err = db_step(stmt, info)) == ERR_OK && *count < limit) {
		err = read_row(stmt, arena, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		++*count;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_set(info, ERR_OK, "%s", "") : err;
}

enum err job_counts(struct db *db, int64_t counts[JOB_STATE_COUNT], struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_COUNT);
	enum job_state state = JOB_QUEUED;
	enum err err;

	memset(counts, 0, JOB_STATE_COUNT * sizeof counts[0]);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		err = read_state(db_text(stmt, 0), &state, info);
		if (err != ERR_OK)
			break;
		counts[state] = db_int(stmt, 1);
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_set(info, ERR_OK, "%s", "") : err;
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
