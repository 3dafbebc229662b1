/* SPDX-License-Identifier: MIT */
/*
 * What is revoked, in the memory of each process. A look at whether the table has changed is due every REVOKED_LOOK_MS
 * and made by the request that comes then; what changed is read anew. So a request costs no read, and a revocation
 * reaches every process in less than a second, however it was made. When the table cannot be read nothing is let in, as
 * nobody knows.
 *
 *     table revocation ──► (when the database changed) ──► sorted tags ──► revoked_check(), by many threads
 *
 * Thread-safe.
 */
#ifndef TONEARM_AUTH_REVOKED_H
#define TONEARM_AUTH_REVOKED_H

#include "auth/origin.h"
#include "base/clock.h"
#include "db/db.h"

enum { REVOKED_LOOK_MS = 500 };

struct revoked;

/* Reads nothing yet. POOL and CLOCK must outlive it. ERR_INTERNAL. Owned by the caller. */
enum err revoked_open(struct db_pool *pool, const struct clock *clock, struct revoked **out, struct err_info *info);
/* NULL is fine. */
void revoked_close(struct revoked *revoked);

/*
 * Whether ORIGIN is still good for TRACK ("" when it is not about one). ERR_UNAUTHORIZED when it is revoked; errors of
 * the database. REVOKED NULL: nothing is.
 */
enum err revoked_check(
	struct revoked *revoked, const struct origin *origin, const char *track, struct err_info *info);

#endif
