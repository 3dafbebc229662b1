/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include "base/hash.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void random_bytes(unsigned char *out, size_t count)
{
	assert(count <= 256);
	if (getrandom(out, count, 0) != (ssize_t)count)
		abort();
}

void id_new(const struct clock *clock, char out[static ID_SIZE])
{
	unsigned char random[10];
	uint64_t time = (uint64_t)clock_ms(clock);

	random_bytes(random, sizeof random);
	for (int i = 9; i >= 0; i--, time >>= 5)
		out[i] = alphabet[time & 31];
	for (int half = 0; half < 2; half++) { /* 40 bits make 8 characters */
		uint64_t bits = 0;

		for (int i = 0; i < 5; i++)
			bits = bits << 8 | random[half * 5 + i];
		for (int i = 7; i >= 0; i--, bits >>= 5)
			out[10 + half * 8 + i] = alphabet[bits & 31];
	}
	out[ID_LENGTH] = '\0';
}

bool id_valid(const char *text)
{
	return strspn(text, alphabet) == ID_LENGTH && text[ID_LENGTH] == '\0';
}

void id_random_hex(size_t count, char *out)
{
	unsigned char bytes[64];

	assert(count <= sizeof bytes);
	random_bytes(bytes, count);
	hash_hex(bytes, count, out);
}
