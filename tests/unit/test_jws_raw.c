/* SPDX-License-Identifier: MIT */
/*
 * Project Wycheproof's cases that sign raw messages, by jws_verify() as it is. A token signs a text of its own, so each
 * case becomes a token with the case's signature, and what is hashed of its text becomes the case's message: the
 * functions that cjose hashes by are here, before libcrypto's.
 *
 *     cjose: header, ".", payload ──► EVP_DigestUpdate(), HMAC_Update() ──► libcrypto's: the message, nothing, nothing
 */
#include "auth/base64url.h"
#include "auth/jws.h"
#include "base/hash.h"
#include "vectors.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PIECES = 3 };

struct bytes {
	unsigned char *bytes;
	size_t length;
};

/* What of the token is hashed, how far that has come, and what is hashed instead. */
static struct {
	const char *pieces[PIECES];
	struct bytes message;
	size_t seen;
} play = {.seen = PIECES};

/* What to hash in place of BYTES, which is *LENGTH long afterwards. */
static const void *exchange(const void *bytes, size_t *length)
{
	const char *piece = play.seen < PIECES ? play.pieces[play.seen] : NULL;

	if (piece == NULL || strlen(piece) != *length || memcmp(piece, bytes, *length) != 0)
		return bytes;
	*length = play.seen++ == 0 ? play.message.length : 0;
	return play.message.bytes;
}

static void find(const char *name, void *out)
{
	void *found = dlsym(RTLD_NEXT, name);

	assert_non_null(found);
	memcpy(out, &found, sizeof found);
}

int EVP_DigestUpdate(EVP_MD_CTX *context, const void *bytes, size_t length)
{
	static int (*real)(EVP_MD_CTX *, const void *, size_t);
	const void *instead = exchange(bytes, &length);

	if (real == NULL)
		find("EVP_DigestUpdate", &real);
	return real(context, instead, length);
}

int HMAC_Update(HMAC_CTX *context, const unsigned char *bytes, size_t length)
{
	static int (*real)(HMAC_CTX *, const unsigned char *, size_t);
	const unsigned char *instead = exchange(bytes, &length);

	if (real == NULL)
		find("HMAC_Update", &real);
	return real(context, instead, length);
}

static struct bytes from_hex(const json_t *text, struct arena *arena)
{
	struct bytes out = {.length = json_string_length(text) / 2};

	out.bytes = arena_alloc(arena, out.length + 1);
	assert_true(hash_from_hex(json_string_value(text), out.bytes, out.length));
	return out;
}

static bool verifies(const struct keyring *ring, const char *algorithm, struct bytes message, struct bytes signature)
{
	struct arena arena = {0};
	const char *header = arena_printf(&arena, "{\"alg\":\"%s\"}", algorithm), *text = "", *token, *payload;
	size_t length;
	bool good;

	if (signature.length > 0)
		text = base64url_encode(signature.bytes, signature.length, &arena);
	play.pieces[0] = base64url_encode(header, strlen(header), &arena);
	play.pieces[1] = ".";
	play.pieces[2] = base64url_encode("{}", 2, &arena);
	play.message = message;
	play.seen = 0;
	token = arena_printf(&arena, "%s.%s.%s", play.pieces[0], play.pieces[2], text);
	good = jws_verify(ring, token, &arena, &payload, &length, NULL) == ERR_OK;
	assert_true(!good || play.seen == PIECES);
	play.seen = PIECES;
	arena_free(&arena);
	return good;
}

/* An empty ring when the key is refused: secrets are the cases' own, public keys their group's. */
static struct keyring ring_of(const json_t *group, const json_t *test, enum jwa jwa, struct arena *arena)
{
	const char *pem = json_string_value(json_object_get(group, "publicKeyPem"));
	struct keyring ring = {0};
	struct jwt_key *key;
	enum err err;

