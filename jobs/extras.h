/* SPDX-License-Identifier: MIT */
/*
 * The extras of a track (model/extra.h) on their way through a job: those that are missing are asked for, opened beside
 * the renditions, checked when the worker is done, and published in the renditions' own transaction (publish.h).
 *
 * An extra is a convenience: one that the worker made wrongly is left out and logged, and the sound is published all
 * the same. Belongs to the thread of the run.
 */
#ifndef TONEARM_JOBS_EXTRAS_H
#define TONEARM_JOBS_EXTRAS_H

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/extra.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct extras_output {
	struct extra row; /* its role from the beginning, the rest when it was checked */
	const char *path; /* in the work folder */
	int fd;           /* of that file, read-write; -1: not opened */
	bool good;        /* checked, durable, to be published */
};

/* Zeroed, they are none. */
struct extras {
	struct extras_output outputs[EXTRA_ROLES];
	size_t count;
};

/* What TRACK does not have yet, covers only with COVERS. Database errors. */
enum err extras_find(
	struct db *db, const char *track, bool covers, struct extras *out, struct err_info *info);

/* Makes the files in FOLDER; paths live in ARENA. ERR_IO; extras_close() in any case. */
enum err extras_open(struct extras *extras, const char *folder, struct arena *arena, struct err_info *info);

/* The member "extras" of the worker's job, the descriptors counting from FIRST. A new reference. */
json_t *extras_json(const struct extras *extras, int first);

/*
 * Looks at number INDEX; what is right is durable afterwards, mode 0640. What is empty or wrong is not published.
 * ERR_IO and ERR_NO_SPACE for the disk alone.
 */
enum err extras_check(struct extras *extras, size_t index, const struct clock *clock, struct err_info *info);

/* Within a transaction: the files to FOLDER, which is there, and a row each. ERR_IO and database errors. */
enum err extras_commit(
	const struct extras *extras, struct db *db, const char *track, const char *folder, struct err_info *info);

/* Closes the files; also twice. */
void extras_close(struct extras *extras);

#endif
