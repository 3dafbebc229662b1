/* SPDX-License-Identifier: MIT */
/*
 * Listening while it encodes: what the worker says it has finished becomes visible before the job is done.
 *
 *     "segments" ──grow_take()──► looked at in the file ──grow_write()──► growing rows ──► EVENT playlist
 *                                                                             │
 *                              publish_commit(): the whole ladder at once ◄───┘ gone in the same transaction
 *
 * - A row appears when each rendition of the job has its first segment, all in one transaction: the multivariant
 *   playlist never changes while it grows. It is written anew at most once a second.
 * - Listeners get the sound from the work file, through the responder alone, never past the last segment that a row
 *   names. Its bytes never move, and publishing renames that very file: offsets and URLs hold beyond the end.
 * - Nothing of it is trusted by publish.h, which looks at the whole files all the same.
 *
 * When an attempt ends without success, or its runner dies and the job is claimed again, a trigger of the schema takes
 * the rows away in the statement that says so; the files go with their work folder. A listener is then told to wait
 * (503) until the next attempt has its first segments, and its playlist begins anew at media sequence 0 with the bytes
 * of the new file. As the same source and settings give the same bytes, what a player has buffered still fits.
 * Until a dead runner's lease has lapsed its rows stay, and so do the files, unless another runner of the machine
 * sweeps the work folder before: what is listed can be heard.
 *
 * Failing to show a rendition is never a reason to fail its job: it is published when it is whole. Belongs to the
 * thread of the run.
 */
#ifndef TONEARM_JOBS_GROW_H
#define TONEARM_JOBS_GROW_H

#include "base/err.h"
#include "jobs/publish.h"
#include "jobs/reports.h"

/* One rendition on its way. Zeroed at the beginning. */
struct grow_rendition {
	struct rendition row; /* segments on the heap; quality is "" until there is one */
	size_t room;          /* for segments */
	size_t shown;         /* segments that the table knows */
	bool hidden;          /* another job makes it, or it is there already */
};

/* All of a job. Zeroed at the beginning. */
struct grow {
	struct grow_rendition renditions[WORKER_RENDITIONS_MOST];
	int64_t written_us; /* last try to write the rows */
};

/*
 * Adds segments to a rendition of PUBLISH after a look at the file. ERR_UNPROCESSABLE with a sentence when they are not
 * there, or do not follow those before; ERR_IO.
 */
enum err grow_take(struct grow *grow, const struct publish *publish, const struct report_segments *segments,
	struct err_info *info);

/* Shows what came since, if it is time to. A failure is logged and made good the next time. */
void grow_write(struct grow *grow, const struct publish *publish);

/* Frees the segments. */
void grow_free(struct grow *grow);

#endif
