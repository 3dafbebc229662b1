/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include "base/hash.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TIME_LENGTH = 10 };

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void random_bytes(unsigned char *out, size_t count)
{
	assert(count <= 256);
	if (getrandom(out, count, 0) != (ssize_t)count)
		abort();
}

static void put_time(uint64_t ms, char *out)
{
	for (int i = TIME_LENGTH - 1; i >= 0; i--, ms >>= 5)
		out[i] = alphabet[ms & 31];
}

void id_least(int64_t ms, char out[static ID_SIZE])
{
	put_time((uint64_t)ms, out);
	memset(out + TIME_LENGTH, alphabet[0], ID_LENGTH - TIME_LENGTH);
	out[ID_LENGTH] = '\0';
}

void id_new(const struct clock *clock, char out[static ID_SIZE])
{
	unsigned char random[10];

	random_bytes(random, sizeof random);
	put_time((uint64_t)clock_ms(clock), out);
	for (int half = 0; half < 2; half++) { /* 40 bits make 8 characters */
		uint64_t bits = 0;

		for (int i = 0; i < 5; i++)
			bits = bits << 8 | random[half * 5 + i];
		for (int i = 7; i >= 0; i--, bits >>= 5)
			out[TIME_LENGTH + half * 8 + i] = alphabet[bits & 31];
	}
	out[ID_LENGTH] = '\0';
}

bool id_valid(const char *text)
{
	return strspn(text, alphabet) == ID_LENGTH && text[ID_LENGTH] == '\0';
}

static uint64_t seeds[2];
static pthread_once_t seeds_once = PTHREAD_ONCE_INIT;

static void make_seeds(void)
{
	random_bytes((unsigned char *)seeds, sizeof seeds);
}

void id_unique_hex(char out[static 33])
{
	static atomic_uint_fast64_t count;
	uint64_t number = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed), words[2];

	pthread_once(&seeds_once, make_seeds);
	for (int i = 0; i < 2; i++)
		words[i] = hash_quick(&number, sizeof number, seeds[i]);
	hash_hex((const unsigned char *)words, sizeof words, out);
}

void id_random_hex(size_t count, char *out)
{
	unsigned char bytes[64];

	assert(count <= sizeof bytes);
	random_bytes(bytes, count);
	hash_hex(bytes, count, out);
}
