/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, HMAC-SHA256 (RFC 2104), hex, and comparison in constant time, over OpenSSL; XXH3 by xxHash. Thread-safe.
 */
#ifndef TONEARM_BASE_HASH_H
#define TONEARM_BASE_HASH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_SIZE = 32, HASH_HEX_SIZE = 2 * HASH_SIZE + 1 };

/* SHA-256 (FIPS 180-4) of LENGTH bytes. */
void hash_sha256(const void *bytes, size_t length, unsigned char out[static HASH_SIZE]);

/*
 * SHA-256 of a whole file from its start, by its descriptor; the file offset is not used. ERR_IO when it cannot be
 * read.
 */
enum err hash_sha256_file(int fd, unsigned char out[static HASH_SIZE], struct err_info *info);

/*
 * The same for files that take long: WATCH (may be NULL) is called with CONTEXT and the number of bytes after each
 * piece, of at most 64 KiB, and may wait. When it returns something else than ERR_OK that is the end, and the result.
 */
typedef enum err hash_watch(void *context, size_t bytes, struct err_info *info);
enum err hash_sha256_watched(
	int fd, hash_watch *watch, void *context, unsigned char out[static HASH_SIZE], struct err_info *info);

/* HMAC-SHA256 (RFC 2104) of LENGTH bytes; a key may have any length. */
void hash_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
	unsigned char out[static HASH_SIZE]);

/* 2*LENGTH lower-case digits and a NUL. */
void hash_hex(const unsigned char *bytes, size_t length, char *out);

/* The SHA-256 of LENGTH bytes as hash_hex() writes it. */
void hash_sha256_hex(const void *bytes, size_t length, char out[static HASH_HEX_SIZE]);

/*
 * XXH3 of 64 bits, a tenth of the time: for tables and entity tags. No secret may hang on it, and nobody may gain by two
 * texts with the same hash who does not have to guess SEED.
 */
uint64_t hash_quick(const void *bytes, size_t length, uint64_t seed);

/* Reads 2*LENGTH hex digits of either case; false when TEXT has another length or another character. */
bool hash_from_hex(const char *text, unsigned char *out, size_t length);

/* Equal, in a time that depends on LENGTH alone. */
bool hash_equal(const void *a, const void *b, size_t length);

#endif
