/* SPDX-License-Identifier: MIT */
/*
 * From files a worker wrote to renditions that listeners see, all or none:
 *
 *     publish_seal()   each file: read back, compared with what was asked for and what the worker said, fsync, SHA-256
 *     publish_align()  segments of one codec begin at the same instants, also those the track has already
 *     publish_commit() one transaction: is the job still ours? then rename all, a row each, track ready
 *
 * The renames happen inside the transaction, under the database's write lock: a runner that lost its lease can never
 * put a file over that of the one which has it now. Sealing waits for the disk as long as the files are, so it is done
 * aside (aside.h); what follows are looks into the database and renames. A crash before the commit leaves files that no
 * row names; the next attempt renames over them.
 */
#ifndef TONEARM_JOBS_PUBLISH_H
#define TONEARM_JOBS_PUBLISH_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "db/db.h"
#include "jobs/extras.h"
#include "jobs/sound_job.h"
#include "model/rendition.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One file a worker made. */
struct publish_output {
	const struct conf_rendition *wanted;
	const char *path;     /* in the work folder; NULL once it was moved */
	int fd;               /* of that file, read-write */
	bool told, passed;    /* whether it is of the source's packets: the worker told (passed.h), and it is */
	struct rendition row; /* filled by publish_check(), segments in its arena */
};

struct publish {
	const struct conf *conf;
	struct db *db;
	const struct clock *clock;
	struct arena *arena;
	const char *owner, *job, *track;
	bool drop_source;    /* the source goes with success, unless another job of the track needs it */
	struct track source; /* what the worker reported of it at last: for track_set_source() */
	bool passthrough;    /* the worker was asked to pass through what it can */
	struct sound_job sound;
	int64_t samples;     /* of the source at its rate, as the worker reported it */
	struct extras extras; /* asked for beside the outputs; extras_check() has passed each */
	struct publish_output *outputs;
	size_t count; /* 0: nothing was missing, only the states change */
	int64_t room; /* bytes that the outputs may come to, all together; 0: any number */
	const atomic_bool *stop; /* ends publish_check() early with ERR_ABORTED; may be NULL */
};

/* DETAIL into the history of the job. Failing to write it down is no reason to fail the job. */
void publish_note(const struct publish *publish, const char *detail);

/* As publish_note(), and into the log. */
void publish_notice(const struct publish *publish, const char *detail);

/*
 * Whether the outputs fit the room by now. ERR_TOO_LARGE when jobs.output_size set it, ERR_NO_SPACE when the disk did.
 */
enum err publish_fits(const struct publish *publish, struct err_info *info);

/*
 * Checks output number INDEX and makes it durable, mode 0640: after it the file is complete on disk. ERR_UNPROCESSABLE
 * with a sentence when it is not what was asked for or not as long as the worker said; ERR_IO, ERR_NO_SPACE.
 */
enum err publish_check(const struct publish *publish, size_t index, struct err_info *info);

/*
 * publish_fits(), then publish_check() for every output and extras_check() for every extra: an aside_work whose CONTEXT
 * is a struct publish. It keeps its hands from the database.
 */
enum err publish_seal(void *context, const atomic_bool *stop, struct err_info *info);

/* After all were checked. ERR_UNPROCESSABLE names the two that do not match; database errors. */
enum err publish_align(const struct publish *publish, struct err_info *info);

/*
 * Makes all visible at once. ERR_BUSY: the database is locked, it can be done later; ERR_CONFLICT: the job is not ours
 * any more, ERR_NOT_FOUND: the track was deleted, ERR_IO and database errors; nothing has become visible then.
 */
enum err publish_commit(const struct publish *publish, struct err_info *info);

#endif
