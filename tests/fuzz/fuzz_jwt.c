/* SPDX-License-Identifier: MIT */
/*
 * jwt_verify() on any text, once as it is and once as the payload of a token that is signed: claims must be what was
 * checked.
 */
#include "auth/jwt.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

static int64_t fixed_now(void *context)
{
	(void)context;
	return INT64_C(1700000000000);
}

static void verify(const struct keyring *keys, const char *token, struct arena *arena)
{
	static const struct clock at = {fixed_now, NULL};
	static const struct jwt_policy policy = {.clock = &at};
	struct jwt_claims claims;

	if (jwt_verify(keys, &policy, token, arena, &claims, NULL) != ERR_OK)
		return;
	assert(claims.expires > 1700000000 && claims.not_before <= 1700000000);
	assert(claims.subject != NULL && claims.scope != NULL && claims.id != NULL);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static struct keyring keys;
	static struct jwt_key *key;
	struct arena arena = {0};
	char *token;

	if (key == NULL && (jwt_key_new("0123456789abcdef0123456789abcdef", &key, NULL) != ERR_OK ||
				   keyring_add(&keys, key, NULL) != ERR_OK))
		abort();
	verify(&keys, arena_memdup(&arena, bytes, length), &arena);
	if (length > 0 && jws_sign(key, bytes, length, &arena, &token, NULL) == ERR_OK)
		verify(&keys, token, &arena);
	arena_free(&arena);
	return 0;
}
