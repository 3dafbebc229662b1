/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	int exit_code;
	const char *slug;
	const char *title;
} table[ERR_COUNT] = {
	[ERR_OK] = {200, 0, "ok", "OK"},
	[ERR_BAD_REQUEST] = {400, 2, "bad-request", "Bad request"},
	[ERR_UNAUTHORIZED] = {401, 4, "unauthorized", "Not authorized"},
	[ERR_FORBIDDEN] = {403, 4, "forbidden", "Not permitted"},
	[ERR_PLACE] = {403, 4, "place", "Not available where you are"},
	[ERR_NOT_FOUND] = {404, 3, "not-found", "Not found"},
	[ERR_METHOD] = {405, 2, "method-not-allowed", "Method not allowed"},
	[ERR_SLOW] = {408, 5, "request-timeout", "Request too slow"},
	[ERR_CONFLICT] = {409, 1, "conflict", "Conflict"},
	[ERR_LENGTH_REQUIRED] = {411, 2, "length-required", "Length required"},
	[ERR_PRECONDITION] = {412, 1, "precondition-failed", "Precondition failed"},
	[ERR_TOO_LARGE] = {413, 2, "too-large", "Too large"},
	[ERR_URI_TOO_LONG] = {414, 2, "uri-too-long", "URI too long"},
	[ERR_UNSUPPORTED] = {415, 2, "unsupported-media", "Unsupported media"},
	[ERR_RANGE] = {416, 2, "range-not-satisfiable", "Range not satisfiable"},
	[ERR_UNPROCESSABLE] = {422, 2, "unprocessable", "Unprocessable content"},
	[ERR_LOCKED] = {423, 5, "locked", "Locked, try again"},
	[ERR_TOO_MANY] = {429, 5, "too-many-requests", "Too many requests"},
	[ERR_HEADERS] = {431, 2, "headers-too-large", "Request header fields too large"},
	[ERR_CHECKSUM] = {460, 1, "checksum-mismatch", "Checksum mismatch"},
	[ERR_INTERNAL] = {500, 1, "internal", "Internal error"},
	[ERR_IO] = {500, 1, "io", "Input or output failed"},
	[ERR_NO_MEMORY] = {503, 5, "no-memory", "Out of memory"},
	[ERR_BUSY] = {503, 5, "busy", "Busy, try again"},
	[ERR_NOT_READY] = {503, 5, "not-ready", "Not ready yet"},
	[ERR_TIMEOUT] = {504, 5, "timeout", "Timed out"},
	[ERR_NO_SPACE] = {503, 1, "no-space", "No space left"},
	[ERR_ABORTED] = {499, 1, "aborted", "Aborted"},
};

static void set_detail(struct err_info *info, enum err code, const char *format, va_list args)
{
	info->code = code;
	info->why = NULL;
	if (vsnprintf(info->detail, sizeof info->detail, format, args) < 0)
		info->detail[0] = '\0';
}

enum err err_set(struct err_info *info, enum err code, const char *format, ...)
{
	if (info != NULL) {
		va_list args;

		va_start(args, format);
		set_detail(info, code, format, args);
		va_end(args);
	}
	return code;
}

enum err err_clear(struct err_info *info)
{
	return err_set(info, ERR_OK, "%s", "");
}

enum err err_set_why(struct err_info *info, enum err code, const char *why, const char *format, ...)
{
	if (info != NULL) {
		va_list args;

		va_start(args, format);
		set_detail(info, code, format, args);
		va_end(args);
		info->why = why;
	}
	return code;
}

enum err err_set_errno(struct err_info *info, enum err code, int errnum, const char *format, ...)
{
	if (errnum == ENOSPC || errnum == EDQUOT)
		code = ERR_NO_SPACE;
	if (info != NULL) {
		char reason[96];
		size_t used;
		va_list args;

		va_start(args, format);
		set_detail(info, code, format, args);
		va_end(args);
		used = strlen(info->detail);
		snprintf(info->detail + used, sizeof info->detail - used, ": %s",
			strerror_r(errnum, reason, sizeof reason));
	}
	return code;
}

int err_http_status(enum err code)
{
	assert(code < ERR_COUNT);
	return table[code].status;
}

const char *err_slug(enum err code)
{
	assert(code < ERR_COUNT);
	return table[code].slug;
}

const char *err_why(enum err code, const struct err_info *info)
{
	return code != ERR_OK && info != NULL && info->why != NULL ? info->why : err_slug(code);
}

const char *err_title(enum err code)
{
	assert(code < ERR_COUNT);
	return table[code].title;
}

int err_exit_code(enum err code)
{
	assert(code < ERR_COUNT);
	return table[code].exit_code;
}
