/* SPDX-License-Identifier: MIT */
#include "auth/key.h"

#include "auth/base64url.h"
#include "auth/key_handle.h"

#include <stdlib.h>
#include <string.h>

enum { RSA_EXPONENT_MOST = 8, MEMBER_MOST = 2048 };

static struct jwt_key *make(const char *id, unsigned algorithms)
{
	struct jwt_key *key = calloc(1, sizeof *key);

	if (key == NULL)
		abort();
	memcpy(key->id, id, strlen(id));
	key->algorithms = algorithms;
	return key;
}

void jwt_key_free(struct jwt_key *key)
{
	if (key == NULL)
		return;
	cjose_jwk_release(key->jwk);
	EVP_PKEY_free(key->edwards);
	free(key);
}

unsigned jwt_key_algorithms(const struct jwt_key *key)
{
	return key->algorithms;
}

static enum err check_id(const char *id, struct err_info *info)
{
	return strlen(id) <= JWT_KEY_ID_MOST
		       ? ERR_OK
		       : err_set(info, ERR_BAD_REQUEST, "the name of a key is longer than %d bytes", JWT_KEY_ID_MOST);
}

enum err jwt_key_of_secret(const void *secret, size_t length, const char *id, unsigned algorithms, struct jwt_key **out,
	struct err_info *info)
{
	unsigned fit = jwa_long_enough(algorithms & JWA_SECRET, length);
	struct jwt_key *key;

	*out = NULL;
	if (check_id(id, info) != ERR_OK)
		return ERR_BAD_REQUEST;
	if (fit == 0)
		return err_set(info, ERR_UNSUPPORTED,
			"a secret needs 32 bytes for HS256, 48 for HS384, 64 for HS512, and fits no other algorithm");
	key = make(id, fit);
	key->jwk = cjose_jwk_create_oct_spec(secret, length, NULL);
	if (key->jwk == NULL) {
		jwt_key_free(key);
		return err_set(info, ERR_BAD_REQUEST, "the secret cannot be used as a key");
	}
	*out = key;
	return ERR_OK;
}

enum err jwt_key_new(const char *secret, struct jwt_key **out, struct err_info *info)
{
	enum err err = jwt_key_of_secret(secret, strlen(secret), "", JWA_HS256, out, info);

	return err == ERR_UNSUPPORTED ? err_set(info, ERR_BAD_REQUEST, "an HS256 key needs at least 32 bytes") : err;
}

/* The bytes of a member in base64url; NULL when it is not there or is none. */
static unsigned char *member(const json_t *jwk, const char *name, struct arena *arena, size_t *length)
{
	const json_t *value = json_object_get(jwk, name);
	const char *text = json_string_value(value);
	size_t size = text != NULL ? json_string_length(value) : 0;

	return size > 0 && size <= MEMBER_MOST ? base64url_decode(text, size, arena, length) : NULL;
}

/* `use` and `key_ops`, where they stand, must let it verify (RFC 7517 sections 4.2 and 4.3). */
static bool meant_to_verify(const json_t *jwk)
{
	const json_t *use = json_object_get(jwk, "use"), *operations = json_object_get(jwk, "key_ops"), *operation;
	bool verify = operations == NULL;
	size_t i;

	if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0))
		return false;
	json_array_foreach(operations, i, operation)
	{
		const char *name = json_string_value(operation);

		if (name != NULL && (strcmp(name, "verify") == 0 || strcmp(name, "sign") == 0))
			verify = true;
	}
	return verify;
}

/* The part of ALGORITHMS that this JWK is fit for by its type, its curve and its `alg`. */
static unsigned fit_for(const json_t *jwk, const char *type, unsigned algorithms)
{
	const char *curve = json_string_value(json_object_get(jwk, "crv"));
	const json_t *alg = json_object_get(jwk, "alg");
	const struct jwa_row *row = json_is_string(alg) ? jwa_find(json_string_value(alg)) : NULL;

	if (!meant_to_verify(jwk) || (alg != NULL && row == NULL))
		return 0;
	return algorithms & jwa_of_key(type, curve) & (row != NULL ? (unsigned)row->jwa : ~0U);
}

/*
 * True for a modulus of the kind that broken smart cards made (ROCA, CVE-2017-15361): modulo each small prime it is a
 * power of 65537, which of others one in 2^27 is.
 */
