/* SPDX-License-Identifier: MIT */
/* Reading the job table. */
#include "model/job.h"
#include "model/job_row.h"
#include "model/words.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Before that a guess at what is left would be wild. */
#define PROGRESS_LEAST 0.02
enum { WORKED_LEAST_MS = 500 };

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

enum err job_row_state(const char *word, enum job_state *out, struct err_info *info)
{
	if (job_state_parse(word, out) != ERR_OK)
		return err_set(info, ERR_INTERNAL, "a job has a state that this program does not know");
	return ERR_OK;
}

enum err job_row_read(struct db_stmt *stmt, struct arena *arena, struct job *out, struct err_info *info)
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
	return job_row_state(db_text(stmt, 5), &out->state, info);
}

enum err job_get(struct db *db, const char *id, struct arena *arena, struct job *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_GET);
	enum err err;

	db_bind_text(stmt, ":id", id);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = job_row_read(stmt, arena, out, info);
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is no such job");
	db_reset(stmt);
	return err;
}

bool job_is_of(const struct job *job, const char *owner)
{
	return job->state == JOB_RUNNING && job->lease_owner != NULL && strcmp(job->lease_owner, owner) == 0;
}

enum err job_needs(struct db *db, const char *id, struct arena *arena, struct job_ids *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_NEED_LIST);
	const char **ids = arena_array(arena, JOB_NEEDS_MOST, sizeof *ids);
	enum err err;

	*out = (struct job_ids){.ids = ids};
	db_bind_text(stmt, ":job", id);
	while ((err = db_step(stmt, info)) == ERR_OK && out->count < JOB_NEEDS_MOST)
		ids[out->count++] = arena_strdup(arena, db_text(stmt, 0));
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
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
		err = job_row_read(stmt, arena, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		++*count;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

int64_t job_left_ms(const struct job *job, int64_t now_ms)
{
	int64_t worked = job->updated_ms - job->started_ms;
	double left;

	if (job->state != JOB_RUNNING || job->started_ms == 0 || job->progress < PROGRESS_LEAST ||
		worked < WORKED_LEAST_MS)
		return -1;
	left = (double)worked * (1 - job->progress) / job->progress - (double)(now_ms - job->updated_ms);
	return left > 0 ? (int64_t)left : 0;
}

enum err job_counts(struct db *db, int64_t counts[JOB_STATE_COUNT], struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_COUNT);
	enum job_state state = JOB_QUEUED;
	enum err err;

	memset(counts, 0, JOB_STATE_COUNT * sizeof counts[0]);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		err = job_row_state(db_text(stmt, 0), &state, info);
		if (err != ERR_OK)
			break;
		counts[state] = db_int(stmt, 1);
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
