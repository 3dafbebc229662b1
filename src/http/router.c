/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include "http/site.h"

#include <assert.h>
#include <string.h>

static const struct {
	enum http_method method;
	const char *name;
} names[] = {
	{HTTP_GET, "GET"},
	{HTTP_HEAD, "HEAD"},
	{HTTP_POST, "POST"},
	{HTTP_PUT, "PUT"},
	{HTTP_PATCH, "PATCH"},
	{HTTP_DELETE, "DELETE"},
	{HTTP_OPTIONS, "OPTIONS"},
};

/*
 * Whether PATTERN matches all of PATH. A capture takes the shortest piece that lets the rest match, so
 * "{n}.m4s" reads "7.m4s" and "{file}" takes a whole segment.
 */
static bool match(const char *pattern, const char *path, struct request *request, size_t captures)
{
	while (*pattern != '{') {
		if (*pattern != *path)
			return false;
		if (*pattern == '\0')
			return true;
		pattern++;
		path++;
	}
	pattern = strchr(pattern, '}') + 1;
	assert(captures < REQUEST_CAPTURES);
	for (size_t length = 1, most = strcspn(path, "/"); length <= most; length++) {
		if (*pattern != '{' && *pattern != path[length])
			continue;
		if (match(pattern, path + length, request, captures + 1)) {
			request->capture[captures] = arena_memdup(request->arena, path, length);
			return true;
		}
	}
	return false;
}

static int answered_methods(const struct route *route)
{
	return route->methods & HTTP_GET ? route->methods | HTTP_HEAD : route->methods;
}

static const char *allowed(int methods, struct arena *arena)
{
	const char *list = "";

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (methods & (int)names[i].method)
			list = arena_printf(arena, "%s%s%s", list, *list == '\0' ? "" : ", ", names[i].name);
	}
	return list;
}

/*
 * Players and pages of other sites may read everything but what concerns the running of this one. None is allowed
 * credentials but those of http.allowed_origins (site.h), so a cookie gives a foreign page nothing.
 */
static bool is_shared(const char *path)
{
	static const char *const own[] = {"/internal/", "/metrics", "/health", "/readyz"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (strncmp(path, own[i], strlen(own[i])) == 0)
			return false;
	}
	return true;
}

/* OPTIONS, which is also how a browser asks before it sends a cross-origin request (Fetch standard, CORS preflight). */
static void answer_options(struct response *response, const char *allow)
{
	response_status(response, 204);
	response_header(response, "Allow", allow);
	if (response->shared || site_reader(response->request) != NULL) {
		response_header(response, "Access-Control-Allow-Methods", allow);
		response_header(response, "Access-Control-Allow-Headers",
			"Authorization, Content-Disposition, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range, X-Request-Id");
		response_header(response, "Access-Control-Max-Age", "7200");
	}
	response_begin(response);
}

static void call(
	const struct router *router, const struct route *route, struct request *request, struct response *response)
{
	struct err_info info = {0};

	request->route = route->pattern;
	if (router->admit != NULL && router->admit(request, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	if (route->scope != NULL) {
		assert(router->authorize != NULL);
		if (router->authorize(request, route->scope, &info) != ERR_OK) {
			response_error(response, &info);
			return;
		}
	}
	route->handler(request, response);
}

const char *router_handle(const struct router *router, struct request *request, struct response *response)
{
	const char *pattern = "";
	const char *allow;
	int methods = 0;

	response->shared = is_shared(request->path);
	for (size_t i = 0; i < router->count; i++) {
		const struct route *route = &router->routes[i];

		if (!match(route->pattern, request->path, request, 0))
			continue;
		pattern = route->pattern;
		if (answered_methods(route) & (int)request->method) {
			call(router, route, request, response);
			return pattern;
		}
		methods |= answered_methods(route);
	}
	if (methods == 0) {
		response_problem(response, ERR_NOT_FOUND, "there is nothing at this path");
		return pattern;
	}
	allow = allowed(methods | HTTP_OPTIONS, request->arena);
	if (request->method == HTTP_OPTIONS) {
		answer_options(response, allow);
		return pattern;
	}
	response_status(response, 405);
	response_header(response, "Allow", allow);
	response_problem(response, ERR_METHOD, "the method is not allowed here");
	return pattern;
}