static bool is_roca(const unsigned char *n, size_t length)
{
	static const unsigned char primes[] = {3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71,
		73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

	for (size_t i = 0; i < sizeof primes; i++) {
		unsigned prime = primes[i], rest = 0, power = 1, steps = 0;

		for (size_t j = 0; j < length; j++)
			rest = (rest * 256 + n[j]) % prime;
		while (power != rest && steps++ < prime)
			power = power * 65537 % prime;
		if (power != rest)
			return false;
	}
	return true;
}

static enum err check_rsa(const json_t *jwk, struct arena *arena, struct err_info *info)
{
	size_t length = 0, exponent = 0;
	const unsigned char *n = member(jwk, "n", arena, &length), *e = member(jwk, "e", arena, &exponent);
	int bits;

	if (n == NULL || e == NULL)
		return err_set(info, ERR_BAD_REQUEST, "an RSA key needs n and e in base64url");
	for (; length > 0 && *n == 0; length--)
		n++;
	bits = length == 0 ? 0 : (int)length * 8 - (__builtin_clz(*n) - 24);
	if (bits < JWT_KEY_RSA_LEAST_BITS || bits > JWT_KEY_RSA_MOST_BITS)
		return err_set(info, ERR_UNSUPPORTED, "an RSA key must have from %d to %d bits", JWT_KEY_RSA_LEAST_BITS,
			JWT_KEY_RSA_MOST_BITS);
	if (exponent > RSA_EXPONENT_MOST || (e[exponent - 1] & 1) == 0 || (exponent == 1 && e[0] == 1))
		return err_set(info, ERR_BAD_REQUEST, "the exponent of an RSA key is not one that is used");
	if (is_roca(n, length))
		return err_set(info, ERR_UNSUPPORTED, "the RSA key is of a kind that is broken (ROCA)");
	return ERR_OK;
}

static enum err check_ec(const json_t *jwk, struct arena *arena, struct err_info *info)
{
	size_t length;

	if (member(jwk, "x", arena, &length) == NULL || member(jwk, "y", arena, &length) == NULL)
		return err_set(info, ERR_BAD_REQUEST, "an EC key needs x and y in base64url");
	return ERR_OK;
}

/* RSA and EC by cjose, which checks that a point is on its curve. It is given the public members alone. */
static enum err import(const json_t *jwk, struct jwt_key *key, struct err_info *info)
{
	static const char *const members[] = {"kty", "n", "e", "crv", "x", "y"};
	json_t *public = json_object();
	char *text;

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (json_object_get(jwk, members[i]) != NULL)
			json_object_set(public, members[i], json_object_get(jwk, members[i]));
	}
	text = json_dumps(public, JSON_COMPACT);
	if (text != NULL)
		key->jwk = cjose_jwk_import(text, strlen(text), NULL);
	free(text);
	json_decref(public);
	return key->jwk != NULL ? ERR_OK : err_set(info, ERR_BAD_REQUEST, "this is no key of its type");
}

static enum err import_edwards(const json_t *jwk, struct arena *arena, struct jwt_key *key, struct err_info *info)
{
	size_t length = 0;
	const unsigned char *x = member(jwk, "x", arena, &length);

	if (x != NULL)
		key->edwards = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, length);
	return key->edwards != NULL ? ERR_OK : err_set(info, ERR_BAD_REQUEST, "an Ed25519 key needs 32 bytes x");
}

static enum err import_secret(const json_t *jwk, const char *id, unsigned fit, struct arena *arena,
	struct jwt_key **out, struct err_info *info)
{
	size_t length = 0;
	const unsigned char *k = member(jwk, "k", arena, &length);

	if (k == NULL)
		return err_set(info, ERR_BAD_REQUEST, "a secret key needs k in base64url");
	return jwt_key_of_secret(k, length, id, fit, out, info);
}

static enum err import_public(const json_t *jwk, const char *type, const char *id, unsigned fit, struct arena *arena,
	struct jwt_key **out, struct err_info *info)
{
	enum err err = ERR_OK;
	struct jwt_key *key;

	if (strcmp(type, "RSA") == 0)
		err = check_rsa(jwk, arena, info);
	else if (strcmp(type, "EC") == 0)
		err = check_ec(jwk, arena, info);
	if (err != ERR_OK)
		return err;
	key = make(id, fit);
	err = (fit & JWA_EDDSA) != 0 ? import_edwards(jwk, arena, key, info) : import(jwk, key, info);
	if (err == ERR_OK)
		*out = key;
	else
		jwt_key_free(key);
	return err;
}

enum err jwt_key_of_jwk(const json_t *jwk, unsigned algorithms, struct jwt_key **out, struct err_info *info)
{
	const char *type = json_string_value(json_object_get(jwk, "kty"));
	const json_t *kid = json_object_get(jwk, "kid");
	const char *id = kid == NULL ? "" : json_string_value(kid);
	struct arena arena = {0};
	unsigned fit;
	enum err err;

	*out = NULL;
	if (type == NULL || id == NULL || check_id(id, NULL) != ERR_OK)
		return err_set(info, ERR_BAD_REQUEST, "a JWK needs a kty, and a kid that is text when it has one");
	fit = fit_for(jwk, type, algorithms);
	if (fit == 0)
		return err_set(info, ERR_UNSUPPORTED, "the key is for none of the algorithms that are wanted");
	err = strcmp(type, "oct") == 0 ? import_secret(jwk, id, fit, &arena, out, info)
				       : import_public(jwk, type, id, fit, &arena, out, info);
	arena_free(&arena);
	return err;
}

bool jwt_key_verify_edwards(const struct jwt_key *key, const void *message, size_t length, const void *signature,
	size_t signature_length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	if (context == NULL)
		abort();
	good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->edwards) == 1 &&
	       EVP_DigestVerify(context, signature, signature_length, message, length) == 1;
	EVP_MD_CTX_free(context);
	return good;
}
