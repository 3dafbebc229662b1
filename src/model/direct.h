/* SPDX-License-Identifier: MIT */
/*
 * Direct uploads: files that clients put into the bucket store.incoming themselves, by presigned URLs, each as one or
 * more objects, its parts.
 *
 *     begun: row, URLs ──► PUT…, past us ──► finished: a fetch job (storage/fetch_order.h) joins and removes the parts
 *
 * A part is an object of its own and not a part of the store's multipart upload: nothing has to be begun or completed
 * at the store by us or the client, the URLs are pure signatures, and what is left over are objects, which any store
 * can remove. A row lives until it expires; then its objects go, and it. Results live in the given arena; all fail with
 * database errors besides what they say.
 */
#ifndef TONEARM_MODEL_DIRECT_H
#define TONEARM_MODEL_DIRECT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "db/db.h"

#include <stdint.h>

enum { DIRECT_PARTS_MOST = 1000 };

struct direct {
	char id[ID_SIZE];
	const char *owner;
	int64_t size, part_size; /* bytes; all parts but the last have part_size */
	const char *sha256;      /* of the whole in hex; NULL: not told */
	const char *filename;    /* NULL: not told */
	const char *fields;      /* JSON object of texts: what an upload by form says */
	int64_t created_ms, expires_ms;
	int64_t finished_ms; /* 0 until the client said that all parts are there */
};

/* How many parts it has: 1 to DIRECT_PARTS_MOST. */
int64_t direct_parts(const struct direct *direct);

/* Bytes of part NUMBER, from 1 on. */
int64_t direct_part_size(const struct direct *direct, int64_t number);

/* The key of part NUMBER of upload ID, in ARENA. */
const char *direct_key(const char *id, int64_t number, struct arena *arena);

/* Inserts ROW, or writes expires_ms and finished_ms of the one that is there. */
enum err direct_put(struct db *db, const struct direct *row, struct err_info *info);

/* ERR_NOT_FOUND when there is none. */
enum err direct_get(struct db *db, const char *id, struct arena *arena, struct direct *out, struct err_info *info);

/* ERR_OK also when there was none. */
enum err direct_delete(struct db *db, const char *id, struct err_info *info);

/* How many OWNER has not finished that have not expired at NOW. */
enum err direct_count(struct db *db, const char *owner, int64_t now_ms, int64_t *count, struct err_info *info);

/* One that has expired at NOW, and whose parts no job is still to fetch. ERR_NOT_FOUND when there is none. */
enum err direct_expired(struct db *db, int64_t now_ms, struct arena *arena, struct direct *out, struct err_info *info);

#endif
