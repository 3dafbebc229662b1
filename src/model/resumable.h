/* SPDX-License-Identifier: MIT */
/*
 * Uploads that come in pieces and can be taken up again: what is known of each beside its bytes, which
 * storage/arrival.h keeps. A row ends with its upload or some time after: an upload that became a track is remembered
 * until it expires, so that a client who missed the answer finds out. Functions take a connection that the caller
 * holds; results live in the given arena. All fail with database errors besides what they say.
 */
#ifndef TONEARM_MODEL_RESUMABLE_H
#define TONEARM_MODEL_RESUMABLE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "db/db.h"

#include <stdint.h>

enum resumable_kind {
	RESUMABLE_WHOLE,
	RESUMABLE_PARTIAL, /* one of several that will be joined */
	RESUMABLE_FINAL    /* was joined of such */
};

/* The length of an upload that its client will tell later. */
enum { RESUMABLE_LENGTH_OPEN = -1 };

struct resumable {
	char id[ID_SIZE];
	const char *owner; /* subject of the token that began it */
	enum resumable_kind kind;
	int64_t length;               /* of the whole upload, in bytes; RESUMABLE_LENGTH_OPEN */
	const char *metadata;         /* Upload-Metadata, "" when there was none */
	const char *concat;           /* Upload-Concat, "" when there was none */
	const char *idempotency_key;  /* NULL: none */
	int64_t doubt;                /* where bytes begin that were not verified yet; -1: none */
	int64_t created_ms, expires_ms;
	const char *track, *job; /* NULL until it became a track */
};

/* Inserts ROW, or writes length, doubt, expires_ms, track and job of the one that is there. */
enum err resumable_put(struct db *db, const struct resumable *row, struct err_info *info);

/* ERR_NOT_FOUND when there is none. */
enum err resumable_get(
	struct db *db, const char *id, struct arena *arena, struct resumable *out, struct err_info *info);

/* ERR_OK also when there was none. */
enum err resumable_delete(struct db *db, const char *id, struct err_info *info);

/* How many of OWNER are under way at NOW. */
enum err resumable_count(struct db *db, const char *owner, int64_t now_ms, int64_t *count, struct err_info *info);

/* The ids of up to MOST that have expired at NOW, in OUT, which has room for them. */
enum err resumable_expired(struct db *db, int64_t now_ms, size_t most, char (*out)[ID_SIZE], size_t *count,
	struct err_info *info);

#endif
