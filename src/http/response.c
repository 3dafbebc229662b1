/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "http/condition.h"
#include "http/site.h"
#include "http/transport.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A piece goes out between two looks at the clock. */
enum { HEADER_BLOCK_MOST = 32 * 1024, HEADER_BLOCK_USUAL = 1000, PIECE = 16 * 1024 };

struct response_field {
	const char *name;
	char *value;
	struct response_field *next;
};

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{422, "Unprocessable Content"},
	{423, "Locked"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{460, "Checksum Mismatch"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

void response_init(struct response *response, struct request *request)
{
	*response = (struct response){.request = request, .expected = -1};
}

void response_status(struct response *response, int status)
{
	assert(!response->begun && status >= 200 && status <= 599);
	response->status = status;
}

/* Mostly the first letter tells. */
static bool same_name(const char *a, const char *b)
{
	return (*a | 0x20) == (*b | 0x20) && strcasecmp(a, b) == 0;
}

static struct response_field *find_field(const struct response *response, const char *name)
{
	struct response_field *field = response->fields;

	while (field != NULL && !same_name(field->name, name))
		field = field->next;
	return field;
}

/* Fields that are lists or may stand more than once; any other is set anew. */
static bool repeats(const char *name)
{
	return same_name(name, "Set-Cookie") || same_name(name, "Link") || same_name(name, "Vary");
}

static char *clean_value(const char *value, struct arena *arena)
{
	char *clean = arena_strdup(arena, value);

	for (char *c = clean; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = ' ';
	}
	return clean;
}

void response_header(struct response *response, const char *name, const char *value)
{
	struct arena *arena = response->request->arena;
	struct response_field **end = &response->fields;
	struct response_field *field = repeats(name) ? NULL : find_field(response, name);

	assert(response->status != 0 && !response->begun);
	if (field != NULL) {
		field->value = clean_value(value, arena);
		return;
	}
	field = arena_alloc(arena, sizeof *field);
	field->name = arena_strdup(arena, name);
	field->value = clean_value(value, arena);
	while (*end != NULL)
		end = &(*end)->next;
	*end = field;
}

void response_headerf(struct response *response, const char *name, const char *format, ...)
{
	va_list args;
	const char *value;

	va_start(args, format);
	value = arena_vprintf(response->request->arena, format, args);
	va_end(args);
	response_header(response, name, value);
}

/* HEAD, 204 and 304 have no body (RFC 9110 sections 9.3.2, 15.3.5, 15.4.5). */
static bool bodyless(const struct response *response)
{
	return response->request->method == HTTP_HEAD || response->status == 204 || response->status == 304;
}

/* 204 and 304 have no body that fields could describe. */
static bool field_sent(const struct response *response, const char *name)
{
	if (response->status == 204 || response->status == 304)
		return !same_name(name, "Content-Length") && !same_name(name, "Content-Type");
	return true;
}

/* The client did not take what was sent, for CODE; the first reason stays. */
static void fail(struct response *response, enum err code)
{
	response->failed = true;
	if (response->problem == ERR_OK)
		response->problem = code;
}

static void transport_write(struct response *response, const void *bytes, size_t length)
{
	struct transport *transport = response->request->transport;
	const char *at = bytes;

	while (!response->failed && length > 0) {
		size_t piece = length < PIECE ? length : PIECE;
		int64_t before = clock_monotonic_us();

		if (!transport->class->write(transport, at, piece))
			fail(response, ERR_ABORTED);
		else if (!pace_keep(&response->request->sending, clock_monotonic_us() - before, piece))
			fail(response, ERR_SLOW);
		at += piece;
		length -= piece;
	}
}

/*
 * RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10), but where caches give the answer to others, for whom they
 * would not hold.
 */
static void quota_headers(struct response *response)
{
	const struct request_quota *quota = &response->request->quota;
	const struct response_field *cached = find_field(response, "Cache-Control");

	if (quota->policies != NULL && (cached == NULL || strncmp(cached->value, "public", 6) != 0)) {
		response_header(response, "RateLimit-Policy", quota->policies);
		response_header(response, "RateLimit", quota->states);
	}
	if (response->status == 429 && quota->retry_s > 0)
		response_headerf(response, "Retry-After", "%" PRId64, quota->retry_s);
}

static void common_headers(struct response *response)
{
	response_header(response, "X-Request-Id", response->request->id);
	quota_headers(response);
	site_share(response);
}

void response_begin(struct response *response)
{
	const struct response_field *length, *type;
	struct buf block;

	assert(response->status != 0 && !response->begun);
	common_headers(response);
	length = find_field(response, "Content-Length");
	if (length != NULL)
		response->expected = strtoll(length->value, NULL, 10);
	buf_init(&block, HEADER_BLOCK_MOST);
	buf_reserve(&block, HEADER_BLOCK_USUAL);
	buf_printf(&block, "Status: %d %s\r\n", response->status, reason_of(response->status));
	for (const struct response_field *field = response->fields; field != NULL; field = field->next) {
		if (!field_sent(response, field->name))
			continue;
		buf_puts(&block, field->name);
		buf_puts(&block, ": ");
		buf_puts(&block, field->value);
		buf_puts(&block, "\r\n");
	}
	type = find_field(response, "Content-Type");
	site_put_fields(&block, response, type != NULL ? type->value : NULL);
	buf_puts(&block, "\r\n");
	response->begun = true;
	if (block.overflow)
		fail(response, ERR_HEADERS); /* no half header block: the connection breaks off */
	else
		transport_write(response, block.data, block.length);
	response->begun_us = clock_monotonic_us();
	buf_free(&block);
}

bool response_write(struct response *response, const void *bytes, size_t length)
{
	assert(response->begun);
	response->written += length;
	assert(response->expected < 0 || response->written <= (uint64_t)response->expected);
	if (bodyless(response))
		return !response->failed;
	transport_write(response, bytes, length);
	if (!response->failed)
		response->bytes += length;
	return !response->failed;
}

bool response_flush(struct response *response)
{
	struct transport *transport = response->request->transport;

	if (!response->failed && !transport->class->flush(transport))
		fail(response, ERR_ABORTED);
	return !response->failed;
}

bool response_wait(struct response *response, int ms)
{
	struct transport *transport = response->request->transport;

	return !response->failed && transport->class->wait(transport, ms);
}

void response_later(struct response *response, int ms,
	void (*resume)(struct response *response, void *state, bool wanted), void *state)
{
	assert(response->begun && response->resume == NULL && ms >= 0);
	response->resume = resume;
	response->resume_state = state;
	response->resume_ms = ms;
}

bool response_whole(const struct response *response)
{
	if (response->failed || !response->begun)
		return false;
	return response->expected < 0 || bodyless(response) || response->bytes == (uint64_t)response->expected;
}

void response_body(struct response *response, const char *type, const void *bytes, size_t length)
{
	response_header(response, "Content-Type", type);
	response_headerf(response, "Content-Length", "%zu", length);
	response_begin(response);
	response_write(response, bytes, length);
}

static void send_json(struct response *response, const char *type, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	assert(text != NULL);
	response_header(response, "Cache-Control", "no-store");
	response_body(response, type, text, strlen(text));
	free(text);
}

void response_json(struct response *response, int status, json_t *object)
{
	response_status(response, status);
	send_json(response, "application/json", object);
}

/* What described the answer that now is not given goes; what belongs to a refusal stays. */
static void keep_refusal_fields(struct response *response)
{
	static const char *const kept[] = {"Allow", "Retry-After", "WWW-Authenticate", "Content-Range", "Vary",
		"X-Accel-Expires", "X-Tonearm-Retry-After", "Tus-Resumable", "Tus-Version", "Tus-Max-Size"};
	struct response_field **at = &response->fields;

	while (*at != NULL) {
		bool keep = false;

		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
			keep |= same_name((*at)->name, kept[i]);
		if (keep)
			at = &(*at)->next;
		else
			*at = (*at)->next;
	}
}

void response_problem(struct response *response, enum err code, const char *detail)
{
	int status = err_http_status(code);
	struct request *request = response->request;
	char *clean;

	if (response->begun) {
		fail(response, code); /* too late to say it: the connection breaks off */
		return;
	}
	response->problem = code;
	keep_refusal_fields(response);
	response_status(response, status);
	if (status == 401)
		response_header(response, "WWW-Authenticate", "Bearer");
	if (status == 503 && find_field(response, "Retry-After") == NULL)
		response_header(response, "Retry-After", "5");
	clean = text_to_utf8(detail, strlen(detail)); /* it may quote what the client sent, or be cut within a character */
	send_json(response, "application/problem+json",
		json_pack("{s:o, s:s, s:i, s:s, s:s}", "type", json_sprintf("urn:tonearm:problem:%s", err_slug(code)),
			"title", err_title(code), "status", status, "detail", clean, "instance", request->id));
	free(clean);
}

void response_error(struct response *response, const struct err_info *info)
{
	if (err_http_status(info->code) < 500) {
		response_problem(response, info->code, info->detail);
		return;
	}
	log_failure(LOG_ERROR, "request failed", info);
	response_problem(response, info->code, err_title(info->code));
}

bool response_not_modified(struct response *response, const char *etag, int64_t modified)
{
	char date[CLOCK_TEXT];

	if (response->status == 0)
		response_status(response, 200);
	response_header(response, "ETag", etag);
	response_header(response, "Last-Modified", clock_http_date(modified, date));
	switch (condition_evaluate(response->request, etag, modified)) {
	case CONDITION_NOT_MODIFIED:
		response_status(response, 304);
		response_begin(response);
		return true;
	case CONDITION_FAILED:
		response_problem(response, ERR_PRECONDITION, "the resource has changed");
		return true;
	case CONDITION_PROCEED:
		break;
	}
	return false;
}
