/* SPDX-License-Identifier: MIT */
#include "storage/removal.h"

#include "base/fs.h"
#include "base/wake.h"
#include "model/job.h"
#include "model/loudness_row.h"
#include "storage/cache.h"
#include "storage/purge_order.h"
#include "storage/sync.h"

static bool may_run(const struct job *job)
{
	return job->state == JOB_QUEUED || job->state == JOB_RUNNING || job->state == JOB_FAILED;
}

enum err removal_rows(const struct conf *conf, struct db *db, const struct clock *clock, const struct track *track,
	struct arena *arena, struct err_info *info)
{
	struct job *jobs;
	size_t count;
	enum err err = job_list(db, NULL, NULL, track->id, JOB_PAGE_MOST, arena, &jobs, &count, info);

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (may_run(&jobs[i]))
			err = job_cancel(db, jobs[i].id, clock_ms(clock), info);
	}
	if (err == ERR_OK)
		err = purge_order(conf, db, clock, track->id, arena, info);
	if (err == ERR_OK)
		err = loudness_row_delete(db, track->id, conf->loudness_target, conf->true_peak, arena, info);
	if (err == ERR_OK)
		err = track_delete(db, track->id, info);
	return err == ERR_OK ? sync_order(conf, db, clock, track->id, arena, info) : err;
}

enum err removal_files(
	const struct conf *conf, const struct track *track, struct arena *arena, struct err_info *info)
{
	enum err media = fs_remove_tree(conf_data_path(conf, arena, "media/%s", track->id), info), source = ERR_OK;
	struct cache cache;

	cache_init(&cache, conf, NULL, arena);
	cache_forget(&cache, track->id);
	wake_post(conf->run_dir);
	if (track->source_file != NULL)
		source = fs_remove_tree(
			conf_data_path(conf, arena, "source/%s", track->source_file), media == ERR_OK ? info : NULL);
	return media != ERR_OK ? media : source;
}
