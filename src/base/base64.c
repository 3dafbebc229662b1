/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

unsigned char *base64_decode(const char *text, size_t length, struct arena *arena, size_t *out_length)
{
	size_t padding = 0;
	unsigned char *out;

	if (length % 4 != 0 || length >= INT_MAX)
		return NULL;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < length - padding; i++) {
		if (text[i] == '\0' || strchr(alphabet, text[i]) == NULL)
			return NULL;
	}
	out = arena_alloc(arena, length / 4 * 3 + 1);
	/* It takes space around the text and any padding, which is why it was looked at before. */
	if (length > 0 && EVP_DecodeBlock(out, (const unsigned char *)text, (int)length) < 0)
		return NULL;
	*out_length = length / 4 * 3 - padding;
	out[*out_length] = '\0';
	return out;
}
