/* SPDX-License-Identifier: MIT */
#include "jobs/source_report.h"

#include "model/job.h"

#include <stdio.h>
#include <stdlib.h>

static const char *keep_text(const struct publish *publish, const char *text)
{
	return text[0] == '\0' ? NULL : arena_strdup(publish->arena, text);
}

/* All tags of the source, beside those that became columns of the track. */
static enum err keep_tags(const struct publish *publish, const struct tags *tags, struct err_info *info)
{
	json_t *object = tags_json(tags);
	char *text = json_dumps(object, JSON_COMPACT);
	enum err err;

	if (text == NULL)
		abort();
	err = track_set_tags(publish->db, publish->track, text, info);
	free(text);
	json_decref(object);
	return err;
}

/* Together, and only while the job is ours: who took it over tells of the source, too. */
static enum err write_down(struct publish *publish, const struct tags *tags, struct err_info *info)
{
	struct job job;
	enum err err = db_begin(publish->db, info);

	if (err != ERR_OK)
		return err;
	err = job_get(publish->db, publish->job, publish->arena, &job, info);
	if (err == ERR_OK && !job_is_of(&job, publish->owner))
		err = err_set(info, ERR_CONFLICT, "another runner has the job");
	if (err == ERR_OK)
		err = track_set_source(publish->db, &publish->source, info);
	if (err == ERR_OK)
		err = keep_tags(publish, tags, info);
	if (err == ERR_OK)
		err = db_commit(publish->db, info);
	if (err != ERR_OK)
		db_rollback(publish->db);
	return err == ERR_NOT_FOUND ? err_set(info, ERR_INTERNAL, "the track was deleted while it was worked on") : err;
}

enum err source_report_take(struct publish *publish, const struct report_source *source, struct err_info *info)
{
	struct track *track = &publish->source;
	const struct tags *tags = &source->tags;

	if (track->sample_rate != 0)
		return err_set(info, ERR_UNPROCESSABLE, "the worker broke the protocol: two \"source\"");
	snprintf(track->id, sizeof track->id, "%s", publish->track);
	track->title = keep_text(publish, tags->title);
	track->artist = keep_text(publish, tags->artist);
	track->album = keep_text(publish, tags->album);
	track->number = tags->track;
	track->year = tags->year;
	track->duration_ms = source->duration_ms;
	track->sample_rate = source->sample_rate;
	track->channels = source->channels;
	track->source_format = keep_text(publish, source->format);
	track->updated_ms = clock_ms(publish->clock);
	return write_down(publish, tags, info);
}
