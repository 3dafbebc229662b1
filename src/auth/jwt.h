/* SPDX-License-Identifier: MIT */
/*
 * JSON Web Tokens (RFC 7519): claims checked and made, on top of jws.h, which does the signature. Ours are signed in
 * HS256; what is verified is up to the keys, never to the token. Any thread.
 */
#ifndef TONEARM_AUTH_JWT_H
#define TONEARM_AUTH_JWT_H

#include "auth/jws.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JWT_MOST = JWS_MOST, JWT_TRACKS_MOST = 128 };

struct jwt_claims {
	const char *subject;                 /* "" when absent */
	const char *scope;                   /* "" when absent */
	const char *id;                      /* jti, "" when absent */
	int64_t expires, not_before, issued; /* seconds; 0 when absent */
	bool bounded;                        /* it has `tracks`: its scopes reach these tracks and nothing else */
	const char *const *tracks;           /* their ids */
	size_t track_count;
};

/* Whether CLAIMS reach TRACK (an id): true without `tracks`, else when it is among them. */
bool jwt_reaches(const struct jwt_claims *claims, const char *track);

struct jwt_policy {
	const char *issuer;   /* must equal `iss`; "" or NULL: not checked */
	const char *audience; /* must be, or be among, `aud`; "" or NULL: there must be none */
	int64_t leeway_s;
	const struct clock *clock;
};

/*
 * Verifies TOKEN in compact form: size, header, signature, exp (must be there), nbf, iat, iss, aud; times must be JSON
 * numbers, and `tracks` an array of at most JWT_TRACKS_MOST texts. A token that names an audience is refused when we
 * have no name, as it is meant for somebody else (RFC 7519 section 4.1.3). CLAIMS point into ARENA. ERR_UNAUTHORIZED
 * with a sentence that names no value; ERR_NOT_FOUND, also with such a sentence, when none of KEYS is one to try.
 */
enum err jwt_verify(const struct keyring *keys, const struct jwt_policy *policy, const char *token, struct arena *arena,
	struct jwt_claims *claims, struct err_info *info);

/* A token signed with KEY (a secret), with the claims that are set, and POLICY's issuer and audience, in ARENA. */
enum err jwt_sign(const struct jwt_key *key, const struct jwt_claims *claims, const struct jwt_policy *policy,
	struct arena *arena, char **out, struct err_info *info);

#endif
