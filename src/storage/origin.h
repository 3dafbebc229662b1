/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes are that a track was made from, and what was ordered of them: for jobs that make more of it, or make
 * it anew. A source is kept below <data>/source; one in an import folder is known to the track's jobs alone, of which
 * the newest stays as long as the track does.
 */
#ifndef TONEARM_STORAGE_ORIGIN_H
#define TONEARM_STORAGE_ORIGIN_H

#include "media/transcode_job.h"
#include "model/job.h"
#include "model/track.h"

#include <stdbool.h>

struct origin {
	const char *source, *import;        /* as in a transcode job; both NULL when there are no bytes */
	const char *lack;                   /* then: a sentence's end that says why, "is not kept" */
	bool at_work;                       /* a job of the track waits or runs */
	char job[ID_SIZE];                  /* that one */
	bool ordered;                       /* `order` is filled */
	struct transcode_job order;         /* of the newest transcode job */
};

/* Text in ARENA. Database errors. */
enum err origin_find(const struct conf *conf, struct db *db, const struct track *track, struct arena *arena,
	struct origin *out, struct err_info *info);

#endif
