/* SPDX-License-Identifier: MIT */
#include "model/track.h"

#include "model/track_row.h"
#include "model/words.h"

#include <assert.h>
#include <stdio.h>

static const char *const visibility_words[] = {[TRACK_PUBLIC] = "public", [TRACK_PRIVATE] = "private"};
static const char *const state_words[] = {
	[TRACK_PENDING] = "pending", [TRACK_READY] = "ready", [TRACK_FAILED] = "failed"};

/* Sorts after every id: a page that begins there begins with the newest. */
static const char past_all_ids[] = "~";

const char *track_visibility_name(enum track_visibility visibility)
{
	return visibility_words[visibility];
}

const char *track_state_name(enum track_state state)
{
	return state_words[state];
}

enum err track_visibility_parse(const char *name, enum track_visibility *out)
{
	int found = word_find(visibility_words, 2, name);

	if (found < 0)
		return ERR_BAD_REQUEST;
	*out = (enum track_visibility)found;
	return ERR_OK;
}

enum err track_row_words(const char *visibility, const char *state, enum track_visibility *visibility_out,
	enum track_state *state_out, struct err_info *info)
{
	int found_visibility = word_find(visibility_words, 2, visibility);
	int found_state = word_find(state_words, 3, state);

	if (found_visibility < 0 || found_state < 0)
		return err_set(info, ERR_INTERNAL, "a track has a visibility or state that this program does not know");
	*visibility_out = (enum track_visibility)found_visibility;
	*state_out = (enum track_state)found_state;
	return ERR_OK;
}

enum err track_row_read(struct db_stmt *stmt, struct arena *arena, struct track *out, struct err_info *info)
{
	*out = (struct track){0};
	snprintf(out->id, sizeof out->id, "%s", db_text(stmt, 0));
	out->owner = arena_strdup(arena, db_text(stmt, 3));
	out->title = arena_strdup(arena, db_text(stmt, 4));
	out->artist = arena_strdup(arena, db_text(stmt, 5));
	out->album = arena_strdup(arena, db_text(stmt, 6));
	out->number = db_int(stmt, 7);
	out->year = db_int(stmt, 8);
	out->duration_ms = db_int(stmt, 9);
	out->sample_rate = db_int(stmt, 10);
	out->channels = db_int(stmt, 11);
	out->source_name = arena_strdup(arena, db_text(stmt, 12));
	out->source_file = arena_strdup(arena, db_text(stmt, 13));
	out->source_format = arena_strdup(arena, db_text(stmt, 14));
	out->source_bytes = db_int(stmt, 15);
	out->failure = arena_strdup(arena, db_text(stmt, 16));
	out->created_ms = db_int(stmt, 17);
	out->updated_ms = db_int(stmt, 18);
	out->growing = db_int(stmt, 19) != 0;
	out->places = arena_strdup(arena, db_text(stmt, 20));
	return track_row_words(db_text(stmt, 1), db_text(stmt, 2), &out->visibility, &out->state, info);
}

static void bind_tags(struct db_stmt *stmt, const struct track *track)
{
	db_bind_text(stmt, ":id", track->id);
	db_bind_text(stmt, ":title", track->title);
	db_bind_text(stmt, ":artist", track->artist);
	db_bind_text(stmt, ":album", track->album);
	db_bind_int(stmt, ":number", track->number);
	db_bind_int(stmt, ":year", track->year);
	db_bind_int(stmt, ":updated_ms", track->updated_ms);
}

static void bind_source(struct db_stmt *stmt, const struct track *track)
{
	db_bind_int(stmt, ":duration_ms", track->duration_ms);
	db_bind_int(stmt, ":sample_rate", track->sample_rate);
	db_bind_int(stmt, ":channels", track->channels);
	db_bind_text(stmt, ":source_format", track->source_format);
}

