/* SPDX-License-Identifier: MIT */
/*
 * A file of the library as an object store has it, for when it is not whole here.
 *
 *     the store ──recall_fetch()──► <data>/spool, SHA-256 is right ──recall_place()──► at its place, and whole again
 *                                                                └──► sent to another store (mirror.h)
 *
 * Under a temporary name the file is locked, so that a jobrunner sweeps it when its process dies (spool.h).
 */
#ifndef TONEARM_STORAGE_RECALL_H
#define TONEARM_STORAGE_RECALL_H

#include "model/stored.h"
#include "storage/spool.h"
#include "storage/store.h"

/*
 * The bytes of STORED from STORE into a new file of CONF's library, which need not be that of STORE: read and proven,
 * its path in ARENA. What breaks off goes on where it was, some times. OUT then ends with recall_place() or
 * spool_discard(); on failure there is none. ERR_NOT_FOUND; ERR_UNPROCESSABLE when the object is another one, or when
 * nobody knows the SHA-256 that it should have; ERR_NO_SPACE when conf->disk_floor would not stay free; ERR_IO. Else as
 * storage_get().
 */
enum err recall_fetch(struct store *store, const struct conf *conf, const struct stored *stored, struct arena *arena,
	struct spool *out, struct err_info *info);

/*
 * Gives FILE, as recall_fetch() made it, the name of STORED, and writes down that STORED is whole; FILE has ended then,
 * also on failure. ERR_CONFLICT, nothing changed, when STORED was made anew, was let go or has gone meanwhile; ERR_IO
 * and database errors. Outside of a transaction.
 */
enum err recall_place(struct db *db, const struct stored *stored, struct spool *file, struct arena *arena,
	struct err_info *info);

#endif
