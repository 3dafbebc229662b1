/* SPDX-License-Identifier: MIT */
/* Scopes: space-separated words in a token's `scope` claim (RFC 8693 section 4.2). Pure, thread-safe. */
#ifndef TONEARM_AUTH_SCOPE_H
#define TONEARM_AUTH_SCOPE_H

#include <stdbool.h>

#define SCOPE_STREAM_READ "stream:read"
#define SCOPE_TRACK_READ "track:read"
#define SCOPE_TRACK_WRITE "track:write"
#define SCOPE_JOBS_READ "jobs:read"
#define SCOPE_JOBS_WRITE "jobs:write"
#define SCOPE_SITE_PROBE "site:probe" /* not among all below: `tonearm doctor --url` gives it to itself */
#define SCOPE_AUTH_SIGN "auth:sign"
#define SCOPE_AUTH_REVOKE "auth:revoke"

/* All there are, as one text. */
#define SCOPE_ALL \
	SCOPE_STREAM_READ " " SCOPE_TRACK_READ " " SCOPE_TRACK_WRITE " " SCOPE_JOBS_READ " " SCOPE_JOBS_WRITE \
			  " " SCOPE_AUTH_SIGN " " SCOPE_AUTH_REVOKE

/* True when the word WANTED stands in GRANTED (may be NULL). */
bool scope_has(const char *granted, const char *wanted);

#endif
