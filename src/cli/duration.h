/* SPDX-License-Identifier: MIT */
/* Spans of time as people type and read them. Pure, thread-safe. */
#ifndef TONEARM_CLI_DURATION_H
#define TONEARM_CLI_DURATION_H

#include "base/err.h"

#include <stdint.h>

/* Size of the text forms below, NUL included; the longest span that is accepted, in seconds (ten years). */
enum { DURATION_TEXT = 32, DURATION_MOST = 3650 * 86400 };

/*
 * Reads digits and one unit, "90s", "15m", "1h" or "7d", into seconds from 1 to DURATION_MOST. Nothing else is taken:
 * no sign, space, fraction, or number without a unit. ERR_BAD_REQUEST with a sentence that names OPTION.
 */
enum err duration_parse(const char *text, const char *option, int64_t *seconds, struct err_info *info);

/* A length of sound, "3:05" or "1:02:09", rounded to the second; "-" for 0. Returns OUT. */
const char *duration_clock(int64_t ms, char out[static DURATION_TEXT]);

/* How long ago, in its largest unit: "now", "42 s ago", "5 min ago", "3 h ago", "12 d ago". Returns OUT. */
const char *duration_ago(int64_t ms, char out[static DURATION_TEXT]);

#endif
