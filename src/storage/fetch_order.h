/* SPDX-License-Identifier: MIT */
/*
 * The payload of a job of kind "fetch", which brings the source of a track into the library: from an address, as
 * source_url.h has it, or from the parts that a client has put into the bucket store.incoming (model/direct.h). JSON in
 * the job table. Pure, thread-safe.
 */
#ifndef TONEARM_STORAGE_FETCH_ORDER_H
#define TONEARM_STORAGE_FETCH_ORDER_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define FETCH_KIND "fetch"

struct fetch_order {
	const char *track;  /* id; NULL: not made yet */
	const char *source; /* address, or NULL */
	/* Of a direct upload, else NULL and 0: */
	const char *upload; /* id */
	int64_t size, part_size;
	const char *sha256;       /* of the whole in hex; NULL: not told */
	const char *const *etags; /* of the parts, as the store told them; none: not told */
	size_t etag_count;
};

/* JSON text in ARENA. */
char *fetch_order_encode(const struct fetch_order *order, struct arena *arena);

/* Text in ARENA; it has a track. ERR_UNPROCESSABLE. */
enum err fetch_order_decode(
	const char *payload, struct arena *arena, struct fetch_order *out, struct err_info *info);

#endif
