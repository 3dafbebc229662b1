/* SPDX-License-Identifier: MIT */
/*
 * Addresses that sources may be fetched from: "https://host/path" of a host that sources.hosts names, and
 * "s3://bucket/key" of a bucket of the configured store that sources.buckets names. Whoever orders a fetch is told here
 * whether it may be; whoever fetches asks again, of every redirect and of every address that a name leads to. Read more
 * strictly than RFC 3986, so that nobody else can read anything else out of it. Pure, thread-safe.
 */
#ifndef TONEARM_STORAGE_SOURCE_URL_H
#define TONEARM_STORAGE_SOURCE_URL_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOURCE_URL_MOST = 2048, SOURCE_PORT = 443 };

struct source_url {
	const char *text;
	const char *host;        /* of https, in lower case, an IPv6 address in its brackets; NULL: s3 */
	uint64_t port;
	const char *bucket, *key; /* of s3 */
};

/* ERR_UNPROCESSABLE for any other scheme, user names, odd characters, and more than SOURCE_URL_MOST bytes. */
enum err source_url_read(const char *text, struct arena *arena, struct source_url *out, struct err_info *info);

/* ERR_FORBIDDEN when the configuration does not name its host or bucket. */
enum err source_url_allow(const struct conf *conf, const struct source_url *url, struct err_info *info);

/* Whether a connection to ADDRESS may be made: it is public, or lies in sources.networks. */
bool source_address_allowed(const struct conf *conf, const struct network *address);

/* What follows the last slash, without a query: the name of the file; NULL when that is nothing. In ARENA. */
const char *source_url_name(const struct source_url *url, struct arena *arena);

#endif
