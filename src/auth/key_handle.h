/* SPDX-License-Identifier: MIT */
/* What is inside of a struct jwt_key, for key.c, which makes it, and jws.c, which uses it. Room-internal. */
#ifndef TONEARM_AUTH_KEY_HANDLE_H
#define TONEARM_AUTH_KEY_HANDLE_H

#include "auth/key.h"

#include <cjose/cjose.h>
#include <openssl/evp.h>

struct jwt_key {
	char id[JWT_KEY_ID_MOST + 1];
	unsigned algorithms;
	cjose_jwk_t *jwk;  /* of all but EdDSA, which cjose has not; NULL then */
	EVP_PKEY *edwards; /* of EdDSA */
};

/* Whether SIGNATURE is one of KEY, which is one of EdDSA, for MESSAGE (RFC 8032 section 5.1.7). */
bool jwt_key_verify_edwards(const struct jwt_key *key, const void *message, size_t length, const void *signature,
	size_t signature_length);

#endif
