/* SPDX-License-Identifier: MIT */
/*
 * The jobs of an album whose common gain is applied (model/album.h). Each runs twice: first it only measures its track,
 * which takes seconds, and goes back into the queue; when the last of the album has measured, all go on and encode.
 *
 *     claimed ──► measure ──► parked in the stage "album" ──(the album is complete)──► claimed ──► encode ──► done
 *
 * Belongs to the thread of the run.
 */
#ifndef TONEARM_JOBS_ALBUM_JOB_H
#define TONEARM_JOBS_ALBUM_JOB_H

#include "jobs/sound_job.h"

enum album_step {
	ALBUM_NONE,    /* the job goes its way: no album to wait for, or its gain is known now */
	ALBUM_MEASURE, /* this run is to measure */
	ALBUM_WAIT     /* it has been measured, and the gain is not known yet */
};

/*
 * What the job of TRACK, with its sound as settled in SOUND, is to do. When the gain is known, SOUND has it, with what
 * was measured. ERR_NOT_FOUND when the track was deleted; database errors.
 */
enum err album_job_look(struct db *db, const char *track, struct sound_job *sound, enum album_step *step,
	struct err_info *info);

/* A run that measured or waited. */
struct album_job {
	const char *id, *owner, *track; /* of the job: its runner, its track */
	const char *submitter;          /* whose album it is */
	int64_t wait_ms;                /* how long an album waits for another track to come */
};

/*
 * Its end: what was measured is written down, the gain settled if it can be, the job parked; the others of the album go
 * on with it if that was the last. All in one transaction. ERR_CONFLICT: the job is not ours any more; ERR_NOT_FOUND:
 * the track was deleted; database errors.
 */
enum err album_job_commit(struct db *db, const struct album_job *job, const struct sound_job *sound, int64_t now_ms,
	struct err_info *info);

#endif