	if (pem != NULL) {
		err = jwt_key_of_pem(pem, "", jwa, &key, NULL);
	} else {
		struct bytes secret = from_hex(json_object_get(test, "key"), arena);

		err = jwt_key_of_secret(secret.bytes, secret.length, "", jwa, &key, NULL);
	}
	if (err == ERR_OK)
		assert_int_equal(keyring_add(&ring, key, NULL), ERR_OK);
	return ring;
}

/*
 * The key takes no other message and no other signature. The lowest bit of one of ECDSA will not do: s and n - s are as
 * good as each other, and in two cases they lie side by side.
 */
static void bites(const struct keyring *ring, const char *algorithm, struct bytes message, struct bytes signature)
{
	struct bytes longer = {message.bytes, message.length + 1};

	message.bytes[message.length] = 0;
	assert_false(verifies(ring, algorithm, longer, signature));
	message.bytes[0] ^= 1;
	assert_false(message.length > 0 && verifies(ring, algorithm, message, signature));
	message.bytes[0] ^= 1;
	for (size_t i = 0; i < 2; i++) {
		unsigned char *byte = &signature.bytes[i * (signature.length - 1)];

		*byte ^= 0x80;
		assert_false(verifies(ring, algorithm, message, signature));
		*byte ^= 0x80;
	}
	assert_true(verifies(ring, algorithm, message, signature));
}

/*
 * What Wycheproof calls valid and is not so in a token: a secret shorter than the hash and a MAC that was cut (RFC 7518
 * section 3.2). What it calls acceptable, a DigestInfo without its NULL, is no signature of RFC 8017 section 8.2.2.
 */
static bool strict_here(const json_t *group)
{
	const json_t *secret = json_object_get(group, "keySize"), *mac = json_object_get(group, "tagSize");

	return mac != NULL && (json_integer_value(secret) < 256 || json_integer_value(mac) < 256);
}

static bool run_case(const json_t *group, const json_t *test, const struct jwa_row *row)
{
	const json_t *text = json_object_get(test, "sig");
	bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
	struct arena arena = {0};
	struct bytes message = from_hex(json_object_get(test, "msg"), &arena);
	struct bytes signature = from_hex(text != NULL ? text : json_object_get(test, "tag"), &arena);
	struct keyring ring = ring_of(group, test, row->jwa, &arena);
	bool got = verifies(&ring, row->name, message, signature);

	if (got != (valid && !strict_here(group)))
		fail_msg("%s case %d: %s", row->name, (int)json_integer_value(json_object_get(test, "tcId")),
			got ? "accepted" : "refused");
	if (got)
		bites(&ring, row->name, message, signature);
	keyring_clear(&ring);
	arena_free(&arena);
	return got;
}

static void run_file(const char *name, const char *algorithm, size_t cases, size_t valid)
{
	size_t i, j, ran = 0, accepted = 0;
	json_t *file, *group, *test;
	char path[4096];

	assert_true(vector_path(name, path, sizeof path));
	file = json_load_file(path, 0, NULL);
	json_array_foreach(json_object_get(file, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			accepted += run_case(group, test, jwa_find(algorithm));
			ran++;
		}
	}
	assert_int_equal(ran, cases);
	assert_int_equal(accepted, valid);
	json_decref(file);
}

static void agrees_on_es256(void **state)
{
	(void)state;
	run_file("jwt/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", "ES256", 262, 173);
}

static void agrees_on_rs256(void **state)
{
	(void)state;
	run_file("jwt/wycheproof/rsa_signature_2048_sha256_test.json", "RS256", 259, 9);
}

static void agrees_on_hs256(void **state)
{
	(void)state;
	run_file("jwt/wycheproof/hmac_sha256_test.json", "HS256", 174, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_on_es256),
		cmocka_unit_test(agrees_on_rs256),
		cmocka_unit_test(agrees_on_hs256),
	};

	return cmocka_run_group_tests_name("jws_raw", tests, NULL, NULL);
}
