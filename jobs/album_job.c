/* SPDX-License-Identifier: MIT */
#include "jobs/album_job.h"

#include "model/album.h"
#include "model/job.h"

#include <math.h>
#include <string.h>

enum err album_job_look(struct db *db, const char *track, struct sound_job *sound, enum album_step *step,
	struct err_info *info)
{
	struct album_part part;
	enum err err;

	*step = ALBUM_NONE;
	if (sound->sound.mode != SOUND_APPLY || sound->sound.album == NULL || sound->sound.gain_known)
		return ERR_OK;
	err = album_get(db, track, &part, info);
	if (err != ERR_OK)
		return err;
	if (!part.settled) {
		*step = part.measured ? ALBUM_WAIT : ALBUM_MEASURE;
		return ERR_OK;
	}
	sound->sound.gain_known = true;
	sound->sound.gain_db = part.loudness.gain_db;
	sound->measured = true;
	sound->loudness = part.loudness;
	memcpy(sound->bins, part.bins, sizeof sound->bins);
	return ERR_OK;
}

static enum err commit(struct db *db, const struct album_job *job, const struct sound_job *sound, int64_t now_ms,
	struct err_info *info)
{
	const struct sound *wanted = &sound->sound;
	int64_t wait_ms = job->wait_ms < JOB_PARKED_MS ? job->wait_ms : JOB_PARKED_MS;
	enum err err = ERR_OK;
	bool settled = false;

	if (sound->measured)
		err = album_measured(db, job->track, &sound->loudness, sound->bins, info);
	if (err == ERR_OK)
		err = album_settle(db, job->track, wanted->target_lufs, wanted->limiter ? HUGE_VAL : wanted->peak_dbtp,
			now_ms - job->wait_ms, &settled, info);
	if (err == ERR_OK && settled)
		err = album_release(db, job->submitter, wanted->album, now_ms, info);
	if (err != ERR_OK)
		return err;
	/* It is let go by what happens to its album; should nothing, it looks again in the end. */
	return job_park(db, job->id, job->owner, settled ? "queued" : "album", settled ? now_ms : now_ms + wait_ms,
		now_ms, info);
}

enum err album_job_commit(struct db *db, const struct album_job *job, const struct sound_job *sound, int64_t now_ms,
	struct err_info *info)
{
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	err = commit(db, job, sound, now_ms, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}
