/* SPDX-License-Identifier: MIT */
/*
 * Preconditions of RFC 9110 section 13: what If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since and
 * If-Range say about a representation with an entity tag and a date. Reads the request, sends nothing. Thread-safe.
 */
#ifndef TONEARM_HTTP_CONDITION_H
#define TONEARM_HTTP_CONDITION_H

#include "http/request.h"

#include <stdbool.h>
#include <stdint.h>

enum condition {
	CONDITION_PROCEED,
	CONDITION_NOT_MODIFIED, /* answer 304 */
	CONDITION_FAILED        /* answer 412 */
};

/* Section 13.2.2 up to its step 4. ETAG is quoted and may start with W/; MODIFIED in seconds since 1970. */
enum condition condition_evaluate(const struct request *request, const char *etag, int64_t modified);

/*
 * Step 5: whether Range is to be looked at. True without If-Range, or when it names this very representation (section
 * 13.1.5).
 */
bool condition_range(const struct request *request, const char *etag, int64_t modified);

#endif
