/* SPDX-License-Identifier: MIT */
/*
 * What follows from damage to a track's files (storage/verify.h): renditions that are damaged are made anew from the
 * source, and a track of which nothing is left to hear says so.
 *
 *     damaged, source there ──► one transcode job for all of them ──► published: damaged no more
 *     damaged, no source    ──► they stay as they are; put back from a copy, the next look finds them whole
 *
 * A job is queued once: not for a rendition that has had one since it was damaged, nor for one that was made anew
 * within REPAIR_REST_DAYS, as a disk that damages files again and again is mended by a person.
 */
#ifndef TONEARM_STORAGE_REPAIR_H
#define TONEARM_STORAGE_REPAIR_H

#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/stored.h"

enum { REPAIR_REST_DAYS = 30, REPAIR_PRIORITY = -50 };

struct repair {
	size_t damaged;    /* renditions of the track, and 1 for its extras */
	char job[ID_SIZE]; /* that was queued; "" when none was */
	const char *lack;  /* why the source cannot help ("is not kept"), or NULL */
};

/*
 * Looks at TRACK when its files were looked at, and does what is to be done, in one transaction; with AGAIN also where
 * a job was queued before. EXTRAS says that the look took extras away: they are made anew too. Text in ARENA. ERR_OK
 * also when there is no such track; database errors. Outside of a transaction.
 */
enum err repair_track(const struct conf *conf, struct db *db, const struct clock *clock, const char *track, bool again,
	bool extras, struct arena *arena, struct repair *out, struct err_info *info);

#endif
