/* SPDX-License-Identifier: MIT */
/*
 * The object store of the configuration as responders need it: URLs by which a browser may have one object, or put one,
 * for a while, while the bucket stays private. Keys come from the environment or a file (storage/credentials.h); those
 * of the metadata service are out of reach, as responders have no network. Thread-safe.
 *
 * Who has such a URL needs nothing else until it expires: neither a revoked token nor a deleted track takes it back
 * before, unless the object goes.
 */
#ifndef TONEARM_STORAGE_PRESIGN_H
#define TONEARM_STORAGE_PRESIGN_H

#include "base/clock.h"
#include "conf/conf.h"
#include "storage/sigv4.h"

struct presign;

/*
 * *OUT is owned by the caller; NULL, with ERR_OK, when no store is configured. CONF and CLOCK (may be NULL) outlive it.
 * ERR_BAD_REQUEST when an option is wrong.
 */
enum err presign_open(const struct conf *conf, const struct clock *clock, struct presign **out, struct err_info *info);

/* NULL is fine. */
void presign_close(struct presign *presign);

/*
 * A URL in ARENA by which anybody may METHOD ("GET", "HEAD" or "PUT") the object KEY for LIFETIME_S seconds; a
 * longer time than SIGV4_EXPIRES_MOST is cut to that. Errors of credentials_get() and s3_address_presign().
 */
enum err presign_url(struct presign *presign, const char *method, const char *key, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info);

/* The same to PUT exactly LENGTH bytes. */
enum err presign_put(struct presign *presign, const char *key, int64_t length, int64_t lifetime_s, struct arena *arena,
	const char **url, struct err_info *info);

#endif
