/* SPDX-License-Identifier: MIT */
#include "cli/duration.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

enum err duration_parse(const char *text, const char *option, int64_t *seconds, struct err_info *info)
{
	size_t length = strlen(text);
	char digits[16] = "";
	uint64_t value = 0;
	int64_t unit = length > 0 ? unit_seconds(text[length - 1]) : 0;

	if (unit == 0 || length - 1 >= sizeof digits)
		goto refuse;
	memcpy(digits, text, length - 1);
	if (!text_to_u64(digits, (uint64_t)(DURATION_MOST / unit), &value) || value == 0)
		goto refuse;
	*seconds = (int64_t)value * unit;
	return ERR_OK;
refuse:
	return err_set(info, ERR_BAD_REQUEST, "%s wants a span such as 90s, 15m, 1h or 7d, at most 3650d", option);
}

const char *duration_clock(int64_t ms, char out[static DURATION_TEXT])
{
	int64_t seconds = (ms + 500) / 1000;

	if (ms <= 0)
		snprintf(out, DURATION_TEXT, "-");
	else if (seconds < 3600)
		snprintf(out, DURATION_TEXT, "%" PRId64 ":%02" PRId64, seconds / 60, seconds % 60);
	else
		snprintf(out, DURATION_TEXT, "%" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600, seconds / 60 % 60,
			seconds % 60);
	return out;
}

const char *duration_ago(int64_t ms, char out[static DURATION_TEXT])
{
	int64_t seconds = ms / 1000;

	if (seconds <= 0)
		snprintf(out, DURATION_TEXT, "now");
	else if (seconds < 120)
		snprintf(out, DURATION_TEXT, "%" PRId64 " s ago", seconds);
	else if (seconds < 7200)
		snprintf(out, DURATION_TEXT, "%" PRId64 " min ago", seconds / 60);
	else if (seconds < 2 * 86400)
		snprintf(out, DURATION_TEXT, "%" PRId64 " h ago", seconds / 3600);
	else
		snprintf(out, DURATION_TEXT, "%" PRId64 " d ago", seconds / 86400);
	return out;
}
