/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "base/clock.h"
#include "http/transport.h"
#include "http/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HEADER_NAME_MOST = 64, HEADER_LINES_MOST = 32 };

const char *request_parameter(const struct request *request, const char *name)
{
	return request->transport->class->parameter(request->transport, name, 0);
}

/* "if-none-match" as the CGI parameter HTTP_IF_NONE_MATCH (RFC 3875 section 4.1.18). */
static void name_parameter(const char *name, char parameter[static HEADER_NAME_MOST])
{
	size_t used = (size_t)snprintf(parameter, HEADER_NAME_MOST, "HTTP_");

	for (; *name != '\0' && used < HEADER_NAME_MOST - 1; name++)
		parameter[used++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
	parameter[used] = '\0';
}

const char *request_header(const struct request *request, const char *name)
{
	char parameter[HEADER_NAME_MOST];
	const char *value;

	if (strcmp(name, "content-type") == 0)
		return request_parameter(request, "CONTENT_TYPE");
	if (strcmp(name, "content-length") == 0)
		return request_parameter(request, "CONTENT_LENGTH");
	name_parameter(name, parameter);
	value = request_parameter(request, parameter);
	/* Apache keeps the credential from CGI programs unless a rewrite rule hands it on under this name. */
	if (value == NULL && strcmp(parameter, "HTTP_AUTHORIZATION") == 0)
		value = request_parameter(request, "REDIRECT_HTTP_AUTHORIZATION");
	return value;
}

const char *request_header_list(const struct request *request, const char *name)
{
	struct transport *transport = request->transport;
	char parameter[HEADER_NAME_MOST];
	const char *list, *more;

	name_parameter(name, parameter);
	list = request_parameter(request, parameter);
	for (size_t skip = 1; list != NULL && skip < HEADER_LINES_MOST; skip++) {
		more = transport->class->parameter(transport, parameter, skip);
		if (more == NULL)
			break;
		list = arena_printf(request->arena, "%s, %s", list, more);
	}
	return list;
}

size_t request_header_lines(const struct request *request, const char *name)
{
	struct transport *transport = request->transport;
	char parameter[HEADER_NAME_MOST];
	size_t count = 0;

	name_parameter(name, parameter);
	while (count < HEADER_LINES_MOST && transport->class->parameter(transport, parameter, count) != NULL)
		count++;
	return count;
}

const char *request_query(const struct request *request, const char *name)
{
	return url_query_value(request->query, name, request->arena);
}

const char *request_cookie(const struct request *request, const char *name)
{
	const char *at = request_header(request, "cookie");
	size_t name_length = strlen(name);

	while (at != NULL && *at != '\0') {
		size_t length;

		at += strspn(at, "; \t,");
		length = strcspn(at, ";");
		if (length > name_length && strncmp(at, name, name_length) == 0 && at[name_length] == '=') {
			const char *value = at + name_length + 1;

			length -= name_length + 1;
			if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
				return arena_memdup(request->arena, value + 1, length - 2);
			return arena_memdup(request->arena, value, length);
		}
		at += length;
	}
	return NULL;
}

ssize_t request_read(struct request *request, void *bytes, size_t size)
{
	int64_t before;
	ssize_t got;

	if (request->content_length >= 0) {
		uint64_t left = (uint64_t)request->content_length - request->body_read;

		if (left < size)
			size = (size_t)left;
	}
	if (size == 0)
		return 0;
	before = clock_monotonic_us();
	errno = 0;
	got = request->transport->class->read(request->transport, bytes, size);
	if (got < 0)
		request->slow = errno == ETIMEDOUT;
	if (got == 0 && request->content_length >= 0)
		return -1;
	if (got > 0) {
		request->body_read += (uint64_t)got;
		request->slow = !pace_keep(&request->receiving, clock_monotonic_us() - before, (size_t)got);
	}
	return request->slow ? -1 : got;
}

enum err request_broken(const struct request *request, struct err_info *info)
{
	return request->slow ? err_set(info, ERR_SLOW, "the body came too slowly")
			     : err_set(info, ERR_ABORTED, "the body broke off");
}

enum err request_body(struct request *request, size_t limit, char **out, size_t *length, struct err_info *info)
{
	size_t want;
	char *body;

	*out = NULL;
	*length = 0;
	if (request->content_length < 0)
		return err_set(info, ERR_LENGTH_REQUIRED, "Content-Length is missing");
	if ((uint64_t)request->content_length > limit)
		return err_set(info, ERR_TOO_LARGE, "the body is longer than %zu bytes", limit);
	want = (size_t)request->content_length;
	body = arena_alloc(request->arena, want + 1);
	for (size_t used = 0; used < want;) {
		ssize_t got = request_read(request, body + used, want - used);

		if (got <= 0)
			return request_broken(request, info);
		used += (size_t)got;
	}
	*out = body;
	*length = want;
	return ERR_OK;
}
