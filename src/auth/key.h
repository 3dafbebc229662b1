/* SPDX-License-Identifier: MIT */
/*
 * One key that signs or verifies tokens, and what it may be used for.
 *
 *     secret, JWK (RFC 7517), PEM ──► checked, public part alone ──► struct jwt_key ──► jws.h
 *
 * A key is used with the algorithms that were configured for it and no other, whatever a token says. Of a private key
 * only the public part is kept. Made before the threads and freed after them, else only read: see jws.h.
 */
#ifndef TONEARM_AUTH_KEY_H
#define TONEARM_AUTH_KEY_H

#include "auth/jwa.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

enum { JWT_KEY_ID_MOST = 128, JWT_KEY_RSA_LEAST_BITS = 2048, JWT_KEY_RSA_MOST_BITS = 8192 };

struct jwt_key;

/* SECRET is an HS256 key as text without a name, at least 32 bytes (RFC 7518 section 3.2). ERR_BAD_REQUEST. */
enum err jwt_key_new(const char *secret, struct jwt_key **out, struct err_info *info);

/*
 * All three: a key of ALGORITHMS (a set of enum jwa), as far as its type and size are fit for them. ID is its name, ""
 * when it has none; of a JWK the `kid` counts. *OUT is owned by the caller, who gives it back with jwt_key_free(); NULL
 * on failure. ERR_UNSUPPORTED when nothing is left that it could be used for (another type, `use` or `alg`, a weak
 * size), ERR_BAD_REQUEST when it is no key.
 */
enum err jwt_key_of_secret(const void *secret, size_t length, const char *id, unsigned algorithms, struct jwt_key **out,
	struct err_info *info);
enum err jwt_key_of_jwk(const json_t *jwk, unsigned algorithms, struct jwt_key **out, struct err_info *info);
/* TEXT holds a public key, a certificate or a private key in PEM. */
enum err jwt_key_of_pem(
	const char *text, const char *id, unsigned algorithms, struct jwt_key **out, struct err_info *info);

/* NULL is fine. */
void jwt_key_free(struct jwt_key *key);

/* What KEY may be used with: a set of enum jwa, never empty. */
unsigned jwt_key_algorithms(const struct jwt_key *key);

#endif
