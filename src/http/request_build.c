/* SPDX-License-Identifier: MIT */
#include "http/request_build.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "http/url.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
	{"GET", HTTP_GET},
	{"HEAD", HTTP_HEAD},
	{"POST", HTTP_POST},
	{"PUT", HTTP_PUT},
	{"PATCH", HTTP_PATCH},
	{"DELETE", HTTP_DELETE},
	{"OPTIONS", HTTP_OPTIONS},
};

static enum http_method method_of(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].method;
	}
	return HTTP_OTHER;
}

static const char *parameter_or(const struct request *request, const char *name, const char *otherwise)
{
	const char *value = request_parameter(request, name);

	return value == NULL || *value == '\0' ? otherwise : value;
}

static bool id_sane(const char *id)
{
	size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return length >= 8 && length < REQUEST_ID_SIZE && id[length] == '\0';
}

static void take_id(struct request *request)
{
	const char *given = request_header(request, "x-request-id");

	if (given != NULL && id_sane(given))
		snprintf(request->id, sizeof request->id, "%s", given);
	else
		id_unique_hex(request->id);
}

/* "/music/" and "/music" give "/music"; "/" and what does not start with a slash give "". */
static const char *clean_prefix(const char *prefix, struct arena *arena)
{
	size_t length = strlen(prefix);

	while (length > 0 && prefix[length - 1] == '/')
		length--;
	if (length == 0 || prefix[0] != '/')
		return "";
	return arena_memdup(arena, prefix, length);
}

/* SCRIPT_NAME and PATH_INFO come decoded; with "%" and "?" encoded again, they are read as REQUEST_URI is. */
static const char *script_path(const struct request *request)
{
	const char *script = parameter_or(request, "SCRIPT_NAME", "");
	const char *info = parameter_or(request, "PATH_INFO", "");
	size_t length = strlen(script);
	const char *joined;
	char *out;
	size_t used = 0;

	if (length > 0 && script[length - 1] == '/' && info[0] == '/')
		length--;
	joined = arena_printf(request->arena, "%.*s%s", (int)length, script, info);
	out = arena_array(request->arena, strlen(joined) + 1, 3);
	for (; *joined != '\0'; joined++) {
		if (*joined == '%' || *joined == '?') {
			memcpy(out + used, *joined == '%' ? "%25" : "%3F", 3);
			used += 3;
		} else {
			out[used++] = *joined;
		}
	}
	return out;
}

/* Steps over "http://host" of the absolute form (RFC 9112 section 3.2.2). */
static const char *skip_authority(const char *uri)
{
	const char *after;

	if (uri[0] == '/' || (after = strstr(uri, "://")) == NULL || after > strpbrk(uri, "/?"))
		return uri;
	after += 3;
	after += strcspn(after, "/?");
	return *after == '/' ? after : "/";
}

/* "auto": what stands in PATH before PATH_INFO, which the web server found below the script. */
static bool measure_prefix(struct request *request, const char *path)
{
	const char *below = parameter_or(request, "PATH_INFO", "");
	size_t length = strlen(path), tail = strlen(below);

	if (tail > length || strcmp(path + length - tail, below) != 0)
		return false;
	request->prefix = clean_prefix(arena_memdup(request->arena, path, length - tail), request->arena);
	return true;
}

/* Takes the prefix off PATH. */
static bool take_prefix(struct request *request, const char *path)
{
	size_t length;

	if (strcmp(parameter_or(request, "TONEARM_PREFIX", ""), "auto") == 0 && !measure_prefix(request, path))
		return false;
	length = strlen(request->prefix);
	if (strncmp(path, request->prefix, length) != 0 || (path[length] != '/' && path[length] != '\0'))
		return false;
	request->path = path[length] == '\0' ? "/" : path + length;
	return true;
}

static enum err take_path(struct request *request, struct err_info *info)
{
	const char *uri = parameter_or(request, "REQUEST_URI", NULL);
	char *path;
	enum err code;

	uri = uri == NULL ? script_path(request) : skip_authority(uri);
	code = url_decode_path(uri, strcspn(uri, "?"), request->arena, &path, info);
	if (code == ERR_OK && !take_prefix(request, path))
		code = err_set(info, ERR_NOT_FOUND, "the path is not below the prefix");
	return code;
}

static enum err take_length(struct request *request, struct err_info *info)
{
	const char *text = parameter_or(request, "CONTENT_LENGTH", NULL);
	uint64_t length;

	if (text == NULL)
		return ERR_OK;
	if (!text_to_u64(text, INT64_MAX, &length))
		return err_set(info, ERR_BAD_REQUEST, "Content-Length is no number");
	request->content_length = (int64_t)length;
	return ERR_OK;
}

enum err request_build(struct request *request, struct transport *transport, struct arena *arena, struct err_info *info)
{
	const char *https;
	enum err code;

	*request = (struct request){.arena = arena, .transport = transport, .path = "", .route = "", .content_length = -1};
	request->started_us = clock_monotonic_us();
	take_id(request);
	request->method_name = parameter_or(request, "REQUEST_METHOD", "");
	request->method = method_of(request->method_name);
	request->query = parameter_or(request, "QUERY_STRING", "");
	request->prefix = clean_prefix(parameter_or(request, "TONEARM_PREFIX", ""), arena);
	request->remote = parameter_or(request, "REMOTE_ADDR", "");
	request->delivery = "direct";
	request->content_type = parameter_or(request, "CONTENT_TYPE", "");
	https = parameter_or(request, "HTTPS", "off");
	request->https = strcmp(https, "off") != 0 || strcmp(parameter_or(request, "REQUEST_SCHEME", ""), "https") == 0;
	if (request->method_name[0] == '\0')
		return err_set(info, ERR_BAD_REQUEST, "there is no request method");
	code = take_length(request, info);
	return code == ERR_OK ? take_path(request, info) : code;
}
