/* SPDX-License-Identifier: MIT */
#include "storage/sync.h"

#include "base/json.h"
#include "model/job.h"
#include "storage/remote_key.h"
#include "storage/verify.h"

#include <string.h>
#include <unistd.h>

bool sync_is_on(const struct conf *conf)
{
	return conf->store_sync && conf->store_endpoint[0] != '\0' && conf->store_bucket[0] != '\0';
}

enum err sync_track(const char *payload, char out[static ID_SIZE], struct err_info *info)
{
	enum err err = json_read_only_text(payload, "track", out, ID_SIZE, info);

	return err != ERR_OK || id_valid(out) ? err : err_set(info, ERR_UNPROCESSABLE, "\"track\" is no id");
}

static const struct remote *row_of(const struct remote *rows, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].key, key) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool is_same(const struct remote *row, const struct stored *file)
{
	return row->size == file->size && strcmp(row->etag, file->etag) == 0;
}

/*
 * Whether ROW is of FILE, which may be in the store only: under whatever key, as store.prefix may have been another one
 * when it was sent.
 */
static bool has_alone(const struct remote *row, const struct stored *file)
{
	return row->confirmed && row->released_ms > 0 && file->what == row->what && strcmp(file->name, row->name) == 0 &&
	       is_same(row, file);
}

static bool is_needed(const struct remote *row, const struct stored *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (has_alone(row, &files[i]))
			return true;
	}
	return false;
}

/* Not by another store: that may be given up one day, and what it has is missing in this one. */
static bool is_away(const struct stored *file, const struct remote *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (has_alone(&rows[i], file))
			return true;
	}
	return false;
}

/* Adds FILE to PLAN when the store has to get it; the row of its key is no surplus in any case. */
static void plan_file(struct sync_plan *plan, const struct stored *file, const char *key, const struct remote *row,
	bool leaves)
{
	bool same = row != NULL && is_same(row, file);

	plan->damaged |= file->damage != DAMAGE_NONE;
	if (file->damage != DAMAGE_NONE)
		return;
	if (same && row->confirmed) {
		plan->staying |= leaves && file->what != STORED_SOURCE;
		return;
	}
	plan->files[plan->count] = *file;
	plan->keys[plan->count] = key;
	plan->looked[plan->count++] = row != NULL;
}

enum err sync_plan(const struct conf *conf, struct db *db, const char *track, struct arena *arena,
	struct sync_plan *out, struct err_info *info)
{
	const char *store = remote_store(conf, arena), **keys;
	struct remote *rows;
	struct stored *files;
	size_t row_count, count;
	enum err err = stored_list(db, track, arena, &files, &count, info);

	*out = (struct sync_plan){0};
	if (err == ERR_OK)
		err = remote_list(db, store, track, arena, &rows, &row_count, info);
	if (err != ERR_OK)
		return err;
	keys = arena_array(arena, count, sizeof *keys);
	out->files = arena_array(arena, count, sizeof *out->files);
	out->keys = arena_array(arena, count, sizeof *out->keys);
	out->looked = arena_array(arena, count, sizeof *out->looked);
	out->surplus = arena_array(arena, row_count, sizeof *out->surplus);
	for (size_t i = 0; i < count; i++) {
		keys[i] = remote_key(conf, &files[i], arena);
		/* What another store has alone cannot be sent from here: `tonearm storage migrate --from` does that. */
		if (is_away(&files[i], rows, row_count) ||
			(files[i].away && access(verify_path(conf, &files[i], arena), F_OK) != 0))
			continue;
		plan_file(out, &files[i], keys[i], row_of(rows, row_count, keys[i]),
			strcmp(conf->keep_local, "always") != 0);
	}
	for (size_t i = 0; i < row_count; i++) {
		size_t at = 0;

		while (at < count && strcmp(keys[at], rows[i].key) != 0)
			at++;
		if (at == count && !is_needed(&rows[i], files, count))
			out->surplus[out->surplus_count++] = rows[i];
	}
	return ERR_OK;
}

static const char *payload_of(const char *track, struct arena *arena)
{
	return arena_printf(arena, "{\"track\":\"%s\"}", track);
}

enum err sync_order(const struct conf *conf, struct db *db, const struct clock *clock, const char *track,
	struct arena *arena, struct err_info *info)
{
	struct sync_plan plan;
	enum err err;

	if (!sync_is_on(conf))
		return ERR_OK;
	err = sync_plan(conf, db, track, arena, &plan, info);
	for (size_t i = 0; err == ERR_OK && i < plan.count; i++)
		err = remote_expect(db, remote_store(conf, arena), plan.keys[i], &plan.files[i], info);
	if (err != ERR_OK || plan.count + plan.surplus_count == 0)
		return err;
	return job_submit_once(db, clock, SYNC_KIND, payload_of(track, arena), SYNC_PRIORITY, NULL, info);
}

enum err sync_order_later(const struct conf *conf, struct db *db, const struct clock *clock, const char *track,
	struct arena *arena, bool *ordered, struct err_info *info)
{
	struct sync_plan plan;
	enum err err = sync_plan(conf, db, track, arena, &plan, info);

	*ordered = false;
	if (err != ERR_OK || (plan.count + plan.surplus_count == 0 && !plan.staying))
		return err;
	return job_submit_once(db, clock, SYNC_KIND, payload_of(track, arena), SYNC_LATER_PRIORITY, ordered, info);
}

enum err sync_is_whole(const struct conf *conf, struct db *db, const char *track, struct arena *arena, bool *whole,
	struct err_info *info)
{
	struct sync_plan plan;
	enum err err = sync_plan(conf, db, track, arena, &plan, info);

	*whole = err == ERR_OK && plan.count == 0 && !plan.damaged;
	return err;
}
