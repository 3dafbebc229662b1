/* SPDX-License-Identifier: MIT */
/*
 * Keys from secrets, JWK and PEM: each of our algorithms from a fresh key to a token that verifies; weak and foreign
 * keys.
 */
#include "auth/base64url.h"
#include "auth/jws.h"
#include "auth/key_handle.h"
#include "base/fs.h"
#include "fixture.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { SIGNATURE_MOST = 1024 };

/* ECDSA's r and s side by side, SIZE bytes each, from OpenSSL's DER. */
static size_t join_integers(unsigned char *signature, size_t length, int size)
{
	const unsigned char *at = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)length);

	assert_non_null(pair);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, size), size);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + size, size), size);
	ECDSA_SIG_free(pair);
	return 2 * (size_t)size;
}

/* The signature of TEXT by OpenSSL alone, as JWS wants it. */
static size_t sign_bytes(EVP_PKEY *pkey, const char *alg, const char *digest, const char *text, unsigned char *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *details = NULL;
	size_t length = SIGNATURE_MOST;

	assert_int_equal(EVP_DigestSignInit_ex(context, &details, digest, NULL, NULL, pkey, NULL), 1);
	if (strncmp(alg, "PS", 2) == 0) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(EVP_DigestSign(context, out, &length, (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(context);
	return strncmp(alg, "ES", 2) == 0 ? join_integers(out, length, atoi(alg + 2) / 8) : length;
}

static const char *token_of(EVP_PKEY *pkey, const char *alg, const char *digest, const char *kid, struct arena *arena)
{
	unsigned char signature[SIGNATURE_MOST];
	const char *header = arena_printf(arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid);
	const char *text = arena_printf(arena, "%s.eyJleHAiOjF9", base64url_encode(header, strlen(header), arena));
	size_t length = sign_bytes(pkey, alg, digest, text, signature);

	return arena_printf(arena, "%s.%s", text, base64url_encode(signature, length, arena));
}

static const char *pem_of(EVP_PKEY *pkey, bool private, struct arena *arena)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text, *copy;
	long length;

	assert_int_equal(private ? PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
				 : PEM_write_bio_PUBKEY(bio, pkey),
		1);
	length = BIO_get_mem_data(bio, &text);
	copy = arena_memdup(arena, text, (size_t)length);
	BIO_free(bio);
	return copy;
}

static enum err verify(const struct keyring *ring, const char *token, struct arena *arena)
{
	const char *payload;
	size_t length;

	return jws_verify(ring, token, arena, &payload, &length, NULL);
}

static const struct {
	const char *alg, *digest, *type, *detail;
} kinds[] = {
	{"RS256", "SHA256", "RSA", "2048"},
	{"RS384", "SHA384", "RSA", "2048"},
	{"RS512", "SHA512", "RSA", "2048"},
	{"PS256", "SHA256", "RSA", "2048"},
	{"ES256", "SHA256", "EC", "P-256"},
	{"ES384", "SHA384", "EC", "P-384"},
	{"EdDSA", NULL, "ED25519", NULL},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static EVP_PKEY *generate(const char *type, const char *detail)
{
	EVP_PKEY *pkey;

	if (strcmp(type, "RSA") == 0)
		pkey = EVP_RSA_gen((unsigned)atoi(detail));
	else
		pkey = detail != NULL ? EVP_EC_gen(detail) : EVP_PKEY_Q_keygen(NULL, NULL, type);
	assert_non_null(pkey);
	return pkey;
}

/* With KEY in a ring of its own, every algorithm of the key's type is tried: just ALG must be taken. */
static void try_all(EVP_PKEY *pkey, size_t kind, const struct keyring *ring, struct arena *arena)
{
	for (size_t i = 0; i < KINDS; i++) {
		const char *token;
		enum err err;

		if (strcmp(kinds[i].type, kinds[kind].type) != 0 ||
			(kinds[i].detail != NULL && strcmp(kinds[i].detail, kinds[kind].detail) != 0))
			continue;
		token = token_of(pkey, kinds[i].alg, kinds[i].digest, "one", arena);
		err = verify(ring, token, arena);
		if ((err == ERR_OK) != (i == kind))
			fail_msg("a key for %s and a token by %s", kinds[kind].alg, kinds[i].alg);
	}
}

static void each_algorithm_from_pem(void **state)
{
	EVP_PKEY *rsa = generate("RSA", "2048");
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		bool is_rsa = strcmp(kinds[i].type, "RSA") == 0;
		EVP_PKEY *pkey = is_rsa ? rsa : generate(kinds[i].type, kinds[i].detail);
		struct keyring ring = {0};
		struct jwt_key *key;

		assert_int_equal(jwt_key_of_pem(pem_of(pkey, i % 2 == 1, &arena), "one",
					 (unsigned)jwa_find(kinds[i].alg)->jwa | JWA_HS256, &key, NULL),
			ERR_OK);
		assert_int_equal(keyring_add(&ring, key, NULL), ERR_OK);
		try_all(pkey, i, &ring, &arena);
		keyring_clear(&ring);
		if (!is_rsa)
			EVP_PKEY_free(pkey);
	}
	EVP_PKEY_free(rsa);
	arena_free(&arena);
}

/* The classic: a public key, known to everybody, as the secret of an HMAC. */
static void a_public_key_is_no_secret(void **state)
{
	EVP_PKEY *pkey = generate("EC", "P-256");
	struct arena arena = {0};
	const char *pem = pem_of(pkey, false, &arena);
	struct jwt_key *key, *forged;
	struct keyring ring = {0}, forger = {0};
	char *token;

	(void)state;
	assert_int_equal(jwt_key_of_pem(pem, "", JWA_ES256 | JWA_SECRET, &key, NULL), ERR_OK);
	assert_int_equal(jwt_key_algorithms(key), JWA_ES256);
	assert_int_equal(keyring_add(&ring, key, NULL), ERR_OK);
	assert_int_equal(jwt_key_of_secret(pem, strlen(pem), "", JWA_HS256, &forged, NULL), ERR_OK);
	assert_int_equal(keyring_add(&forger, forged, NULL), ERR_OK);
	assert_int_equal(jws_sign(forged, "{}", 2, &arena, &token, NULL), ERR_OK);
	assert_int_equal(verify(&forger, token, &arena), ERR_OK);
	assert_int_equal(verify(&ring, token, &arena), ERR_NOT_FOUND);
	keyring_clear(&ring);
	keyring_clear(&forger);
	EVP_PKEY_free(pkey);
	arena_free(&arena);
}

static void secrets_need_their_length(void **state)
{
	static const char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const struct {
		size_t length;
		unsigned fit;
	} cases[] = {{31, 0}, {32, JWA_HS256}, {47, JWA_HS256}, {48, JWA_HS256 | JWA_HS384}, {64, JWA_SECRET}};
	struct jwt_key *key;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum err err = jwt_key_of_secret(text, cases[i].length, "", JWA_SECRET, &key, NULL);

		assert_int_equal(err, cases[i].fit != 0 ? ERR_OK : ERR_UNSUPPORTED);
		if (err == ERR_OK)
			assert_int_equal(jwt_key_algorithms(key), cases[i].fit);
		jwt_key_free(key);
	}
	assert_int_equal(jwt_key_of_secret(text, 64, "", JWA_RS256, &key, NULL), ERR_UNSUPPORTED);
}

static void weak_and_foreign_keys_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {
		{"{}", ERR_BAD_REQUEST},
		{"{\"kty\":7}", ERR_BAD_REQUEST},
		{"{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\",\"kid\":1}", ERR_BAD_REQUEST},
		{"{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}", ERR_UNSUPPORTED},
		{"{\"kty\":\"oct\"}", ERR_BAD_REQUEST},
		{"{\"kty\":\"oct\",\"alg\":\"A256KW\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}",
			ERR_UNSUPPORTED},
		{"{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}",
			ERR_UNSUPPORTED},
		{"{\"kty\":\"oct\",\"key_ops\":[\"encrypt\"],\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}",
			ERR_UNSUPPORTED},
		{"{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ\"}", ERR_BAD_REQUEST},
		{"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", ERR_UNSUPPORTED},
		{"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", ERR_BAD_REQUEST},
		{"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AQ\",\"y\":\"AQ\"}", ERR_UNSUPPORTED},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}", ERR_BAD_REQUEST},
		/* a point that is not on the curve */
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		 "\"y\":\"y_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
			ERR_BAD_REQUEST},
		/* another spelling of a good one */
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}",
			ERR_BAD_REQUEST},
		{"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
			ERR_UNSUPPORTED},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}", ERR_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *jwk = json_loads(cases[i].text, 0, NULL);
		struct jwt_key *key;
		enum err err = jwt_key_of_jwk(jwk, ~0U, &key, NULL);

		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].text, err_slug(err));
		jwt_key_free(key);
		json_decref(jwk);
	}
}

