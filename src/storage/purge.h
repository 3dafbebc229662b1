/* SPDX-License-Identifier: MIT */
/*
 * Tells one cache in front what it has to forget, several tracks in one request where it takes that:
 *
 *     varnish       PURGE with the tags in xkey-purge (vmod xkey; conf-examples/varnish/tonearm.vcl)
 *     varnish-ban   PURGE with the tags as an expression in X-Ban-Tags, for a Varnish without that module
 *     nginx         PURGE of each address (ngx_cache_purge)
 *     nginx-refresh GET of each address that passes its cache by (proxy_cache_bypass), as nginx itself can do
 *     cloudfront    invalidation, signed (sigv4.h, service "cloudfront", API 2020-05-31)
 *     fastly        purge by surrogate keys (POST /service/{id}/purge)
 *     cloudflare    purge by cache tags (POST /client/v4/zones/{id}/purge_cache)
 *
 * A key is read from key_file when it is needed and wiped afterwards. Belongs to one thread.
 */
#ifndef TONEARM_STORAGE_PURGE_H
#define TONEARM_STORAGE_PURGE_H

#include "base/clock.h"
#include "conf/conf.h"
#include "model/purge.h"

#include <stdatomic.h>

/* Tracks that TARGET takes in one request. */
size_t purge_at_once(const struct conf_purge *target);

/*
 * Has TARGET forget COUNT (1 to purge_at_once()) tracks. STOP as in store_open(). ERR_FORBIDDEN for a key file that
 * others may read; errors of transfer_run(); ERR_BUSY, ERR_FORBIDDEN or ERR_IO when TARGET does not accept.
 */
enum err purge_tell(const struct conf_purge *target, const struct purge *list, size_t count, const struct clock *clock,
	const atomic_bool *stop, struct err_info *info);

#endif
