/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

/* No program here calls setlocale(): names of days and months stay English, as HTTP wants them. */

int64_t clock_ms(const struct clock *clock)
{
	struct timespec now;

	if (clock != NULL)
		return clock->now_ms(clock->context);
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_seconds(const struct clock *clock)
{
	return clock_ms(clock) / 1000;
}

int64_t clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *clock_http_date(int64_t seconds, char out[static CLOCK_TEXT])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	gmtime_r(&time, &tm);
	strftime(out, CLOCK_TEXT, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return out;
}

const char *clock_rfc3339(int64_t ms, char out[static CLOCK_TEXT])
{
	time_t time = (time_t)(ms / 1000);
	struct tm tm;
	size_t used;

	gmtime_r(&time, &tm);
	used = strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + used, CLOCK_TEXT - used, ".%03dZ", (int)(ms % 1000));
	return out;
}

int64_t clock_parse_rfc3339(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ms = 0, unit = 100;

	if (end == NULL)
		return -1;
	if (*end == '.') {
		const char *fraction = end + 1;

		for (end = fraction; *end >= '0' && *end <= '9'; end++, unit /= 10)
			ms += (*end - '0') * unit;
		if (end == fraction)
			return -1;
	}
	return strcmp(end, "Z") == 0 ? (int64_t)timegm(&tm) * 1000 + ms : -1;
}

int64_t clock_parse_http_date(const char *text)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
		"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %d %H:%M:%S %Y",      /* asctime() */
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);

		if (end != NULL && *end == '\0')
			return (int64_t)timegm(&tm);
	}
	return -1;
}