static void sets_leave_out_what_is_not_for_us(void **state)
{
	static const char set[] =
		"{\"keys\":[{\"kty\":\"new\",\"x\":1},{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
		"{\"kty\":\"oct\",\"kid\":\"s\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"},"
		"{\"kty\":\"OKP\",\"kid\":\"e\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		"7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
	static const char twice[] = "{\"keys\":[{\"kty\":\"OKP\",\"kid\":\"e\",\"crv\":\"Ed25519\",\"x\":"
				    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
				    "{\"kty\":\"OKP\",\"kid\":\"e\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
				    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
	static const char *const bad[] = {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[7]}",
		"{\"keys\":[{}]}", "{\"keys\":[],\"keys\":[]}", twice};
	struct keyring ring = {0};
	bool secret;

	(void)state;
	assert_int_equal(keyring_add_set(&ring, set, strlen(set), ~0U, true, &secret, NULL), ERR_BAD_REQUEST);
	assert_true(secret);
	keyring_clear(&ring);
	assert_int_equal(keyring_add_set(&ring, set, strlen(set), ~0U, false, &secret, NULL), ERR_OK);
	assert_int_equal(ring.count, 1);
	assert_string_equal(ring.keys[0]->id, "e");
	keyring_clear(&ring);
	assert_int_equal(keyring_add_set(&ring, set, strlen(set), JWA_RS256, true, NULL, NULL), ERR_BAD_REQUEST);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (keyring_add_set(&ring, bad[i], strlen(bad[i]), ~0U, true, NULL, NULL) != ERR_BAD_REQUEST)
			fail_msg("taken: %s", bad[i]);
		keyring_clear(&ring);
	}
}

