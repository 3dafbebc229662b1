/* SPDX-License-Identifier: MIT */
/*
 * JSON Web Signatures in compact form (RFC 7515 section 7.1): by cjose, and EdDSA (RFC 8037) by OpenSSL.
 *
 *     token ──► size, three parts, canonical base64url ──► header: alg, kid ──► the keys for both ──► verified ──► payload
 *
 * The header is read here before cjose sees the token, as the algorithm is ours to choose: cjose takes whichever the
 * header names and the key's type allows. What is refused beyond the RFC: characters outside of the alphabet and bits
 * left over in the last character (two texts would be one token), members that stand twice (two parsers could see
 * two headers), any `crit`, as no extension is understood here, and keys or addresses of keys in the header (jwk, jku,
 * x5c, x5u), which are for a verifier that lets a token bring its own.
 *
 * Threads: cjose counts references to a key without atomic operations, but cjose_jws_sign() and cjose_jws_verify()
 * take it const and neither keep nor count it; all else they touch is made for the call. So one key, made before the
 * threads and freed after them, serves all of them without a lock (libcjose 0.6.2).
 */
#ifndef TONEARM_AUTH_JWS_H
#define TONEARM_AUTH_JWS_H

#include "auth/keyring.h"
#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

/* Most bytes of a token in compact form. */
enum { JWS_MOST = 4096 };

/*
 * Verifies TOKEN with the keys of KEYS that have its algorithm: those of its `kid`; when it has none all of them; when
 * none has that name those without a name. Gives its payload, NUL added, in ARENA. ERR_UNAUTHORIZED with a sentence
 * that quotes nothing of it; ERR_NOT_FOUND when no key is there to try. Any thread.
 */
enum err jws_verify(const struct keyring *keys, const char *token, struct arena *arena, const char **payload,
	size_t *length, struct err_info *info);

/*
 * Signs LENGTH bytes of PAYLOAD as a JWT with KEY, a secret, in HS256; the token in ARENA. ERR_INTERNAL when it comes
 * out longer than JWS_MOST. Any thread.
 */
enum err jws_sign(const struct jwt_key *key, const void *payload, size_t length, struct arena *arena, char **out,
	struct err_info *info);

#endif
