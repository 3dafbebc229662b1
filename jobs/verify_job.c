/* SPDX-License-Identifier: MIT */
#include "jobs/verify_job.h"

#include "base/log.h"
#include "model/periodic.h"
#include "storage/cache.h"
#include "storage/repair.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US INT64_C(1000000)
#define DAY_MS INT64_C(86400000)

/* Longest sleep between two looks whether to stop. */
enum { NAP_US = 100000 };

/* Holds the rate: the bytes that were read put off the next ones. */
static enum err keep_pace(void *context, size_t bytes, struct err_info *info)
{
	struct verify_job *job = context;
	int64_t now = clock_monotonic_us();

	if (job->next_us < now)
		job->next_us = now;
	job->next_us += (int64_t)bytes * SECOND_US / job->rate;
	while (!atomic_load(job->stop) && (now = clock_monotonic_us()) < job->next_us) {
		int64_t left = job->next_us - now < NAP_US ? job->next_us - now : NAP_US;
		const struct timespec nap = {.tv_nsec = (long)left * 1000};

		nanosleep(&nap, NULL);
	}
	return atomic_load(job->stop) ? err_set(info, ERR_ABORTED, "the work was stopped") : ERR_OK;
}

static enum err read_file(void *context, const atomic_bool *stop, struct err_info *info)
{
	struct verify_job *job = context;

	job->stop = stop;
	return verify_look(job->path, &job->files[job->at], keep_pace, job, &job->look, info);
}

/* What a step needs beside the job. */
struct library {
	const struct conf *conf;
	struct db *db;
	const struct clock *clock;
	struct metrics *metrics;
};

static enum err begin(struct verify_job *job, const struct library *library, struct err_info *info)
{
	enum err err = stored_pass_get(library->db, &job->pass, info);

	if (err != ERR_OK)
		return err;
	if (job->pass.began_ms == 0) {
		job->pass.began_ms = clock_ms(library->clock);
		job->pass.after[0] = '\0';
	}
	job->rate = library->conf->job_verify_rate;
	job->until_us = clock_monotonic_us() + VERIFY_SLICE_S * SECOND_US;
	job->begun = true;
	return ERR_OK;
}

/* The walk stands behind the last track: the next pass begins a period after this one did. */
static enum err end_pass(struct verify_job *job, const struct library *library, struct err_info *info)
{
	int64_t next = job->pass.began_ms + library->conf->job_verify_days * DAY_MS;

	job->pass = (struct stored_pass){.ended_ms = clock_ms(library->clock)};
	if (stored_pass_put(library->db, &job->pass, info) != ERR_OK)
		return info->code;
	log_message(LOG_INFO, "all stored files were verified");
	return library->conf->job_verify_days > 0 ? periodic_plan(library->db, VERIFY_KIND, next, info) : ERR_OK;
}

/* Takes up the next track. *DONE: there is none, or the slice is over. */
static enum err next_track(struct verify_job *job, const struct library *library, bool *done, struct err_info *info)
{
	enum err err;

	arena_free(&job->arena);
	job->count = job->at = 0;
	job->extras_lost = false;
	if (clock_monotonic_us() >= job->until_us) {
		*done = true;
		return periodic_plan(library->db, VERIFY_KIND, clock_ms(library->clock), info);
	}
	err = stored_next_track(library->db, job->pass.after, job->track, info);
	if (err == ERR_NOT_FOUND) {
		*done = true;
		return end_pass(job, library, info);
	}
	return err == ERR_OK ? stored_list(library->db, job->track, &job->arena, &job->files, &job->count, info) : err;
}

static enum err finish_track(struct verify_job *job, const struct library *library, struct err_info *info)
{
	struct repair repair;
	enum err err = repair_track(library->conf, library->db, library->clock, job->track, false, job->extras_lost,
		&job->arena, &repair, info);

	if (err != ERR_OK)
		return err;
	memcpy(job->pass.after, job->track, sizeof job->pass.after);
	job->track[0] = '\0';
	return stored_pass_put(library->db, &job->pass, info);
}

/* Nobody's loss: who hears it next has it fetched again. */
static void drop_copy(const struct verify_job *job, const struct library *library, const struct stored *stored)
{
	const struct cache_file file = {stored->track, stored->file, (uint64_t)stored->size};
	struct arena arena = {0};
	struct log_line line;
	struct cache cache;

	if (job->look.damage == DAMAGE_NONE || job->look.damage == DAMAGE_MISSING)
		return;
	cache_init(&cache, library->conf, library->clock, &arena);
	cache_remove(&cache, &file);
	arena_free(&arena);
	log_begin(&line, LOG_WARNING, "the cache had a damaged copy of what the object store has");
	log_text(&line, "track", stored->track);
	log_text(&line, "name", stored->name);
	log_text(&line, "damage", damage_name(job->look.damage));
	log_end(&line);
}

static enum err take_look(struct verify_job *job, const struct library *library, struct err_info *info)
{
	const struct stored *stored = &job->files[job->at++];
	enum err err;
	bool news;

	metrics_add(library->metrics, METRIC_MEDIA_VERIFIED, 1, stored_what_name(stored->what),
		damage_name(job->look.damage));
	if (stored->away) {
		drop_copy(job, library, stored);
		return ERR_OK;
	}
	err = verify_note(library->conf, library->db, stored, &job->look, library->clock, &news, info);
	job->extras_lost |= err == ERR_OK && news && stored->what == STORED_EXTRA;
	return err;
}

/* What only the object store has is missed by nobody here, but what the cache has of it is looked at. */
static bool is_elsewhere(struct verify_job *job, const struct conf *conf, const struct stored *stored)
{
	return stored->away &&
	       (stored->what == STORED_SOURCE || access(verify_path(conf, stored, &job->arena), F_OK) != 0);
}

enum err verify_job_step(struct verify_job *job, const struct conf *conf, struct db *db, const struct clock *clock,
	struct metrics *metrics, bool *done, struct err_info *info)
{
	const struct library library = {conf, db, clock, metrics};
	enum err err = ERR_OK;

	if (!job->begun) {
		err = begin(job, &library, info);
	} else if (job->path != NULL) {
		err = aside_end(job->aside, info);
		if (err == ERR_NOT_READY)
			return ERR_OK;
		job->path = NULL;
		if (err == ERR_OK)
			err = take_look(job, &library, info);
	}
	while (job->at < job->count && is_elsewhere(job, conf, &job->files[job->at]))
		job->at++;
	if (err == ERR_OK && job->track[0] != '\0' && job->at == job->count)
		return finish_track(job, &library, info);
	if (err == ERR_OK && job->track[0] == '\0')
		return next_track(job, &library, done, info);
	if (err != ERR_OK)
		return err;
	job->path = verify_path(conf, &job->files[job->at], &job->arena);
	return aside_start(job->aside, read_file, job, info);
}
