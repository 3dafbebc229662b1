/* SPDX-License-Identifier: MIT */
/*
 * A copy of the library in an object store, file by file, under the keys of remote_key.h.
 *
 *     stored.h ──► a file ──mirror_look()──► same, absent or another ──mirror_send()──► sent ──mirror_confirm()──►
 * confirmed many ──mirror_meet()──► all of it, several at a time another store ──mirror_copy()──► confirmed the store's
 * list ──mirror_owned()──► objects that no row names
 *
 * An object counts as the same when the store has it with the size and the SHA-256 that the file had when it was made.
 */
#ifndef TONEARM_STORAGE_MIRROR_H
#define TONEARM_STORAGE_MIRROR_H

#include "model/remote.h"
#include "storage/store.h"

#include <stdbool.h>

enum mirror_state { MIRROR_SAME, MIRROR_ABSENT, MIRROR_OTHER };

/*
 * What the store has of STORED; ETAG is the SHA-256 of the file, "" unless it is the same. Errors as storage_head() and,
 * for a source that was never read, as reading it.
 */
enum err mirror_look(struct store *store, const struct stored *stored, struct arena *arena, enum mirror_state *out,
	char etag[static HASH_HEX_SIZE], struct err_info *info);

/*
 * Sends STORED; ETAG is the SHA-256 that the file had. The row of its object is there before the first byte goes.
 * ERR_UNPROCESSABLE when the file here is not what it was when it was made: such a one is not copied. Else as
 * send_file().
 */
enum err mirror_send(struct store *store, const struct stored *stored, struct arena *arena,
	char etag[static HASH_HEX_SIZE], struct err_info *info);

/*
 * Writes down that the store has STORED with ETAG, as mirror_look() or mirror_send() has it. ERR_CONFLICT when the file
 * was made anew meanwhile; database errors. Outside of a transaction.
 */
enum err mirror_confirm(
	struct store *store, const struct stored *stored, const char *etag, struct err_info *info);

/*
 * Takes STORED over from the store FROM, with keys of its own configuration, by way of a temporary file, and writes
 * down that STORE has it; that it is only there, when it is not here. Errors of FROM as recall_fetch(), else as
 * send_file().
 */
enum err mirror_copy(struct store *store, struct store *from, const struct stored *stored, struct arena *arena,
	struct err_info *info);

/* One of many files; ERR and INFO are those of the first of its steps that failed, STATE what there was before. */
struct mirror_item {
	const struct stored *stored;
	enum mirror_state state;
	char etag[HASH_HEX_SIZE];
	enum err err;
	struct err_info info;
};

/*
 * Looks for all COUNT of ITEMS and, when SEND is true, sends those that are not the same: as many at a time as
 * store.parallel says, what goes in parts by itself. What the store has then is written down, and for a file that it is
 * found not to have, so is that. Outside of a transaction.
 */
void mirror_meet(struct store *store, struct mirror_item *items, size_t count, bool send, struct arena *arena);

/*
 * Whether a file of the library has the object KEY, listed by the store. False for one that no row names, true for what
 * does not lie where remote_key() has objects. Database errors.
 */
enum err mirror_owned(struct store *store, const char *key, bool *owned, struct err_info *info);

#endif
