/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "base/text.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All of it in here, so that nothing more is to be loaded. */
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PIECE = 1 << 16 };

void hash_sha256(const void *bytes, size_t length, unsigned char out[static HASH_SIZE])
{
	if (EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

enum err hash_sha256_watched(
	int fd, hash_watch *watch, void *context, unsigned char out[static HASH_SIZE], struct err_info *info)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char *bytes = malloc(PIECE);
	enum err err = ERR_OK;
	off_t at = 0;

	if (digest == NULL || bytes == NULL || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		abort();
	while (err == ERR_OK) {
		ssize_t got = pread(fd, bytes, PIECE, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = err_set_errno(info, ERR_IO, errno, "cannot read a file to hash it");
		if (got <= 0)
			break;
		EVP_DigestUpdate(digest, bytes, (size_t)got);
		at += got;
		if (watch != NULL)
			err = watch(context, (size_t)got, info);
	}
	EVP_DigestFinal_ex(digest, out, NULL);
	free(bytes);
	EVP_MD_CTX_free(digest);
	return err;
}

enum err hash_sha256_file(int fd, unsigned char out[static HASH_SIZE], struct err_info *info)
{
	return hash_sha256_watched(fd, NULL, NULL, out, info);
}

/* Looking HMAC up, and its digest, takes longer than to use it: all are copies of this one. */
static EVP_MAC_CTX *hmac;
static pthread_once_t hmac_once = PTHREAD_ONCE_INIT;

static void make_hmac(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	char digest[] = OSSL_DIGEST_NAME_SHA2_256;
	const OSSL_PARAM settings[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};

	hmac = EVP_MAC_CTX_new(mac);
	if (mac == NULL || hmac == NULL || EVP_MAC_CTX_set_params(hmac, settings) != 1)
		abort();
	EVP_MAC_free(mac);
}

void hash_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
	unsigned char out[static HASH_SIZE])
{
	EVP_MAC_CTX *context;

	pthread_once(&hmac_once, make_hmac);
	context = EVP_MAC_CTX_dup(hmac);
	if (context == NULL || EVP_MAC_init(context, key, key_length, NULL) != 1 ||
		EVP_MAC_update(context, bytes, length) != 1 || EVP_MAC_final(context, out, NULL, HASH_SIZE) != 1)
		abort();
	EVP_MAC_CTX_free(context);
}

void hash_hex(const unsigned char *bytes, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void hash_sha256_hex(const void *bytes, size_t length, char out[static HASH_HEX_SIZE])
{
	unsigned char hash[HASH_SIZE];

	hash_sha256(bytes, length, hash);
	hash_hex(hash, sizeof hash, out);
}

uint64_t hash_quick(const void *bytes, size_t length, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, length, seed);
}

bool hash_from_hex(const char *text, unsigned char *out, size_t length)
{
	if (strlen(text) != 2 * length)
		return false;
	for (size_t i = 0; i < length; i++) {
		int high = text_hex_digit(text[2 * i]), low = text_hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool hash_equal(const void *a, const void *b, size_t length)
{
	return CRYPTO_memcmp(a, b, length) == 0;
}
