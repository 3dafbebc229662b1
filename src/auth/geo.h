/* SPDX-License-Identifier: MIT */
/*
 * Where a listener is: by what the web server says (the parameters TONEARM_COUNTRY and TONEARM_REGION, which no client
 * can set), else by the header of one of http.trusted_proxies (geo.country_header, geo.region_header; one that comes
 * twice is not believed), else by the address in a MaxMind database (geo.database, MaxMind DB format 2.0).
 *
 *     geo.database ──► changed? ──► <run>/geo.mmdb, whole and checked, by rename ──► mapped into each process
 *
 * The database itself is never mapped: who copies a new one over it would take away the pages underneath. The copy in
 * run_dir is ours, is only ever replaced by rename, and is shared by all processes; the last good one stays when the
 * new one is none. It is looked for when the first address is asked for, and then once in GEO_LOOK_MS by whoever asks;
 * nobody else waits for that, and a lookup takes no lock.
 *
 * Thread-safe.
 */
#ifndef TONEARM_AUTH_GEO_H
#define TONEARM_AUTH_GEO_H

#include "base/clock.h"
#include "conf/conf.h"
#include "conf/geo_rule.h"
#include "http/request.h"

enum { GEO_LOOK_MS = 1000 };

struct geo;

/*
 * Opens no file. *OUT is the caller's, for geo_close(). CONF and CLOCK (NULL: the real one) must outlive it.
 * ERR_INTERNAL.
 */
enum err geo_open(const struct conf *conf, const struct clock *clock, struct geo **out, struct err_info *info);
/* NULL is fine. */
void geo_close(struct geo *geo);

/* Where REQUEST comes from; what is not known is "" in OUT. */
void geo_find(struct geo *geo, const struct request *request, struct geo_place *out);

/* Its country (ISO 3166-1 alpha-2, "DE") in the request's arena; NULL when it is not known. */
const char *geo_country(struct geo *geo, const struct request *request);

#endif
