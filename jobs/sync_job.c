/* SPDX-License-Identifier: MIT */
#include "jobs/sync_job.h"

#include "base/log.h"
#include "base/wake.h"
#include "jobs/keep_local.h"
#include "model/periodic.h"
#include "model/spending.h"
#include "storage/mirror.h"
#include "storage/remote_key.h"

#include <string.h>

/* So many jobs are queued by one look through the library; then it waits before it goes on. */
enum { ORDERED_AT_ONCE = 500, AGAIN_MS = 60000 };

/* How often it is looked whether there is a budget again, and over which time those that wait come back. */
enum { BUDGET_MS = 3600000, SPREAD_MS = 1000 };

/* One job at work on a track. */
struct sync {
	struct network_job *job;
	struct store store;
	struct arena arena;
	struct sync_plan plan;
};

static enum err look_for_stop(const struct network_job *job, struct err_info *info)
{
	return atomic_load(job->stop) ? err_set(info, ERR_ABORTED, "the work was stopped") : ERR_OK;
}

static void log_file(const char *message, const char *key, const struct err_info *info)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, message);
	log_text(&line, "key", key);
	log_text(&line, "detail", info->detail);
	log_end(&line);
}

/* Whether the others need not be tried after ERR. */
static bool ends_all(enum err err)
{
	return err == ERR_ABORTED || err == ERR_NOT_READY || err == ERR_TOO_MANY || !storage_may_retry(err);
}

/*
 * What became of COUNT of the plan's files from FIRST on, sent as ITEMS; an error that ends all. *LATER is the first
 * failure that another try may mend.
 */
static enum err judge(const struct sync *sync, size_t first, const struct mirror_item *items, size_t count,
	struct err_info *later, struct err_info *info)
{
	for (size_t i = 0; i < count; i++) {
		enum err err = items[i].err;

		/* What is damaged is found, and mended, by others; what was made anew has a job of its own. */
		if (err == ERR_UNPROCESSABLE || err == ERR_CONFLICT)
			log_file("a file was not sent", sync->plan.keys[first + i], &items[i].info);
		else if (err != ERR_OK && ends_all(err))
			return err_set(info, err, "%s", items[i].info.detail);
		else if (err != ERR_OK && later->code == ERR_OK)
			*later = items[i].info;
	}
	return ERR_OK;
}

/* As many at a time as store.parallel says. The first failure that another try may mend, when all that can be sent is. */
static enum err send_files(struct sync *sync, struct err_info *info)
{
	const struct sync_plan *plan = &sync->plan;
	size_t most = (size_t)sync->job->conf->store_parallel, some;
	struct mirror_item *items = arena_array(&sync->arena, most, sizeof *items);
	struct err_info later = {0};

	for (size_t done = 0; done < plan->count; done += some) {
		enum err err = look_for_stop(sync->job, info);

		some = plan->count - done < most ? plan->count - done : most;
		for (size_t i = 0; i < some; i++)
			items[i] = (struct mirror_item){
				.stored = &plan->files[done + i], .absent = plan->looked[done + i]};
		if (err == ERR_OK) {
			mirror_meet(&sync->store, items, some, true, &sync->arena);
			err = judge(sync, done, items, some, &later, info);
		}
		if (err != ERR_OK)
			return err;
		network_progress(sync->job, (double)(done + some) / (double)plan->count);
	}
	return later.code == ERR_OK ? ERR_OK : err_set(info, later.code, "%s", later.detail);
}

/*
 * First they count as stored no more: the same file may be made again before it is written down that they are gone. What
 * was on its way in parts ends, as nobody will come back to it.
 */
static enum err remove_surplus(struct sync *sync, struct err_info *info)
{
	const struct sync_plan *plan = &sync->plan;
	const char **keys = arena_array(&sync->arena, plan->surplus_count, sizeof *keys);
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < plan->surplus_count; i++) {
		keys[i] = plan->surplus[i].key;
		err = remote_doubt(sync->job->db, sync->store.send.store, keys[i], info);
		if (err == ERR_OK)
			err = send_end_parts(&sync->store.send, keys[i], info);
	}
	if (err == ERR_OK)
		err = storage_delete_all(sync->store.storage, keys, plan->surplus_count, info);
	for (size_t i = 0; err == ERR_OK && i < plan->surplus_count; i++)
		err = remote_forget(sync->job->db, sync->store.send.store, keys[i], info);
	return err;
}

