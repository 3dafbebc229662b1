/* SPDX-License-Identifier: MIT */
/* What caches in front have to forget, one row for each cache and track, until the cache was told. */
#ifndef TONEARM_MODEL_PURGE_H
#define TONEARM_MODEL_PURGE_H

#include "base/arena.h"
#include "base/id.h"
#include "db/db.h"

struct purge {
	char track[ID_SIZE];
	const char *files, *qualities; /* of the track when it was asked for, apart by spaces */
	int64_t asked_ms;
};

/* Asks for it at the cache TARGET; what has been asked for already is asked for anew. Database errors. */
enum err purge_put(struct db *db, const char *target, const struct purge *purge, struct err_info *info);

/* The oldest of TARGET, at most MOST, in ARENA. Database errors. */
enum err purge_list(struct db *db, const char *target, size_t most, struct arena *arena, struct purge **out,
	size_t *count, struct err_info *info);

/* The cache was told, unless it was asked for again since. Database errors. */
enum err purge_done(struct db *db, const char *target, const struct purge *purge, struct err_info *info);

#endif
