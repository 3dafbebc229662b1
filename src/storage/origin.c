/* SPDX-License-Identifier: MIT */
#include "storage/origin.h"

#include "model/stored.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So many jobs of a track are looked at, newest first. */
enum { JOBS_MOST = 20 };

static enum err look_at_jobs(
	struct db *db, const char *track, struct arena *arena, struct origin *out, struct err_info *info)
{
	struct job *jobs;
	size_t count;
	enum err err = job_list(db, NULL, NULL, track, JOBS_MOST, arena, &jobs, &count, info);

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (!out->at_work && (jobs[i].state == JOB_QUEUED || jobs[i].state == JOB_RUNNING)) {
			out->at_work = true;
			snprintf(out->job, sizeof out->job, "%s", jobs[i].id);
		}
		if (!out->ordered && strcmp(jobs[i].kind, TRANSCODE_KIND) == 0)
			out->ordered = transcode_job_decode(jobs[i].payload, arena, &out->order, NULL) == ERR_OK;
	}
	return err;
}

enum err origin_find(const struct conf *conf, struct db *db, const struct track *track, struct arena *arena,
	struct origin *out, struct err_info *info)
{
	enum damage damage = DAMAGE_NONE;
	enum err err;

	*out = (struct origin){0};
	err = look_at_jobs(db, track->id, arena, out, info);
	if (err == ERR_OK)
		err = stored_source_damage(db, track->id, &damage, info);
	if (err != ERR_OK)
		return err;
	if (track->source_file == NULL && out->ordered && out->order.import != NULL)
		out->import = out->order.import;
	else if (track->source_file == NULL)
		out->lack = "is not kept";
	else if (damage != DAMAGE_NONE)
		out->lack = arena_printf(arena, "is damaged (%s)", damage_name(damage));
	else if (access(conf_data_path(conf, arena, "source/%s", track->source_file), R_OK) != 0)
		out->lack = "is not there any more";
	else
		out->source = track->source_file;
	return ERR_OK;
}
