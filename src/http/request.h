/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request as a handler sees it, whatever carried it: libfcgi, the event loop, plain CGI.
 *
 *   transport ──► parameters, body ──► struct request ──► router ──► handler ──► struct response ──► transport
 *
 * A request lives in its arena until the handler returned. It belongs to one thread.
 */
#ifndef TONEARM_HTTP_REQUEST_H
#define TONEARM_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "http/pace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum http_method {
	HTTP_GET = 1 << 0,
	HTTP_HEAD = 1 << 1,
	HTTP_POST = 1 << 2,
	HTTP_PUT = 1 << 3,
	HTTP_PATCH = 1 << 4,
	HTTP_DELETE = 1 << 5,
	HTTP_OPTIONS = 1 << 6,
	HTTP_OTHER = 1 << 7
};

enum { REQUEST_CAPTURES = 4, REQUEST_URI_MOST = 8192, REQUEST_ID_SIZE = 33 };

struct metrics;
struct site;
struct transport; /* serve.h's side of the request: reads the body, takes the response */

/* What limits have counted of a request (auth/ratelimit.h), and what its answer tells of that. */
struct request_quota {
	bool admitted; /* it is one that limits concern */
	bool counted;  /* for whom its credential stands for */
	int route;     /* what it counts as */
	const char *policies, *states; /* RateLimit-Policy and RateLimit; NULL: no limit counted it */
	int64_t retry_s;               /* Retry-After of a refusal; 0: there is none */
};

struct request {
	struct arena *arena;
	struct transport *transport;
	enum http_method method;
	const char *method_name;
	const char *path;  /* decoded once, no "." or ".." or empty segments, starts with "/"; below the prefix */
	const char *query; /* as sent, without "?"; "" when none */
	/*
	 * Path under which the site lives, "" at the root: TONEARM_PREFIX, or with "auto" what stands before PATH_INFO.
	 */
	const char *prefix;
	const char *remote; /* address of the client: REMOTE_ADDR, or whom trusted proxies name */
	bool proxied;       /* a trusted proxy brought it: what its fields say of the client may be believed */
	const char *delivery; /* "direct", "xsendfile", "xaccel", ...: TONEARM_DELIVERY, else that of serve_options */
	int64_t content_length; /* -1 when not told */
	const char *content_type; /* "" when not told */
	bool https;
	const char *route; /* the pattern that matched; "" when none did */
	struct request_quota quota;
	char id[REQUEST_ID_SIZE]; /* names this request in logs and answers; a sane X-Request-Id from outside is kept */
	const char *capture[REQUEST_CAPTURES]; /* what {name} matched in the route's pattern, in order */
	int64_t started_us; /* clock_monotonic_us() */
	uint64_t body_read; /* bytes so far */
	struct pace receiving, sending; /* of its body, and of the answer */
	bool slow; /* the body fell silent, or came more slowly than it must */
	void *context; /* the program's own, from serve() */
	struct metrics *metrics; /* may be NULL */
	const struct site *site; /* site.h; NULL: there is none to know of */
};

/*
 * The value of a header field by its lower-case name ("if-none-match"), NULL when absent; of several lines it is the
 * first.
 */
const char *request_header(const struct request *request, const char *name);

/*
 * All lines of a header field that is a list, joined by ", " (RFC 9110 section 5.3): most web servers do so themselves,
 * nginx before 1.23 hands each on. At most 32 lines. NULL when absent.
 */
const char *request_header_list(const struct request *request, const char *name);

/* As how many lines, of 32 at the most, the web server hands on that field. */
size_t request_header_lines(const struct request *request, const char *name);

/* The value of a CGI parameter as the web server set it ("TONEARM_DELIVERY"), NULL when absent. */
const char *request_parameter(const struct request *request, const char *name);

/*
 * First value of a query parameter, percent-decoded ("+" is a space) into the arena; NULL when absent or its escapes
 * are bad.
 */
const char *request_query(const struct request *request, const char *name);

/* A cookie's value (RFC 6265 section 5.4), NULL when absent. */
const char *request_cookie(const struct request *request, const char *name);

/*
 * Reads up to SIZE bytes of the body. Returns the count, 0 at its end, -1 when the client went away, fell silent
 * or is slower than it may be. Never reads past Content-Length.
 */
ssize_t request_read(struct request *request, void *bytes, size_t size);

/* Why request_read() gave -1: ERR_SLOW when the client took too long, else ERR_ABORTED. */
enum err request_broken(const struct request *request, struct err_info *info);

/*
 * The whole body, at most LIMIT bytes, NUL added, in the arena. ERR_TOO_LARGE, ERR_LENGTH_REQUIRED, and as
 * request_broken().
 */
enum err request_body(struct request *request, size_t limit, char **out, size_t *length, struct err_info *info);

#endif
