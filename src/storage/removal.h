/* SPDX-License-Identifier: MIT */
/*
 * The end of a track: first its rows, in a transaction, then its files, so that nothing points at what is gone. The
 * same for the API and the command. A jobrunner that is at work on it finds its job cancelled, and publishes nothing.
 */
#ifndef TONEARM_STORAGE_REMOVAL_H
#define TONEARM_STORAGE_REMOVAL_H

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/track.h"

/*
 * Within the caller's transaction: cancels the jobs of TRACK that are not over, removes all that the database has of
 * it, and orders that the object store (sync.h) and caches in front (purge_order.h) follow. Database errors.
 */
enum err removal_rows(const struct conf *conf, struct db *db, const struct clock *clock, const struct track *track,
	struct arena *arena, struct err_info *info);

/*
 * When that is committed: the renditions, and the source all the same when these cannot be removed; and jobrunners are
 * told. ERR_IO: what is left is waste.
 */
enum err removal_files(
	const struct conf *conf, const struct track *track, struct arena *arena, struct err_info *info);

#endif
