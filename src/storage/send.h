/* SPDX-License-Identifier: MIT */
/*
 * A file on its way to a store, so that a crash costs no more than the parts that were under way: small ones in one
 * request, larger ones in parts side by side, whose upload id and ETags are written down (model/sending.h) as they
 * come. Sent again, what is there already is not sent again.
 *
 *     record? ── same file ──► the parts that are missing ──► complete ──► size and checksum confirmed ──► record gone
 *        └── none, or another file: abort the old upload, begin a new one
 */
#ifndef TONEARM_STORAGE_SEND_H
#define TONEARM_STORAGE_SEND_H

#include "base/clock.h"
#include "db/db.h"
#include "storage/storage.h"

/* Parts but the last have at least this many bytes. */
enum { SEND_PART_LEAST = 5 << 20 };

struct send {
	struct storage *storage;
	struct db *db;
	const char *store;  /* the name of the store in the records */
	uint64_t threshold; /* bytes; larger files go in parts */
	/* Bytes, at least SEND_PART_LEAST; doubled until a file has no more than STORAGE_PARTS_MOST. */
	uint64_t part_size;
	const struct clock *clock;
};

/*
 * Sends PUT, which is as in storage_put() but for if_absent, which is not looked at in parts. OUT as of storage_head(),
 * may be NULL: size and checksum are what the store itself said afterwards. Fails as storage.h and the database do;
 * what was sent so far stays there to go on with.
 */
enum err send_file(struct send *send, const struct storage_put *put, struct arena *arena, struct storage_object *out,
	struct err_info *info);

/*
 * What was to be sent in parts under KEY is no more, or has another file in its place, which goes in one piece: the
 * upload is aborted, or it would stay for ever, or be completed over that one later. Fails as send_file().
 */
enum err send_end_parts(struct send *send, const char *key, struct err_info *info);

/* Aborts the uploads below PREFIX that nobody has a record of and that are older than AGE_S; *COUNT is how many. */
enum err send_abort_strays(
	struct send *send, const char *prefix, int64_t age_s, size_t *count, struct err_info *info);

#endif
