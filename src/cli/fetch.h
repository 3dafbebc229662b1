/* SPDX-License-Identifier: MIT */
/*
 * GET over HTTP, over libcurl, for asking our own servers: every answer is bounded in size and time. A struct fetch
 * keeps one connection for many requests and belongs to one thread.
 */
#ifndef TONEARM_CLI_FETCH_H
#define TONEARM_CLI_FETCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct fetch;

struct fetch_range {
	uint64_t first, length; /* LENGTH 0: no Range header is sent */
};

/* What a request brought, whatever its status. */
struct fetch_answer {
	long status;
	uint64_t bytes;  /* of the body */
	struct buf body; /* its first bytes, as far as BODY's limit lets them in; the rest is counted and dropped */
};

/* ERR_INTERNAL when libcurl cannot start. Owned by the caller. */
enum err fetch_open(struct fetch **out, struct err_info *info);
void fetch_close(struct fetch *fetch);

/*
 * Asks for URL. The caller has buf_init()ed ANSWER->body with a limit, and frees it. TIMEOUT_MS bounds the whole.
 * ERR_IO when no whole answer came, ERR_TIMEOUT.
 */
enum err fetch_get(struct fetch *fetch, const char *url, const struct fetch_range *range, long timeout_ms,
	struct fetch_answer *answer, struct err_info *info);

/* REFERENCE seen from BASE (RFC 3986 section 5.2), in ARENA. ERR_UNPROCESSABLE when it is no URL. */
enum err fetch_resolve(
	const char *base, const char *reference, struct arena *arena, const char **out, struct err_info *info);

#endif
