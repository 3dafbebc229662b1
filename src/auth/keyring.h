/* SPDX-License-Identifier: MIT */
/*
 * The keys by which tokens are verified. While one key follows another both are on the ring, told apart by their names.
 *
 *     auth.jwt_secret, auth.jwt_keys, auth.jwks_file ──► keyring_open()
 *     a JWK set (RFC 7517 section 5) from anywhere ────► keyring_add_set()
 *
 * Made by one thread, then only read: any thread may use it.
 */
#ifndef TONEARM_AUTH_KEYRING_H
#define TONEARM_AUTH_KEYRING_H

#include "auth/key.h"
#include "conf/conf.h"

#include <stddef.h>

enum { KEYRING_MOST = 64, KEYRING_FILE_MOST = 256 * 1024 };

/* All zero is an empty one. */
struct keyring {
	struct jwt_key *keys[KEYRING_MOST]; /* owned */
	size_t count;
};

/* Adds KEY, which then belongs to the ring. ERR_TOO_LARGE when it is full; KEY is then freed. */
enum err keyring_add(struct keyring *ring, struct jwt_key *key, struct err_info *info);

/*
 * Adds those keys of a JWK set, or of a single JWK, that fit ALGORITHMS. Keys for other purposes are passed over
 * (section 5), and secrets too unless SECRETS; *SECRET (may be NULL) becomes true when there was a secret or a private
 * key in it. ERR_BAD_REQUEST when TEXT is no JWK set, when two keys of it have one name, when secrets and public keys
 * are mixed, or when nothing in it is of use; what was added then stays.
 */
enum err keyring_add_set(struct keyring *ring, const char *text, size_t length, unsigned algorithms, bool secrets,
	bool *secret, struct err_info *info);

/*
 * Fills RING with what the configuration says. ERR_BAD_REQUEST naming the option; ERR_FORBIDDEN for a file with a
 * secret that others may read; ERR_NOT_FOUND. RING is empty on failure.
 */
enum err keyring_open(struct keyring *ring, const struct conf *conf, struct err_info *info);

/* Frees the keys; the ring is empty. */
void keyring_clear(struct keyring *ring);

#endif
