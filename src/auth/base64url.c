/* SPDX-License-Identifier: MIT */
#include "auth/base64url.h"

#include <cjose/cjose.h>
#include <stdlib.h>

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_canonical(const char *text, size_t length)
{
	int unused = length % 4 == 2 ? 15 : length % 4 == 3 ? 3 : 0;

	if (length == 0 || length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (digit(text[i]) < 0)
			return false;
	}
	return (digit(text[length - 1]) & unused) == 0;
}

unsigned char *base64url_decode(const char *text, size_t length, struct arena *arena, size_t *out_length)
{
	uint8_t *bytes = NULL;
	unsigned char *copy;

	if (!base64url_canonical(text, length) || !cjose_base64url_decode(text, length, &bytes, out_length, NULL))
		return NULL;
	copy = (unsigned char *)arena_memdup(arena, bytes, *out_length);
	free(bytes);
	return copy;
}

char *base64url_encode(const void *bytes, size_t length, struct arena *arena)
{
	char *text = NULL, *copy;
	size_t used;

	if (!cjose_base64url_encode(bytes, length, &text, &used, NULL))
		abort();
	copy = arena_memdup(arena, text, used);
	free(text);
	return copy;
}
