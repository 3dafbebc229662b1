/* SPDX-License-Identifier: MIT */
/*
 * Files of the library that no row names: what was renamed into place by a program that died before its commit. Whoever
 * makes files visible holds the database's write lock from the rename to the commit (publish.h), or makes the row
 * within moments (ingest.h): so a file is a stray when the lock is held and no row names it, and it is not young.
 */
#ifndef TONEARM_JOBS_STRAYS_H
#define TONEARM_JOBS_STRAYS_H

#include "conf/conf.h"
#include "db/db.h"

#include <stdint.h>

/*
 * Removes <data>/media/TRACK when there is no such track, else the files in it that neither a rendition nor an extra
 * names, unless a job is at work on the track. What changed after BEFORE (seconds since 1970) stays.
 */
void strays_in_media(const struct conf *conf, struct db *db, const char *track, int64_t before);

/* Removes <data>/source/NAME unless it changed after BEFORE or the track that its name begins with names it. */
void strays_source(const struct conf *conf, struct db *db, const char *name, int64_t before);

#endif
