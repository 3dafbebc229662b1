/* SPDX-License-Identifier: MIT */
/*
 * A copy of the library in an object store, file by file, under the keys of remote_key.h.
 *
 *     files of the library ──mirror_meet()──► looked for, sent, confirmed: several at a time
 *     another store ──mirror_copy()──► sent, confirmed
 *     the store's list ──mirror_owned()──► objects that no row names
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
 * One of many files; ERR and INFO are those of the first of its steps that failed, STATE what there was before.
 * ERR_UNPROCESSABLE when the file here is not what it was when it was made: such a one is not copied. ERR_CONFLICT when
 * it was made anew meanwhile. Else as storage_head() and send_file(), and database errors.
 */
struct mirror_item {
	const struct stored *stored;
	bool absent; /* the caller knows that the store does not have it: it is not asked */
	enum mirror_state state;
	char etag[HASH_HEX_SIZE];
	enum err err;
	struct err_info info;
};

/*
 * Looks for all COUNT of ITEMS and, when SEND is true, sends those that are not the same: as many at a time as
 * store.parallel says, what goes in parts by itself. The row of an object is there before the first byte goes. What the
 * store has then is written down, and for a file that it is found not to have, so is that. Outside of a transaction.
 */
void mirror_meet(struct store *store, struct mirror_item *items, size_t count, bool send, struct arena *arena);

/*
 * Takes STORED over from the store FROM, with keys of its own configuration, by way of a temporary file, and writes
 * down that STORE has it; that it is only there, when it is not here. Errors of FROM as recall_fetch(), else as
 * send_file().
 */
enum err mirror_copy(struct store *store, struct store *from, const struct stored *stored, struct arena *arena,
	struct err_info *info);

/*
 * Whether a file of the library has the object KEY, listed by the store. False for one that no row names, true for what
 * does not lie where remote_key() has objects. Database errors.
 */
enum err mirror_owned(struct store *store, const char *key, bool *owned, struct err_info *info);

#endif
