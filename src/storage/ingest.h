/* SPDX-License-Identifier: MIT */
/*
 * From a spooled upload, or a file under an import folder, to a track with its transcode job: the same for the API
 * and the command.
 *
 *     spool ──► format by first bytes ──► <data>/source/<track>.<format> ──► track and job, one transaction
 *
 * Text from outside is made clean UTF-8 and cut here. All calls take a connection that the caller holds. Besides what
 * they say themselves they fail as job_submit_after() and job_key_check() do.
 */
#ifndef TONEARM_STORAGE_INGEST_H
#define TONEARM_STORAGE_INGEST_H

#include "base/clock.h"
#include "media/transcode_job.h"
#include "model/job.h"
#include "model/resumable.h"
#include "model/track.h"
#include "storage/fetch_order.h"
#include "storage/spool.h"

struct ingest {
	const char *owner;                  /* subject, "" from the command line */
	const char *source_name;            /* as the client named it; cleaned and cut here; may be NULL */
	const char *title, *artist, *album; /* NULL: taken from the tags by the worker */
	enum track_visibility visibility;
	const char *places; /* of conf/geo_rule.h; NULL: as configured */
	const struct conf_rendition *renditions; /* NULL: the configured ladder */
	size_t rendition_count;
	bool extras; /* of ingest_more(): what is missing beside the sound, even when no rendition is */
	int64_t priority;
	int64_t run_after_ms; /* the job waits until then; 0: at once */
	struct sound sound; /* of sound_choose(); zeroed, nothing is done */
	bool passthrough;   /* of transcode_job_passthrough() */
	struct job_ids after; /* jobs that must be done before this one runs */
	/*
	 * Idempotency key, NULL for none. Asked for again under the same key by the same owner within JOB_KEY_KEPT_MS
	 * (job_key.h), the same gets the track and job of the first time, as they are now, and nothing is made; another
	 * request is refused with ERR_UNPROCESSABLE, and with ERR_CONFLICT one whose track was deleted since.
	 */
	const char *key;
	/* NULL, or the upload that this is: `track` and `job` are filled, its row is written in the same transaction */
	struct resumable *upload;
};

/*
 * Looks at the first bytes, fsync()s and renames the file to <data>/source/<track>.<format>, then inserts track and
 * job in one transaction; TRACK and JOB are filled, their text in ARENA. On success SPOOL is closed and empty; on
 * failure it is discarded and nothing is left. ERR_UNPROCESSABLE (empty file), ERR_UNSUPPORTED (no format we take),
 * ERR_BUSY (queue full), ERR_NO_SPACE, ERR_IO.
 */
enum err ingest_spool(const struct conf *conf, struct db *db, struct spool *spool, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct track *track, struct job *job, struct err_info *info);

/*
 * The same for a file that stays where it is, below a configured import folder. PATH may be relative to one of them.
 * ERR_FORBIDDEN when it lies outside of all, after symbolic links; ERR_NOT_FOUND; else as above. Whoever runs the job
 * opens the file with import_open().
 */
enum err ingest_import(const struct conf *conf, struct db *db, const char *path, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct track *track, struct job *job, struct err_info *info);

/*
 * The same for a file that is elsewhere, as ORDER says, whose track is not read: a job that fetches it goes before that
 * of the track, which has no source until then. ERR_UNPROCESSABLE, ERR_FORBIDDEN as of source_url.h.
 */
enum err ingest_fetch(const struct conf *conf, struct db *db, const struct fetch_order *order,
	const struct ingest *ingest, const struct clock *clock, struct arena *arena, struct track *track, struct job *job,
	struct err_info *info);

/*
 * What SPOOL has is what was fetched for TRACK: it is looked at as an upload is and put in its place. On success SPOOL
 * is closed and empty; on failure it is discarded. Nothing comes of it when the track has a source by now.
 * ERR_NOT_FOUND when the track is gone; ERR_UNPROCESSABLE, ERR_UNSUPPORTED, ERR_NO_SPACE, ERR_IO as ingest_spool().
 */
enum err ingest_fetched(const struct conf *conf, struct db *db, struct spool *spool, const char *track,
	const struct clock *clock, struct err_info *info);

/*
 * A job for a track that is in the library, for those of RENDITIONS it does not have yet (with EXTRAS and NULL, for
 * none). ERR_NOT_FOUND; ERR_CONFLICT when no rendition is missing and EXTRAS not asked for, the source is not kept, or
 * a job is at work on the track already; ERR_BUSY.
 */
enum err ingest_more(const struct conf *conf, struct db *db, const char *track, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct job *job, struct err_info *info);

#endif
