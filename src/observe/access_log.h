/* SPDX-License-Identifier: MIT */
/*
 * One line for each request, as JSON or in the combined format of web servers, in the log (log.h) or a file of its own.
 *
 *     {"time":...,"message":"request","method":"GET","path":"/hls/...","status":200,...}
 *     192.0.2.7 - - [22/Nov/2026:22:41:07 +0000] "GET /hls/... HTTP/1.1" 200 1234 "https://example.org/" "player/1.0"
 *
 * Tokens and signatures travel in queries: the one of the request is not there, and a Referer loses query, fragment and
 * user. No other header field is written. In the combined format whatever could end a field or the line is escaped.
 * Thread-safe, but for access_log_open().
 */
#ifndef TONEARM_OBSERVE_ACCESS_LOG_H
#define TONEARM_OBSERVE_ACCESS_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum access_format { ACCESS_JSON, ACCESS_COMBINED, ACCESS_NONE };

struct access_entry {
	const char *method; /* as sent */
	const char *prefix; /* of the site, "" at the root */
	const char *path;   /* below it, without the query; "" when it could not be read */
	const char *protocol; /* "HTTP/1.1"; NULL when not told */
	const char *route;  /* the pattern that matched; "" when none did */
	int status;
	uint64_t bytes_in, bytes_out; /* of bodies */
	int64_t duration_us;
	const char *remote;     /* address of the client */
	const char *user_agent; /* NULL when not sent */
	const char *referer;    /* NULL when not sent */
	bool broken_off;        /* the client went away, or the answer ended early */
};

/*
 * FORMAT of the lines, and the file they are appended to, made at mode 0640; NULL: they go where the log goes, JSON at
 * level info. ERR_IO. Call before there are threads.
 */
enum err access_log_open(enum access_format format, const char *path, struct err_info *info);

/* Reads "json", "combined" or "none" into OUT; ERR_BAD_REQUEST for another word. */
enum err access_format_parse(const char *name, enum access_format *out);

/* Writes the line; long values are cut. The id of the request is log_context()'s. */
void access_log_write(const struct access_entry *entry);

#endif
