/* SPDX-License-Identifier: MIT */
/*
 * What lies beside a track's renditions: its waveform and its cover. A row exists only for a file that is whole and in
 * place, <data>/media/<track>/<extra_file()>; both go with the track.
 */
#ifndef TONEARM_MODEL_EXTRA_H
#define TONEARM_MODEL_EXTRA_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "db/db.h"
#include "model/extra_role.h"

#include <stdbool.h>
#include <stdint.h>

struct extra {
	enum extra_role role;
	char etag[HASH_HEX_SIZE]; /* SHA-256 of the file, without quotes */
	int64_t file_size;        /* bytes */
	int64_t modified;         /* seconds since 1970 */
};

/* Inserts or replaces, by TRACK and role. */
enum err extra_put(struct db *db, const char *track, const struct extra *extra, struct err_info *info);

/*
 * All extras of TRACK into OUT[role] where FOUND[role] becomes true; none is ERR_OK too. Rows of roles that this
 * program does not know are passed over.
 */
enum err extra_list(struct db *db, const char *track, struct extra out[static EXTRA_ROLES],
	bool found[static EXTRA_ROLES], struct err_info *info);

#endif
