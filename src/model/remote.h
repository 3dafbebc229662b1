/* SPDX-License-Identifier: MIT */
/*
 * What object stores have of the library's files (stored.h): a row for each object, made in the transaction that makes
 * the file visible and removed when the object is.
 *
 *     remote_expect() ──► pending ──sent, and the store has confirmed it──► confirmed ──► remote_release(): file here may go
 *                            ▲                                                 │
 *                            └──────── the file is made anew, or doubt ────────┘
 *
 * A confirmed row tells that the store itself has said that it has these bytes, with their size and checksum; it counts
 * only for the file whose SHA-256 it names, so that of a file that was made anew there is nothing until the new one is
 * there too. A row of which no file is any more stands for an object that has to be removed.
 *
 * STORE is the name by which a store is known here (storage/remote_key.h). Functions that write may be called inside of
 * a transaction.
 */
#ifndef TONEARM_MODEL_REMOTE_H
#define TONEARM_MODEL_REMOTE_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"
#include "model/stored.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct remote {
	const char *key;
	enum stored_what what;
	const char *name;         /* the quality, the role, or the file of a source */
	char etag[HASH_HEX_SIZE]; /* SHA-256 of its bytes; "" for a source that was never read */
	int64_t size;             /* bytes */
	bool confirmed;
	int64_t confirmed_ms;
	int64_t released_ms; /* since then nobody is led to the file here; 0: it is kept */
};

/* All rows of TRACK (an id, also of one that is gone), by key, in ARENA. */
enum err remote_list(struct db *db, const char *store, const char *track, struct arena *arena, struct remote **out,
	size_t *count, struct err_info *info);

/*
 * The object that has the bytes of the file WHAT, NAME of TRACK whose SHA-256 is ETAG, text in ARENA. ERR_NOT_FOUND
 * unless STORE has confirmed it.
 */
enum err remote_find(struct db *db, const char *store, const char *track, enum stored_what what, const char *name,
	const char *etag, struct arena *arena, struct remote *out, struct err_info *info);

/* STORED is to be the object KEY: pending from now on, unless the row is of the same bytes already. */
enum err remote_expect(
	struct db *db, const char *store, const char *key, const struct stored *stored, struct err_info *info);

/*
 * The store has confirmed that KEY has the bytes of STORED, whose SHA-256 is ETAG; the row is made when there is none.
 * ERR_CONFLICT, nothing written, when something else is to be there by now.
 */
enum err remote_confirm(struct db *db, const char *store, const char *key, const struct stored *stored, const char *etag,
	int64_t now_ms, struct err_info *info);

/* KEY was found not to be in the store, or to be something else: it is pending again. ERR_OK when there is no row. */
enum err remote_doubt(struct db *db, const char *store, const char *key, struct err_info *info);

/* KEY is no more in the store. ERR_OK when there is no row. */
enum err remote_forget(struct db *db, const char *store, const char *key, struct err_info *info);

/*
 * From NOW on nobody is led to the file here whose object KEY with ETAG is confirmed; what was led there before is not
 * disturbed as long as the file stays. *DONE: it was kept until now.
 */
enum err remote_release(struct db *db, const char *store, const char *key, const char *etag, int64_t now_ms, bool *done,
	struct err_info *info);

/* The first track after AFTER (by id; "": the first) that is gone and of which STORE has rows. ERR_NOT_FOUND: none. */
enum err remote_next_lost(
	struct db *db, const char *store, const char *after, char out[static ID_SIZE], struct err_info *info);

/* Of the rows of one store: all, and those that it has confirmed. */
struct remote_counts {
	int64_t objects, confirmed;
};

/* Database errors. */
enum err remote_count(struct db *db, const char *store, struct remote_counts *out, struct err_info *info);

#endif
