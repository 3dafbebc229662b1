/* SPDX-License-Identifier: MIT */
/*
 * Whether a stored file (model/stored.h) still is what it was when it was made: there, as long, and of the same
 * SHA-256.
 *
 *     stored ──verify_look()──► what was found ──verify_note()──► model ──► storage/repair.h
 *              any thread                         the database's
 */
#ifndef TONEARM_STORAGE_VERIFY_H
#define TONEARM_STORAGE_VERIFY_H

#include "base/clock.h"
#include "base/hash.h"
#include "conf/conf.h"
#include "model/stored.h"

struct verify_look {
	enum damage damage;
	char etag[HASH_HEX_SIZE]; /* of a whole file that was read; else "" */
};

/* Where STORED lies, in ARENA. */
char *verify_path(const struct conf *conf, const struct stored *stored, struct arena *arena);

/*
 * Reads all of the file at PATH and compares it with STORED. WATCH is that of hash_sha256_watched(). Errors are those
 * of WATCH, and ERR_IO when the file cannot be opened for a reason that lies not in the file.
 */
enum err verify_look(const char *path, const struct stored *stored, hash_watch *watch, void *context,
	struct verify_look *out, struct err_info *info);

/* Whether a file of the kind WHAT can be missed at all: ERR_IO when their folder is empty, as a disk is not mounted. */
enum err verify_disk(const struct conf *conf, enum stored_what what, struct err_info *info);

/*
 * Writes down what was found, logs damage that was not known before (*NEWS is true then, and when damage was mended),
 * and removes nothing. ERR_IO when a file is missing and the whole folder is empty: that is a disk which is not
 * mounted, and no damage. Database errors.
 */
enum err verify_note(const struct conf *conf, struct db *db, const struct stored *stored, const struct verify_look *look,
	const struct clock *clock, bool *news, struct err_info *info);

#endif
