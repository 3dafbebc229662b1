/* SPDX-License-Identifier: MIT */
/* Keys in PEM, turned into a JWK, which key.c then checks as any other. */
#include "auth/key.h"

#include "auth/base64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <string.h>

enum { NUMBER_MOST = JWT_KEY_RSA_MOST_BITS / 8, ED25519_SIZE = 32 };

static const struct {
	const char *group; /* OpenSSL's name */
	const char *curve;
	int size;
} curves[] = {
	{"prime256v1", "P-256", 32},
	{"secp384r1", "P-384", 48},
};

/* With an empty passphrase, as nobody is there to type one. */
static EVP_PKEY *read_pem(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, "");

	if (pkey == NULL && BIO_reset(bio) == 1) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, "");

		pkey = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
		X509_free(certificate);
	}
	if (pkey == NULL && BIO_reset(bio) == 1)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, "");
	BIO_free(bio);
	ERR_clear_error();
	return pkey;
}

/* Sets the member NAME to the number PARAMETER of the key, of SIZE bytes, or as many as it has for 0. */
static bool put_number(
	json_t *jwk, const char *name, const EVP_PKEY *pkey, const char *parameter, int size, struct arena *arena)
{
	unsigned char bytes[NUMBER_MOST];
	BIGNUM *number = NULL;
	bool put = false;

	if (EVP_PKEY_get_bn_param(pkey, parameter, &number) == 1) {
		int length = size == 0 ? BN_num_bytes(number) : size;

		put = length > 0 && length <= NUMBER_MOST && BN_bn2binpad(number, bytes, length) == length;
		if (put)
			json_object_set_new(
				jwk, name, json_string(base64url_encode(bytes, (size_t)length, arena)));
	}
	BN_clear_free(number);
	return put;
}

static bool put_ec(json_t *jwk, const EVP_PKEY *pkey, struct arena *arena)
{
	char group[32];

	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		if (strcmp(curves[i].group, group) != 0)
			continue;
		json_object_set_new(jwk, "crv", json_string(curves[i].curve));
		return put_number(jwk, "x", pkey, OSSL_PKEY_PARAM_EC_PUB_X, curves[i].size, arena) &&
		       put_number(jwk, "y", pkey, OSSL_PKEY_PARAM_EC_PUB_Y, curves[i].size, arena);
	}
	return false;
}

static bool put_edwards(json_t *jwk, const EVP_PKEY *pkey, struct arena *arena)
{
	unsigned char bytes[ED25519_SIZE];
	size_t length = sizeof bytes;

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &length) != 1)
		return false;
	json_object_set_new(jwk, "crv", json_string("Ed25519"));
	json_object_set_new(jwk, "x", json_string(base64url_encode(bytes, length, arena)));
	return true;
}

static bool put_all(json_t *jwk, const EVP_PKEY *pkey, struct arena *arena)
{
	const char *type = NULL;
	bool put = false;

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		type = "RSA";
		put = put_number(jwk, "n", pkey, OSSL_PKEY_PARAM_RSA_N, 0, arena) &&
		      put_number(jwk, "e", pkey, OSSL_PKEY_PARAM_RSA_E, 0, arena);
		break;
	case EVP_PKEY_EC:
		type = "EC";
		put = put_ec(jwk, pkey, arena);
		break;
	case EVP_PKEY_ED25519:
		type = "OKP";
		put = put_edwards(jwk, pkey, arena);
		break;
	default:
		break;
	}
	if (put)
		json_object_set_new(jwk, "kty", json_string(type));
	return put;
}

enum err jwt_key_of_pem(
	const char *text, const char *id, unsigned algorithms, struct jwt_key **out, struct err_info *info)
{
	EVP_PKEY *pkey = read_pem(text);
	struct arena arena = {0};
	json_t *jwk;
	enum err err;

	*out = NULL;
	if (pkey == NULL)
		return err_set(info, ERR_BAD_REQUEST, "this is no key in PEM that can be read without a passphrase");
	jwk = json_object();
	json_object_set_new(jwk, "kid", json_string(id));
	err = put_all(jwk, pkey, &arena)
		      ? jwt_key_of_jwk(jwk, algorithms, out, info)
		      : err_set(info, ERR_UNSUPPORTED, "it is no key of RSA, P-256, P-384 or Ed25519");
	json_decref(jwk);
	EVP_PKEY_free(pkey);
	arena_free(&arena);
	return err;
}
