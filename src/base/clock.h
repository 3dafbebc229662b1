/* SPDX-License-Identifier: MIT */
/*
 * Time, injected wherever a test would otherwise sleep. A NULL clock is the system's. Thread-safe.
 */
#ifndef TONEARM_BASE_CLOCK_H
#define TONEARM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct clock {
	int64_t (*now_ms)(void *context); /* milliseconds since 1970-01-01 UTC */
	void *context;
};

/* Wall clock: milliseconds or whole seconds since 1970-01-01 UTC. */
int64_t clock_ms(const struct clock *clock);
int64_t clock_seconds(const struct clock *clock);

/* Microseconds that only ever grow, of an arbitrary origin: for durations. */
int64_t clock_monotonic_us(void);

/* Size of the text forms below, NUL included. */
enum { CLOCK_TEXT = 32 };

/* RFC 9110 section 5.6.7 IMF-fixdate, e.g. "Sun, 06 Nov 1994 08:49:37 GMT"; returns OUT. */
const char *clock_http_date(int64_t seconds, char out[static CLOCK_TEXT]);

/* RFC 3339 in UTC with milliseconds, e.g. "1994-11-06T08:49:37.000Z"; returns OUT. */
const char *clock_rfc3339(int64_t ms, char out[static CLOCK_TEXT]);

/* RFC 3339 in UTC ("Z"), with or without a fraction of the second, to milliseconds; -1 when it is not. */
int64_t clock_parse_rfc3339(const char *text);

/* Any of the three date forms of RFC 9110 section 5.6.7 to seconds; -1 when it is none of them. */
int64_t clock_parse_http_date(const char *text);

#endif