static enum err sync_files(struct sync *sync, struct err_info *info)
{
	struct network_job *job = sync->job;
	enum err err = store_open(&sync->store, job->conf, job->db, job->clock, job->stop, info);

	if (err == ERR_OK && sync->plan.surplus_count > 0)
		err = remove_surplus(sync, info);
	return err == ERR_OK ? send_files(sync, info) : err;
}

/* What waiting mends, and no try: the breaker is open, the budget used up. It may be raised at any time. */
static enum err put_off(struct sync *sync, enum err err, struct err_info *info)
{
	struct network_job *job = sync->job;
	int64_t now = clock_ms(job->clock), renewed = spending_renews_ms(now);

	job->due_ms = sync->store.guard.due_ms;
	if (err == ERR_TOO_MANY)
		job->due_ms = renewed < now + BUDGET_MS ? renewed : now + BUDGET_MS;
	/* Not all at the same moment. */
	job->due_ms += clock_monotonic_us() % SPREAD_MS;
	info->code = ERR_NOT_READY;
	return ERR_NOT_READY;
}

enum err sync_work(struct network_job *job, struct err_info *info)
{
	struct sync sync = {.job = job};
	char track[ID_SIZE];
	enum err err = sync_track(job->payload, track, info);

	if (err != ERR_OK || !sync_is_on(job->conf))
		return err;
	err = sync_plan(job->conf, job->db, track, &sync.arena, &sync.plan, info);
	if (err == ERR_OK && sync.plan.count + sync.plan.surplus_count > 0)
		err = sync_files(&sync, info);
	if (err == ERR_NOT_READY || err == ERR_TOO_MANY)
		err = put_off(&sync, err, info);
	else if (err == ERR_OK)
		err = keep_local(job, track, info);
	store_close(&sync.store);
	arena_free(&sync.arena);
	return err;
}

/* The track after AFTER: of the library, then of those that are gone. */
typedef enum err next_track(struct network_job *job, const char *after, char out[static ID_SIZE], struct err_info *info);

static enum err next_here(struct network_job *job, const char *after, char out[static ID_SIZE], struct err_info *info)
{
	return stored_next_track(job->db, after, out, info);
}

static enum err next_lost(struct network_job *job, const char *after, char out[static ID_SIZE], struct err_info *info)
{
	struct arena arena = {0};
	enum err err = remote_next_lost(job->db, remote_store(job->conf, &arena), after, out, info);

	arena_free(&arena);
	return err;
}

/* Orders what is to be done for each track that NEXT gives, until *COUNT jobs are enough. */
static enum err walk(struct network_job *job, next_track *next, size_t *count, struct err_info *info)
{
	char track[ID_SIZE] = "", after[ID_SIZE];
	enum err err = ERR_OK;

	while (err == ERR_OK && *count < ORDERED_AT_ONCE) {
		struct arena arena = {0};
		bool ordered = false;

		memcpy(after, track, sizeof after);
		err = look_for_stop(job, info);
		if (err == ERR_OK)
			err = next(job, after, track, info);
		if (err == ERR_OK)
			err = sync_order_later(job->conf, job->db, job->clock, track, &arena, &ordered, info);
		*count += ordered;
		arena_free(&arena);
	}
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err sync_library_work(struct network_job *job, struct err_info *info)
{
	size_t count = 0;
	enum err err = ERR_OK;

	if (!sync_is_on(job->conf))
		return ERR_OK;
	err = walk(job, next_here, &count, info);
	if (err == ERR_OK)
		err = walk(job, next_lost, &count, info);
	if (err == ERR_OK && count == ORDERED_AT_ONCE)
		err = periodic_plan(job->db, SYNC_LIBRARY_KIND, clock_ms(job->clock) + AGAIN_MS, info);
	if (count > 0)
		wake_post(job->conf->run_dir);
	return err;
}