static const char *write_file(struct fixture *fixture, const char *name, const char *text, mode_t mode)
{
	const char *path = arena_printf(&fixture->arena, "%s/%s", fixture->dir, name);

	assert_int_equal(fs_write_file(path, text, strlen(text), mode, NULL), ERR_OK);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static enum err open_with(struct conf_key *key, const char *jwks_file, struct err_info *info)
{
	const struct conf conf = {
		.jwt_secret = "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj",
		.jwks_file = jwks_file,
		.jwks_algorithms = "EdDSA HS256",
		.jwt_keys = {key, key != NULL},
	};
	struct keyring ring;
	enum err err = keyring_open(&ring, &conf, info);

	assert_true((ring.count > 0) == (err == ERR_OK));
	keyring_clear(&ring);
	return err;
}

static void configured_keys_are_checked(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *pkey = generate("ED25519", NULL);
	const char *public = write_file(fixture, "public.pem", pem_of(pkey, false, &fixture->arena), 0644);
	const char *private = write_file(fixture, "private.pem", pem_of(pkey, true, &fixture->arena), 0644);
	const char *secrets = write_file(fixture, "secrets.json",
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}", 0644);
	struct conf_key key = {.id = "a", .algorithms = "EdDSA", .file = public};
	struct err_info info = {0};

	EVP_PKEY_free(pkey);
	assert_int_equal(open_with(NULL, "", &info), ERR_OK);
	assert_int_equal(open_with(&key, "", &info), ERR_OK);
	key.algorithms = "EdDSA none";
	assert_int_equal(open_with(&key, "", &info), ERR_BAD_REQUEST);
	assert_non_null(strstr(info.detail, "\"none\""));
	key.algorithms = "RS256";
	assert_int_equal(open_with(&key, "", &info), ERR_BAD_REQUEST);
	key = (struct conf_key){.id = "a", .algorithms = "EdDSA", .file = private};
	assert_int_equal(open_with(&key, "", &info), ERR_FORBIDDEN);
	assert_non_null(strstr(info.detail, "chmod 600"));
	assert_int_equal(open_with(NULL, secrets, &info), ERR_FORBIDDEN);
	assert_int_equal(chmod(secrets, 0600), 0);
	assert_int_equal(open_with(NULL, secrets, &info), ERR_OK);
	assert_int_equal(open_with(NULL, "/nonexistent/keys", &info), ERR_NOT_FOUND);
	key = (struct conf_key){.id = "a", .algorithms = "HS512", .secret = "ssssssssssssssssssssssssssssssss"};
	assert_int_equal(open_with(&key, "", &info), ERR_BAD_REQUEST);
	key.algorithms = "HS256";
	assert_int_equal(open_with(&key, "", &info), ERR_OK);
}

static void a_ring_has_an_end(void **state)
{
	struct keyring ring = {0};
	struct jwt_key *key;

	(void)state;
	for (size_t i = 0; i <= KEYRING_MOST; i++) {
		assert_int_equal(jwt_key_new("0123456789abcdef0123456789abcdef", &key, NULL), ERR_OK);
		assert_int_equal(keyring_add(&ring, key, NULL), i < KEYRING_MOST ? ERR_OK : ERR_TOO_LARGE);
	}
	keyring_clear(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_algorithm_from_pem),
		cmocka_unit_test(a_public_key_is_no_secret),
		cmocka_unit_test(secrets_need_their_length),
		cmocka_unit_test(weak_and_foreign_keys_are_refused),
		cmocka_unit_test(sets_leave_out_what_is_not_for_us),
		cmocka_unit_test_setup_teardown(configured_keys_are_checked, fixture_dir, fixture_remove),
		cmocka_unit_test(a_ring_has_an_end),
	};

	return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
