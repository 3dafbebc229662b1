/* SPDX-License-Identifier: MIT */
/*
 * A digest of bytes as they come, by the name of its algorithm: for checksums that a peer chose. Over OpenSSL. One that
 * is opened belongs to one thread at a time.
 */
#ifndef TONEARM_BASE_DIGEST_H
#define TONEARM_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/* The algorithms that are known, as a list for people and headers; and the longest digest of one, in bytes. */
#define DIGEST_NAMES "sha1,sha256,sha512,md5"
enum { DIGEST_MOST = 64 };

struct digest;

/* Owned by the caller, who ends it with digest_close(). NULL when NAME is none of DIGEST_NAMES. */
struct digest *digest_open(const char *name);

/* The next LENGTH bytes. */
void digest_add(struct digest *digest, const void *bytes, size_t length);

/* The digest of all that was added, in OUT; returns its length. Nothing can be added any more. */
size_t digest_end(struct digest *digest, unsigned char out[static DIGEST_MOST]);

/* NULL is allowed. */
void digest_close(struct digest *digest);

#endif
