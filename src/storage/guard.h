/* SPDX-License-Identifier: MIT */
/*
 * What keeps requests from an endpoint that fails: the breaker (model/breaker.h) as an option of an S3 store (s3.h).
 */
#ifndef TONEARM_STORAGE_GUARD_H
#define TONEARM_STORAGE_GUARD_H

#include "base/clock.h"
#include "db/db.h"
#include "storage/s3.h"

struct guard {
	struct db *db; /* borrowed, of the store's thread */
	const char *endpoint;
	const struct clock *clock;
	int64_t due_ms; /* of the last ERR_NOT_READY: when it may be asked again, since 1970 */
};

/* As an option for s3_open(); GUARD outlives the store. */
struct s3_guard guard_of(struct guard *guard);

#endif
