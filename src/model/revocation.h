/* SPDX-License-Identifier: MIT */
/*
 * What is not good any more, though it is signed and has not expired: rows of a kind and a value, of what was issued at
 * or before a time. auth/revoked.h is how every process knows them without a read.
 */
#ifndef TONEARM_MODEL_REVOCATION_H
#define TONEARM_MODEL_REVOCATION_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

enum revocation_kind { REVOKE_TOKEN, REVOKE_SUBJECT, REVOKE_TRACK, REVOKE_ALL };

struct revocation {
	enum revocation_kind kind;
	const char *value;       /* jti, subject or id of the track; "" for all */
	int64_t before, expires; /* seconds: issued at or before; how long it is remembered */
};

/* How long an address can be good at the most that is signed for somebody (POST /auth/sign), seconds. */
enum { REVOCATION_SIGNED_MOST_S = 366 * 86400 };

/*
 * Until when a revocation of KIND that is made at NOW is remembered: for TTL_S, and as long as an address can be good that
 * was signed before, which is revoked with its signer, its track or all.
 */
int64_t revocation_end(enum revocation_kind kind, int64_t now, int64_t ttl_s);

/* Of two for the same thing the later times count. */
enum err revocation_put(struct db *db, const struct revocation *revocation, struct err_info *info);

/* Those that have not expired at NOW (seconds), as an array in ARENA. */
enum err revocation_list(struct db *db, int64_t now, struct arena *arena, struct revocation **out, size_t *count,
	struct err_info *info);

/* Removes those that have expired. */
enum err revocation_prune(struct db *db, int64_t now, struct err_info *info);

#endif
