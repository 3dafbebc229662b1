/* SPDX-License-Identifier: MIT */
/*
 * The library and the object store of the configuration, kept the same: one job for each track of which they differ.
 *
 *     files of the track are made or removed ──sync_order()──► rows of remote.h, job "sync" ──► jobs/sync_job.h
 *
 * What orders it does so in its own transaction, so that nothing is published, or removed, without the job that
 * follows.
 */
#ifndef TONEARM_STORAGE_SYNC_H
#define TONEARM_STORAGE_SYNC_H

#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/remote.h"

#define SYNC_KIND "sync"

/* What was there before goes behind what is made now. */
enum { SYNC_PRIORITY = 0, SYNC_LATER_PRIORITY = -100 };

/* Whether the library is kept in a store at all (store.sync). */
bool sync_is_on(const struct conf *conf);

/*
 * Within the caller's transaction: the files of TRACK were made anew, or some, or all with the track, are gone. Queues
 * the job unless there is nothing to do or one waits already. Does nothing when it is off. Database errors.
 */
enum err sync_order(const struct conf *conf, struct db *db, const struct clock *clock, const char *track,
	struct arena *arena, struct err_info *info);

/*
 * As sync_order(), for a track of which it is not known what the store has of it: it is looked at first. *ORDERED tells
 * whether a job was queued.
 */
enum err sync_order_later(const struct conf *conf, struct db *db, const struct clock *clock, const char *track,
	struct arena *arena, bool *ordered, struct err_info *info);

/* The id of the track in the PAYLOAD of a job. ERR_UNPROCESSABLE. */
enum err sync_track(const char *payload, char out[static ID_SIZE], struct err_info *info);

/* What is to be done for one track; all in an arena. */
struct sync_plan {
	struct stored *files; /* to be sent: whole, here, and not confirmed */
	const char **keys;    /* of these */
	bool *looked;         /* whether it is known that the store does not have it */
	size_t count;
	struct remote *surplus; /* objects without a file */
	size_t surplus_count;
	bool damaged; /* files that are not sent, as they are not what they were */
	bool staying; /* files beside the source that are here although they need not be (storage.keep_local) */
};

/* What the rows of remote.h and the files of TRACK say. Database errors. */
enum err sync_plan(const struct conf *conf, struct db *db, const char *track, struct arena *arena,
	struct sync_plan *out, struct err_info *info);

/* Whether the store has confirmed all files of TRACK. */
enum err sync_is_whole(const struct conf *conf, struct db *db, const char *track, struct arena *arena, bool *whole,
	struct err_info *info);

#endif
