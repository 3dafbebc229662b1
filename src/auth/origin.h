/* SPDX-License-Identifier: MIT */
/*
 * Where a credential comes from, as far as a revocation must know: tags of the token and the subject it stands for and
 * when that was issued. What a manifest hands out carries the origin of the token it was asked for with, so that it
 * ends with it. A tag tells nothing of the name it was made of but whether it is the same. Pure, thread-safe.
 */
#ifndef TONEARM_AUTH_ORIGIN_H
#define TONEARM_AUTH_ORIGIN_H

#include "auth/jwt.h"

#include <stdbool.h>
#include <stdint.h>

/* In place of the tag of a token: somebody signed an address for another, whom it does not name. */
#define ORIGIN_SIGNED UINT64_MAX

struct origin {
	uint64_t token, subject; /* tags; 0 when there is none */
	int64_t issued;          /* seconds; 0 when unknown */
};

enum { ORIGIN_TEXT = 29 };

/* The tag of a jti, a subject or a track: the first 64 bits of its SHA-256; 0 for "". */
uint64_t origin_tag(const char *name);

/* That of the token which CLAIMS are of; all 0 for those of nobody. */
struct origin origin_of(const struct jwt_claims *claims);

/* As text of base64url for a query, and back; false when TEXT is none. */
char *origin_write(const struct origin *origin, struct arena *arena);
bool origin_read(const char *text, struct arena *arena, struct origin *out);

#endif
