/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a file come from that may be in the object store alone.
 *
 *     it stands at its place ──► it is delivered as ever, and held in the cache (storage/cache.h) as long as it is used
 *     else, confirmed by the store (model/remote.h) ──► it is away: `feed` gives its bytes
 *     else ──► it is gone
 *
 * The feed has the file fetched into the cache and reads behind the fetcher, so that the first bytes go out as soon as
 * they come; whoever asks meanwhile, in whatever process, reads from the same. A range that lies far ahead of what has
 * come, and a file for which the cache has no room, are read from the store directly. A fetcher that dies is replaced.
 * Of a fetched file the last byte goes out when all are proven to be right.
 */
#ifndef TONEARM_FCGI_SUPPLY_H
#define TONEARM_FCGI_SUPPLY_H

#include "http/deliver.h"
#include "model/stored.h"
#include "storage/cache.h"

struct supply {
	bool away;
	const char *key; /* of the object, when it is away */
	struct deliver_feed feed;
	/* Its own. */
	struct response *response;
	struct cache cache;
	struct cache_file file;
	int64_t modified;
	int held; /* of a file at its place */
	int fd;   /* of the cache's file, or with `piped` of what comes from the store */
	bool piped, counted;
	int successions; /* of fetchers */
	uint64_t had;    /* how much had come when the last one was met */
	uint64_t at;
};

/*
 * Looks for STORED with its time MODIFIED (seconds since 1970). False when an answer was
 * sent. To be ended with supply_end() in any case, when the answer is out.
 */
bool supply_begin(struct response *response, const struct stored *stored, int64_t modified, struct supply *supply);
void supply_end(struct supply *supply);

#endif
