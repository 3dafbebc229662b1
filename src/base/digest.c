/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *context;
};

static const EVP_MD *find(const char *name)
{
	static const struct {
		const char *name;
		const EVP_MD *(*algorithm)(void);
	} known[] = {{"sha1", EVP_sha1}, {"sha256", EVP_sha256}, {"sha512", EVP_sha512}, {"md5", EVP_md5}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(name, known[i].name) == 0)
			return known[i].algorithm();
	}
	return NULL;
}

struct digest *digest_open(const char *name)
{
	const EVP_MD *algorithm = find(name);
	struct digest *digest;

	if (algorithm == NULL)
		return NULL;
	digest = malloc(sizeof *digest);
	if (digest == NULL)
		abort();
	digest->context = EVP_MD_CTX_new();
	if (digest->context == NULL || EVP_DigestInit_ex(digest->context, algorithm, NULL) != 1)
		abort();
	return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
	if (EVP_DigestUpdate(digest->context, bytes, length) != 1)
		abort();
}

size_t digest_end(struct digest *digest, unsigned char out[static DIGEST_MOST])
{
	unsigned length = 0;

	if (EVP_DigestFinal_ex(digest->context, out, &length) != 1)
		abort();
	return length;
}

void digest_close(struct digest *digest)
{
	if (digest != NULL)
		EVP_MD_CTX_free(digest->context);
	free(digest);
}
