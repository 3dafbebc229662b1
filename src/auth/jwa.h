/* SPDX-License-Identifier: MIT */
/*
 * The algorithms that may sign a token (RFC 7518 section 3.1, RFC 8037 section 3.1): one table of names, with the type
 * of key that each wants. "none" is not among them. Pure, thread-safe.
 */
#ifndef TONEARM_AUTH_JWA_H
#define TONEARM_AUTH_JWA_H

#include "base/err.h"

#include <stddef.h>

/* Each a bit, so that what a key may be used for is a set. */
enum jwa {
	JWA_HS256 = 1 << 0,
	JWA_HS384 = 1 << 1,
	JWA_HS512 = 1 << 2,
	JWA_RS256 = 1 << 3,
	JWA_RS384 = 1 << 4,
	JWA_RS512 = 1 << 5,
	JWA_PS256 = 1 << 6,
	JWA_ES256 = 1 << 7,
	JWA_ES384 = 1 << 8,
	JWA_EDDSA = 1 << 9,
	JWA_SECRET = JWA_HS256 | JWA_HS384 | JWA_HS512
};

struct jwa_row {
	enum jwa jwa;
	const char *name;    /* as `alg` has it */
	const char *type;    /* `kty` of its keys */
	const char *curve;   /* `crv` of its keys; NULL when the type has none */
	size_t secret_least; /* bytes of a secret, RFC 7518 section 3.2; 0 for others */
	size_t signature;    /* bytes of each signature; 0: as the key has it */
};

/* The row of the name; NULL when there is none. Case counts. */
const struct jwa_row *jwa_find(const char *name);

/* The set that a key of TYPE and CURVE (NULL when it names none) is fit for; 0 when it is for none. */
unsigned jwa_of_key(const char *type, const char *curve);

/* The subset of SET that a secret of LENGTH bytes is long enough for. */
unsigned jwa_long_enough(unsigned set, size_t length);

/* Reads names separated by spaces. ERR_BAD_REQUEST for a name that is not there, or for none at all. */
enum err jwa_read(const char *words, unsigned *out, struct err_info *info);

#endif
