/* SPDX-License-Identifier: MIT */
#include "http/condition.h"

#include "base/clock.h"

#include <string.h>

/* Length of the entity tag at TEXT (section 8.8.3), 0 when there is none. */
static size_t tag_length(const char *text)
{
	size_t start = strncmp(text, "W/", 2) == 0 ? 2 : 0;
	const char *end;

	if (text[start] != '"')
		return 0;
	end = strchr(text + start + 1, '"');
	return end == NULL ? 0 : (size_t)(end - text) + 1;
}

/* Section 8.8.3.2: weakly, the opaque parts are equal; strongly, both are strong besides. */
static bool tag_equal(const char *a, size_t a_length, const char *b, size_t b_length, bool weakly)
{
	bool a_weak = a_length > 2 && a[0] == 'W';
	bool b_weak = b_length > 2 && b[0] == 'W';

	if (!weakly && (a_weak || b_weak))
		return false;
	a += a_weak ? 2 : 0;
	a_length -= a_weak ? 2 : 0;
	b += b_weak ? 2 : 0;
	b_length -= b_weak ? 2 : 0;
	return a_length == b_length && memcmp(a, b, a_length) == 0;
}

/* Whether LIST is "*" or names ETAG. What cannot be read in it ends it. */
static bool list_names(const char *list, const char *etag, bool weakly)
{
	list += strspn(list, " \t");
	if (strcmp(list, "*") == 0)
		return true;
	for (;;) {
		size_t length;

		list += strspn(list, " \t,");
		length = tag_length(list);
		if (length == 0)
			return false;
		if (tag_equal(list, length, etag, strlen(etag), weakly))
			return true;
		list += length;
	}
}

enum condition condition_evaluate(const struct request *request, const char *etag, int64_t modified)
{
	bool safe = (request->method & (HTTP_GET | HTTP_HEAD)) != 0;
	const char *match = request_header(request, "if-match");
	const char *none_match = request_header(request, "if-none-match");
	const char *since = request_header(request, "if-modified-since");
	const char *unmodified = request_header(request, "if-unmodified-since");

	if (match != NULL) {
		if (!list_names(match, etag, false))
			return CONDITION_FAILED;
	} else if (unmodified != NULL) {
		int64_t when = clock_parse_http_date(unmodified);

		if (when >= 0 && modified > when)
			return CONDITION_FAILED;
	}
	if (none_match != NULL) {
		if (list_names(none_match, etag, true))
			return safe ? CONDITION_NOT_MODIFIED : CONDITION_FAILED;
	} else if (since != NULL && safe) {
		int64_t when = clock_parse_http_date(since);

		if (when >= 0 && modified <= when)
			return CONDITION_NOT_MODIFIED;
	}
	return CONDITION_PROCEED;
}

bool condition_range(const struct request *request, const char *etag, int64_t modified)
{
	const char *value = request_header(request, "if-range");
	size_t length;

	if (value == NULL)
		return true;
	length = tag_length(value);
	if (length > 0)
		return value[length] == '\0' && tag_equal(value, length, etag, strlen(etag), false);
	return clock_parse_http_date(value) == modified;
}
