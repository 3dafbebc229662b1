/* SPDX-License-Identifier: MIT */
#include "jobs/keep_local.h"

#include "model/remote.h"
#include "storage/cache.h"
#include "storage/mirror.h"
#include "storage/remote_key.h"
#include "storage/sync.h"

#include <string.h>

/* How long after a file was last handed out it is looked at again. */
enum { WAIT_MS = CACHE_FRESH_MS + 1000 };

/* Written down first, see above. *MAY_GO is false when the store is not known any more to have these bytes. */
static enum err release(struct network_job *job, const struct stored *file, struct arena *arena, bool *may_go,
	struct err_info *info)
{
	/* Also of one that is away: it may be another store that it was let go to. */
	enum err err = remote_release(job->db, remote_store(job->conf, arena), remote_key(job->conf, file, arena),
		file->etag, clock_ms(job->clock), may_go, info);

	*may_go |= file->away;
	return err;
}

/*
 * The store is asked once more before what is here may go: what took long on its way there may have come behind what
 * was confirmed, in its place. ERR_IO when it has to be sent again.
 */
static enum err compare(struct network_job *job, const struct stored *files, size_t count, struct arena *arena,
	struct err_info *info)
{
	struct mirror_item *items = arena_array(arena, count, sizeof *items);
	struct store store;
	size_t some = 0;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (files[i].what != STORED_SOURCE && !files[i].away)
			items[some++].stored = &files[i];
	}
	if (some == 0)
		return ERR_OK;
	err = store_open(&store, job->conf, job->db, job->clock, job->stop, info);
	if (err == ERR_OK)
		mirror_meet(&store, items, some, false, arena);
	for (size_t i = 0; err == ERR_OK && i < some; i++) {
		/* What was made anew meanwhile stays, and has a job of its own. */
		if (items[i].err != ERR_OK && items[i].err != ERR_CONFLICT)
			err = err_set(info, items[i].err, "%s", items[i].info.detail);
		else if (items[i].state != MIRROR_SAME)
			err = err_set(info, ERR_IO, "the object store has not what it had: %s", items[i].stored->file);
	}
	if (err == ERR_NOT_READY)
		job->due_ms = store.guard.due_ms;
	store_close(&store);
	return err;
}

static enum err let_go(struct network_job *job, const struct stored *file, struct arena *arena, struct err_info *info)
{
	const struct cache_file cached = {file->track, file->file, (uint64_t)file->size};
	struct cache_room room;
	struct cache cache;
	enum err err;

	cache_init(&cache, job->conf, job->clock, arena);
	err = ERR_NO_SPACE;
	if (strcmp(job->conf->keep_local, "cache") == 0)
		err = cache_adopt(&cache, &cached, &room, info);
	if (err == ERR_NO_SPACE)
		err = cache_drop(&cache, &cached, info);
	/* It is gone already. */
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

static bool is_away(const struct stored *file, const struct stored *now, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (now[i].what == file->what && strcmp(now[i].name, file->name) == 0)
			return now[i].away && strcmp(now[i].etag, file->etag) == 0;
	}
	return false;
}

/*
 * What was made anew while the one before it was let go must not be the cache's. Who publishes moves the file within
 * his transaction: in one of our own it is seen with its row, or not at all.
 */
static enum err look_again(struct network_job *job, const char *track, const struct stored *files, size_t count,
	struct arena *arena, struct err_info *info)
{
	struct stored *now;
	struct cache cache;
	size_t now_count;
	enum err err = db_begin(job->db, info);

	if (err != ERR_OK)
		return err;
	cache_init(&cache, job->conf, job->clock, arena);
	err = stored_list(job->db, track, arena, &now, &now_count, info);
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		const struct cache_file cached = {files[i].track, files[i].file, (uint64_t)files[i].size};

		if (files[i].what != STORED_SOURCE && !is_away(&files[i], now, now_count))
			cache_disown(&cache, &cached);
	}
	db_rollback(job->db);
	return err;
}

enum err keep_local(struct network_job *job, const char *track, struct err_info *info)
{
	struct arena arena = {0};
	struct stored *files;
	size_t count;
	bool busy = false, whole = true;
	enum err err = ERR_OK;

	if (strcmp(job->conf->keep_local, "always") == 0)
		return ERR_OK;
	err = sync_is_whole(job->conf, job->db, track, &arena, &whole, info);
	if (err == ERR_OK)
		err = stored_list(job->db, track, &arena, &files, &count, info);
	if (err == ERR_OK && whole)
		err = compare(job, files, count, &arena, info);
	for (size_t i = 0; err == ERR_OK && whole && i < count; i++) {
		bool may_go;

		if (files[i].what == STORED_SOURCE)
			continue;
		err = release(job, &files[i], &arena, &may_go, info);
		if (err == ERR_OK && may_go)
			err = let_go(job, &files[i], &arena, info);
		busy |= err == ERR_BUSY;
		err = err == ERR_BUSY ? ERR_OK : err;
	}
	if (err == ERR_OK && whole)
		err = look_again(job, track, files, count, &arena, info);
	arena_free(&arena);
	if (err != ERR_OK || !busy)
		return err;
	job->due_ms = clock_ms(job->clock) + WAIT_MS;
	return err_set(info, ERR_NOT_READY, "files that are to leave this machine are being heard");
}
