/* SPDX-License-Identifier: MIT */
/*
 * Uploads to object stores in parts that were begun and have not ended: what is needed to go on with one after a crash.
 * One for each key of a store. A part is written down as soon as the store has confirmed it. Call outside of a
 * transaction; all fail with database errors besides what they say.
 */
#ifndef TONEARM_MODEL_SENDING_H
#define TONEARM_MODEL_SENDING_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

struct sending {
	const char *store; /* which store, by a name that stays */
	const char *key;
	const char *upload; /* the store's id of it */
	const char *source; /* tells one state of the file from another */
	int64_t size, part_size;
	int64_t begun_ms;
};

/* The upload of KEY, its text in ARENA. ERR_NOT_FOUND. */
enum err sending_get(struct db *db, const char *store, const char *key, struct arena *arena, struct sending *out,
	struct err_info *info);

/* Writes down an upload that begins; what was there of an earlier one goes, its parts too. */
enum err sending_begin(struct db *db, const struct sending *sending, struct err_info *info);

/* Forgets it and its parts. ERR_OK when there was none. */
enum err sending_end(struct db *db, const char *store, const char *key, struct err_info *info);

/* Part NUMBER (from 1 on) is there. ERR_CONFLICT when another upload of the key has begun since. */
enum err sending_part_done(
	struct db *db, const struct sending *sending, int64_t number, const char *etag, struct err_info *info);

/* ETags of the parts 1 to COUNT in OUT, text in ARENA; NULL for those that are not there. */
enum err sending_parts(struct db *db, const struct sending *sending, size_t count, struct arena *arena,
	const char **out, struct err_info *info);

#endif
