/* SPDX-License-Identifier: MIT */
/*
 * The object store of the configuration (store.*), with its keys, its budget and its breaker in the database, and what
 * sends files to it. Belongs to one thread.
 */
#ifndef TONEARM_STORAGE_STORE_H
#define TONEARM_STORAGE_STORE_H

#include "conf/conf.h"
#include "db/db.h"
#include "storage/allowance.h"
#include "storage/credentials.h"
#include "storage/guard.h"
#include "storage/send.h"
#include "storage/storage.h"

#include <stdatomic.h>

struct store {
	const struct conf *conf;
	struct db *db;
	const atomic_bool *stop;
	struct arena arena; /* of the name */
	struct credentials *credentials;
	struct storage *storage;
	struct allowance allowance;
	struct guard guard;
	struct send send;
};

/*
 * Opens it; asks it nothing. CONF, DB, CLOCK and STOP are borrowed, the latter two may be NULL; when *STOP becomes true
 * transfers end with ERR_ABORTED within a second or two. STORE stays where it is and ends with store_close().
 * ERR_BAD_REQUEST when no store is configured or an option is wrong.
 */
enum err store_open(struct store *store, const struct conf *conf, struct db *db, const struct clock *clock,
	const atomic_bool *stop, struct err_info *info);

/* Also of a zeroed STORE, and after a failure. */
void store_close(struct store *store);

#endif
