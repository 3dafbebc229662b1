/* SPDX-License-Identifier: MIT */
#include "jobs/sound_job.h"

#include "model/loudness_row.h"

enum err sound_job_settle(struct db *db, const char *track, bool has_renditions, const struct sound *asked,
	struct arena *arena, struct sound_job *out, struct err_info *info)
{
	struct loudness_row row;
	enum err err = loudness_row_get(db, track, arena, &row, info);

	out->sound = *asked;
	if (err == ERR_NOT_FOUND) {
		/* Renditions without a gain are there: a new one with a gain would not sound alike. */
		if (has_renditions && asked->mode == SOUND_APPLY)
			out->sound.mode = SOUND_TAGS;
		return err_clear(info);
	}
	if (err != ERR_OK)
		return err;
	out->sound.mode = row.loudness.applied ? SOUND_APPLY : SOUND_TAGS;
	out->sound.loudness_known = !row.loudness.applied;
	out->sound.known_lufs = row.loudness.integrated_lufs;
	out->sound.known_peak_dbtp = row.loudness.true_peak_dbtp;
	out->sound.gain_known = row.loudness.applied;
	out->sound.gain_db = row.loudness.gain_db;
	out->sound.filter = row.filter;
	return ERR_OK;
}

json_t *sound_job_json(const struct sound_job *job)
{
	struct sound sound = job->sound;

	sound.album = NULL;
	return sound_json(&sound);
}

enum err sound_job_commit(const struct sound_job *job, struct db *db, const char *track, struct err_info *info)
{
	const struct sound *sound = &job->sound;
	struct loudness_row row = {.loudness = job->loudness, .filter = sound->filter, .album = sound->album};

	if (!job->measured)
		return ERR_OK;
	return loudness_row_put(db, track, &row, job->bins, sound->target_lufs, sound->peak_dbtp, info);
}
