/* SPDX-License-Identifier: MIT */
/* URLs and queries, RFC 3986: decoding, normalising and making them. Pure, thread-safe. */
#ifndef TONEARM_HTTP_URL_H
#define TONEARM_HTTP_URL_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

/*
 * A request target's path, percent-decoded once. ERR_BAD_REQUEST for a bad escape, a NUL or control byte, bytes that
 * are no UTF-8, an encoded slash, "." or ".." segments, empty segments or no leading slash; ERR_URI_TOO_LONG past
 * REQUEST_URI_MOST.
 */
enum err url_decode_path(const char *raw, size_t length, struct arena *arena, char **out, struct err_info *info);

/* First value of NAME in an application/x-www-form-urlencoded QUERY, decoded into ARENA; NULL when absent or bad. */
char *url_query_value(const char *query, const char *name, struct arena *arena);

/* TEXT with all but RFC 3986 unreserved characters percent-encoded. */
char *url_encode(const char *text, struct arena *arena);

#endif
