/* SPDX-License-Identifier: MIT */
#include "conf/conf_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

const char *conf_text_skip(const char *text)
{
	const char *end;

	if (*text == '#' || strncmp(text, "//", 2) == 0)
		return text + strcspn(text, "\n");
	if (strncmp(text, "/*", 2) == 0) {
		end = strstr(text + 2, "*/");
		return end == NULL ? text + strlen(text) : end + 2;
	}
	if (*text == '"') {
		for (end = text + 1; *end != '\0' && *end != '"'; end++)
			if (*end == '\\' && end[1] != '\0')
				end++;
		return *end == '"' ? end + 1 : end;
	}
	return text;
}

/* A whole number past 32 bits that libconfig would not read as one of 64. */
static bool number_too_long(const char *text, size_t length)
{
	static const char digits[] = "0123456789";
	int64_t value = 0;

	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return text[length - 1] != 'L' && length > 9;
	if (strspn(text, digits) != length)
		return false;
	for (size_t i = 0; i < length && value <= INT32_MAX; i++)
		value = value * 10 + (text[i] - '0');
	return value > INT32_MAX;
}

enum err conf_text_check(const char *path, const char *text, struct err_info *info)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@";
	int line = 1;

	while (*text != '\0') {
		const char *after = conf_text_skip(text);
		size_t length = after > text ? 0 : strspn(text, word);

		if (length == 8 && strncmp(text, "@include", 8) == 0)
			return err_set(info, ERR_BAD_REQUEST, "%s:%d: @include is not allowed here", path, line);
		if (length > 0 && number_too_long(text, length))
			return err_set(info, ERR_BAD_REQUEST,
				"%s:%d: %.*s is too large: append an L, or write a size as \"2G\"", path, line,
				(int)length, text);
		if (after == text)
			after += length > 0 ? length : 1;
		for (; text < after; text++)
			line += *text == '\n';
	}
	return ERR_OK;
}
