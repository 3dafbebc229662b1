/* SPDX-License-Identifier: MIT */
/*
 * The sound of a track (media/sound.h) on its way through a job: settled with what earlier jobs made of the track,
 * handed to the worker, and what it measured written down with the renditions.
 *
 * All renditions of a track sound alike: what the first job did, its gain and its effects, is done by the later ones,
 * whatever they were asked for. Belongs to the thread of the run.
 */
#ifndef TONEARM_JOBS_SOUND_JOB_H
#define TONEARM_JOBS_SOUND_JOB_H

#include "base/arena.h"
#include "db/db.h"
#include "media/sound.h"
#include "model/loudness.h"

#include <jansson.h>
#include <stdbool.h>

struct sound_job {
	struct sound sound; /* as settled */
	bool measured;      /* the worker told the two below */
	struct loudness loudness;
	uint32_t bins[LOUDNESS_BINS];
};

/* Settles ASKED for TRACK, which HAS_RENDITIONS or none yet, into OUT. Text in ARENA. Database errors. */
enum err sound_job_settle(struct db *db, const char *track, bool has_renditions, const struct sound *asked,
	struct arena *arena, struct sound_job *out, struct err_info *info);

/* The member "sound" of the worker's job. A new reference. */
json_t *sound_job_json(const struct sound_job *job);

/* "loudness" of the worker's report, and back: false when a value is missing or out of range. */
json_t *sound_job_report(const struct loudness *loudness, const uint32_t *bins);
bool sound_job_parse(const json_t *object, struct loudness *out, uint32_t *bins);

/* Within a transaction: the row of TRACK, if something was measured. Database errors. */
enum err sound_job_commit(const struct sound_job *job, struct db *db, const char *track, struct err_info *info);

#endif
