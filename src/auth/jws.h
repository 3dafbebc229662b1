/* SPDX-License-Identifier: MIT */
/*
 * JSON Web Signatures in compact form (RFC 7515 section 7.1) over cjose, HS256 alone.
 *
 *     token ──► size, three parts, canonical base64url ──► header: alg, no crit ──► cjose: HMAC ──► payload
 *
 * The header is read here before cjose sees the token, as the algorithm is ours to choose: cjose takes whichever the
 * header names and the key's type allows. What is refused beyond the RFC: characters outside of the alphabet and bits
 * left over in the last character (two texts would be one token), and members that stand twice (two parsers could see
 * two headers).
 *
 * Threads: cjose counts references to a key without atomic operations, but cjose_jws_sign() and cjose_jws_verify()
 * take it const and neither keep nor count it; all else they touch is made for the call. So one key, made before the
 * threads and freed after them, serves all of them without a lock (libcjose 0.6.2).
 */
#ifndef TONEARM_AUTH_JWS_H
#define TONEARM_AUTH_JWS_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

/* Most bytes of a token in compact form. */
enum { JWS_MOST = 4096, JWS_KEY_LEAST = 32 };

struct jwt_key;

/*
 * A key of LENGTH bytes, at least JWS_KEY_LEAST (RFC 7518 section 3.2), else ERR_BAD_REQUEST. Owned by the caller,
 * who gives it back with jws_key_free(); NULL is fine there.
 */
enum err jws_key_new(const void *secret, size_t length, struct jwt_key **out, struct err_info *info);
void jws_key_free(struct jwt_key *key);

/*
 * Verifies TOKEN and gives its payload, NUL added, in ARENA. ERR_UNAUTHORIZED with a sentence that quotes nothing of
 * it. Any thread.
 */
enum err jws_verify(const struct jwt_key *key, const char *token, struct arena *arena, const char **payload,
	size_t *length, struct err_info *info);

/*
 * Signs LENGTH bytes of PAYLOAD as a JWT; the token in ARENA. ERR_INTERNAL when it comes out longer than JWS_MOST.
 * Any thread.
 */
enum err jws_sign(const struct jwt_key *key, const void *payload, size_t length, struct arena *arena, char **out,
	struct err_info *info);

#endif
