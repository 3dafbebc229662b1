/* SPDX-License-Identifier: MIT */
#include "http/range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Reads digits at *TEXT and steps over them; a number past 64 bits is held at the largest. False when there is none. */
static bool read_number(const char **text, uint64_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			value = UINT64_MAX;
	}
	if (at == *text)
		return false;
	*text = at;
	*out = value;
	return true;
}

/* One int-range or suffix-range at *TEXT. False when malformed; *SATISFIABLE says whether OUT is set. */
static bool read_spec(const char **text, uint64_t size, struct range *out, bool *satisfiable)
{
	uint64_t first, last = UINT64_MAX;

	if (**text == '-') {
		uint64_t suffix;

		++*text;
		if (!read_number(text, &suffix))
			return false;
		*satisfiable = suffix > 0 && size > 0;
		if (*satisfiable)
			*out = (struct range){suffix < size ? size - suffix : 0, size - 1};
		return true;
	}
	if (!read_number(text, &first) || **text != '-')
		return false;
	++*text;
	if (**text >= '0' && **text <= '9' && read_number(text, &last) && last < first)
		return false;
	*satisfiable = first < size;
	if (*satisfiable)
		*out = (struct range){first, last < size ? last : size - 1};
	return true;
}

enum range_result range_parse(const char *header, uint64_t size, struct range out[static RANGE_MOST], size_t *count)
{
	size_t asked = 0, total = 0;
	uint64_t covered = 0;

	*count = 0;
	if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
		return RANGE_NONE;
	header += 6;
	for (;;) {
		struct range one;
		bool satisfiable;

		header += strspn(header, " \t,");
		if (*header == '\0')
			break;
		if (asked++ == RANGE_MOST || !read_spec(&header, size, &one, &satisfiable))
			return RANGE_NONE;
		header += strspn(header, " \t");
		if (*header != '\0' && *header != ',')
			return RANGE_NONE;
		if (!satisfiable)
			continue;
		if (__builtin_add_overflow(covered, one.last - one.first + 1, &covered))
			return RANGE_NONE;
		out[total++] = one;
	}
	if (asked == 0 || (covered > size && covered - size > size))
		return RANGE_NONE;
	*count = total;
	return total > 0 ? RANGE_OK : RANGE_UNSATISFIABLE;
}
