/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

bool text_is_word(const char *text, size_t most)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length >= 1 && length <= most && text[length] == '\0';
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool text_to_u64(const char *text, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value) || value > most)
			return false;
	}
	*out = value;
	return true;
}

/* Length of the valid UTF-8 sequence at BYTES (RFC 3629 section 4), 0 when there is none. Sets CODE. */
static size_t sequence(const unsigned char *bytes, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	uint32_t value;

	if (bytes[0] < 0x80) {
		*code = bytes[0];
		return 1;
	}
	if (bytes[0] >= 0xC2 && bytes[0] <= 0xDF)
		length = 2, value = bytes[0] & 0x1FU;
	else if ((bytes[0] & 0xF0) == 0xE0)
		length = 3, value = bytes[0] & 0x0FU;
	else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4)
		length = 4, value = bytes[0] & 0x07U;
	else
		return 0;
	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3FU);
	}
	if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return 0;
	*code = value;
	return length;
}

bool text_is_utf8(const char *text)
{
	size_t left = strlen(text), taken = 1;
	uint32_t code;

	for (; left > 0 && taken > 0; text += taken, left -= taken)
		taken = sequence((const unsigned char *)text, left, &code);
	return taken > 0;
}

char *text_to_utf8(const char *bytes, size_t length)
{
	const unsigned char *in = (const unsigned char *)bytes;
	char *result = malloc(length * 3 + 1);
	char *out = result;

	if (result == NULL)
		abort();
	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		size_t taken = sequence(in + at, length - at, &code);

		if (taken == 0) {
			memcpy(out, "\xEF\xBF\xBD", 3);
			out += 3;
			at++;
			continue;
		}
		if ((code >= 0x20 && code != 0x7F && (code < 0x80 || code > 0x9F)) || code == '\t' || code == '\n') {
			memcpy(out, in + at, taken);
			out += taken;
		}
		at += taken;
	}
	*out = '\0';
	return result;
}

void text_cut_utf8(char *text, size_t most)
{
	size_t length = strlen(text);

	if (length <= most)
		return;
	while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
		most--;
	text[most] = '\0';
}

char *text_clean(const char *text, size_t most, struct arena *arena)
{
	char *utf8, *result = NULL;

	if (text == NULL)
		return NULL;
	utf8 = text_to_utf8(text, strlen(text));
	text_cut_utf8(utf8, most);
	if (utf8[strspn(utf8, " \t\n")] != '\0')
		result = arena_strdup(arena, utf8);
	free(utf8);
	return result;
}