enum err track_insert(struct db *db, const struct track *track, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_INSERT);

	bind_tags(stmt, track);
	bind_source(stmt, track);
	db_bind_text(stmt, ":visibility", visibility_words[track->visibility]);
	db_bind_text(stmt, ":state", state_words[track->state]);
	db_bind_text(stmt, ":owner", track->owner);
	db_bind_text(stmt, ":source_name", track->source_name);
	db_bind_text(stmt, ":source_file", track->source_file);
	db_bind_int(stmt, ":source_bytes", track->source_bytes);
	db_bind_text(stmt, ":failure", track->failure);
	db_bind_text(stmt, ":places", track->places);
	db_bind_int(stmt, ":created_ms", track->created_ms);
	return db_run(stmt, info);
}

enum err track_get(struct db *db, const char *id, struct arena *arena, struct track *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_GET);
	enum err err;

	db_bind_text(stmt, ":id", id);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = track_row_read(stmt, arena, out, info);
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is no such track");
	db_reset(stmt);
	return err;
}

enum err track_list(struct db *db, const char *after, int public_only, const char *owner, size_t limit,
	struct arena *arena, struct track **out, size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, public_only ? SQL_TRACK_LIST_PUBLIC : SQL_TRACK_LIST);
	enum err err;

	assert(limit >= 1 && limit <= TRACK_PAGE_MOST);
	*out = arena_array(arena, limit, sizeof **out);
	*count = 0;
	db_bind_text(stmt, ":after", after != NULL ? after : past_all_ids);
	db_bind_int(stmt, ":limit", (int64_t)limit);
	if (public_only)
		db_bind_text(stmt, ":owner", owner);
	while ((err = db_step(stmt, info)) == ERR_OK && *count < limit) {
		err = track_row_read(stmt, arena, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		++*count;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

/* Runs a statement that must change the one row of a track. */
static enum err run_on_track(struct db *db, struct db_stmt *stmt, struct err_info *info)
{
	enum err err = db_run(stmt, info);

	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_NOT_FOUND, "there is no such track");
	return err;
}

enum err track_update(struct db *db, const struct track *track, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_UPDATE);

	bind_tags(stmt, track);
	db_bind_text(stmt, ":visibility", visibility_words[track->visibility]);
	db_bind_text(stmt, ":places", track->places);
	return run_on_track(db, stmt, info);
}

enum err track_set_source(struct db *db, const struct track *track, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_SET_SOURCE);

	bind_tags(stmt, track);
	bind_source(stmt, track);
	return run_on_track(db, stmt, info);
}

enum err track_set_fetched(struct db *db, const struct track *track, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_SET_FETCHED);
	enum err err;

	db_bind_text(stmt, ":id", track->id);
	db_bind_text(stmt, ":source_file", track->source_file);
	db_bind_text(stmt, ":source_format", track->source_format);
	db_bind_int(stmt, ":source_bytes", track->source_bytes);
	db_bind_int(stmt, ":updated_ms", track->updated_ms);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_NOT_FOUND, "the track was deleted");
	return err;
}

enum err track_set_tags(struct db *db, const char *id, const char *tags, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_SET_TAGS);

	db_bind_text(stmt, ":id", id);
	db_bind_text(stmt, ":tags", tags);
	return run_on_track(db, stmt, info);
}

enum err track_get_tags(struct db *db, const char *id, struct arena *arena, const char **out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_GET_TAGS);
	enum err err;

	*out = NULL;
	db_bind_text(stmt, ":id", id);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		*out = arena_strdup(arena, db_text(stmt, 0));
	else if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is no such track");
	db_reset(stmt);
	return err;
}

enum err track_set_state(struct db *db, const char *id, enum track_state state, const char *failure, int64_t now_ms,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_SET_STATE);

	db_bind_text(stmt, ":id", id);
	db_bind_text(stmt, ":state", state_words[state]);
	db_bind_text(stmt, ":failure", failure);
	db_bind_int(stmt, ":now", now_ms);
	return run_on_track(db, stmt, info);
}

enum err track_delete(struct db *db, const char *id, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_DELETE);

	db_bind_text(stmt, ":id", id);
	return run_on_track(db, stmt, info);
}
