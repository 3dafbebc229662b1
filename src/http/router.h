/* SPDX-License-Identifier: MIT */
/*
 * A route is a row: methods, pattern, scope, handler. The table of a responder is also its documentation.
 * Patterns are literal but for {name}, which matches one non-empty path segment up to the literal that follows it.
 */
#ifndef TONEARM_HTTP_ROUTER_H
#define TONEARM_HTTP_ROUTER_H

#include "http/request.h"
#include "http/response.h"

struct route {
	int methods;         /* HTTP_GET | HTTP_HEAD ...; HTTP_GET alone answers HEAD too */
	const char *pattern; /* "/hls/{track}/{quality}/playlist.m3u8"; also the metric label */
	const char *scope;   /* scope the token must carry, e.g. "track:write"; NULL: the handler decides */
	void (*handler)(struct request *request, struct response *response);
};

struct router {
	const struct route *routes;
	size_t count;
	/* Called before the handler of a route with a scope; ERR_OK lets it in. NULL when no route has one. */
	enum err (*authorize)(struct request *request, const char *scope, struct err_info *info);
	/* Called before any handler: ERR_OK lets it in. NULL lets in all. */
	enum err (*admit)(struct request *request, struct err_info *info);
};

/*
 * Finds the row, fills request->capture and calls the handler; 404 when no pattern matches, 405 with Allow when one
 * does but not for this method; OPTIONS is answered with Allow (204). Returns the pattern that matched, or "" .
 */
const char *router_handle(const struct router *router, struct request *request, struct response *response);

#endif
