/* SPDX-License-Identifier: MIT */
/*
 * tonearm-fetch, started by who has no network: it brings a file that the object store has into the cache, or a part of
 * it at once. It does not end with who started it, so that plain CGI can use it too, and is nobody's child.
 *
 *     helper_fetch() ──► tonearm-fetch, in the background ──► the file grows in the cache (cache.h)
 *     helper_read()  ──► tonearm-fetch ──► descriptor: the bytes
 *
 * Thread-safe.
 */
#ifndef TONEARM_STORAGE_HELPER_H
#define TONEARM_STORAGE_HELPER_H

#include "conf/conf.h"
#include "storage/cache.h"

/* How long the helper may take until it begins. */
enum { HELPER_BEGIN_MS = 30000 };

/*
 * Has FILE fetched into the cache, with MODIFIED (seconds since 1970) as its time, unless somebody is at it, and
 * returns when it is on its way, or there already. ERR_NO_SPACE when it does not fit, ERR_BUSY (try again),
 * ERR_TIMEOUT, ERR_NOT_FOUND, ERR_IO, ERR_INTERNAL. MODIFIED is at least 0.
 */
enum err helper_fetch(const struct conf *conf, const struct cache_file *file, int64_t modified, struct err_info *info);

/*
 * LENGTH (at least 1) bytes of FILE from FIRST on, from *FD, which is to be closed, and may be before they have all
 * come. Returns when the first are there. Errors as above.
 */
enum err helper_read(const struct conf *conf, const struct cache_file *file, uint64_t first, uint64_t length, int *fd,
	struct err_info *info);

#endif
