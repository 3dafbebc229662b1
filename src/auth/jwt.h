/* SPDX-License-Identifier: MIT */
/*
 * JSON Web Tokens (RFC 7519): claims checked and made, on top of jws.h, which does the signature. HS256 alone; the
 * algorithm is ours to choose, never the token's. A struct jwt_key is made once and then only read: any thread may
 * use it.
 */
#ifndef TONEARM_AUTH_JWT_H
#define TONEARM_AUTH_JWT_H

#include "auth/jws.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdint.h>

enum { JWT_MOST = JWS_MOST };

struct jwt_claims {
	const char *subject;                 /* "" when absent */
	const char *scope;                   /* "" when absent */
	const char *id;                      /* jti, "" when absent */
	int64_t expires, not_before, issued; /* seconds; 0 when absent */
};

struct jwt_policy {
	const char *issuer; /* must equal `iss`; "" or NULL: not checked */
	int64_t leeway_s;
	const struct clock *clock;
};

/* SECRET is the HS256 key as text, at least 32 bytes (RFC 7518 section 3.2). ERR_BAD_REQUEST. Owned by the caller. */
enum err jwt_key_new(const char *secret, struct jwt_key **out, struct err_info *info);
void jwt_key_free(struct jwt_key *key);

/*
 * Verifies TOKEN in compact form: size, alg, crit (any is refused), signature, exp (must be there), nbf, iss; times
 * must be JSON numbers. A token with `aud` is refused, as it is meant for somebody else (RFC 7519 section 4.1.3).
 * CLAIMS point into ARENA. ERR_UNAUTHORIZED with a sentence that names no value.
 */
enum err jwt_verify(const struct jwt_key *key, const struct jwt_policy *policy, const char *token, struct arena *arena,
	struct jwt_claims *claims, struct err_info *info);

/* A signed token with the claims that are set, in ARENA. ISSUER may be NULL. */
enum err jwt_sign(const struct jwt_key *key, const struct jwt_claims *claims, const char *issuer, struct arena *arena,
	char **out, struct err_info *info);

#endif
