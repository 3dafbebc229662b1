/* SPDX-License-Identifier: MIT */
#include "auth/jws.h"

#include <cjose/cjose.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct jwt_key {
	cjose_jwk_t *jwk;
};

enum err jws_key_new(const void *secret, size_t length, struct jwt_key **out, struct err_info *info)
{
	struct jwt_key *key;

	*out = NULL;
	if (length < JWS_KEY_LEAST)
		return err_set(info, ERR_BAD_REQUEST, "an HS256 key needs at least %d bytes", JWS_KEY_LEAST);
	key = malloc(sizeof *key);
	if (key == NULL)
		abort();
	key->jwk = cjose_jwk_create_oct_spec(secret, length, NULL);
	if (key->jwk == NULL) {
		free(key);
		return err_set(info, ERR_BAD_REQUEST, "the HS256 key cannot be used");
	}
	*out = key;
	return ERR_OK;
}

void jws_key_free(struct jwt_key *key)
{
	if (key == NULL)
		return;
	cjose_jwk_release(key->jwk);
	free(key);
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* True for base64url without padding that has no other spelling (RFC 4648 section 3.5). */
static bool canonical(const char *text, size_t length)
{
	int unused = length % 4 == 2 ? 15 : length % 4 == 3 ? 3 : 0;

	if (length == 0 || length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (digit(text[i]) < 0)
			return false;
	}
	return (digit(text[length - 1]) & unused) == 0;
}

/* The length of the first of three well-formed parts; 0 when TOKEN is no such thing. */
static size_t check_form(const char *token)
{
	size_t header = strcspn(token, "."), payload, signature;

	if (token[header] != '.')
		return 0;
	payload = strcspn(token + header + 1, ".");
	if (token[header + 1 + payload] != '.')
		return 0;
	signature = strlen(token + header + payload + 2);
	if (!canonical(token, header) || !canonical(token + header + 1, payload) ||
		!canonical(token + header + payload + 2, signature))
		return 0;
	return header;
}

static bool acceptable_header(const char *token, size_t length)
{
	bool acceptable = false;
	json_t *header = NULL;
	uint8_t *bytes = NULL;
	size_t size = 0;
	const char *algorithm;

	if (!cjose_base64url_decode(token, length, &bytes, &size, NULL))
		return false;
	header = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
	algorithm = json_string_value(json_object_get(header, "alg"));
	acceptable = algorithm != NULL && strcmp(algorithm, "HS256") == 0 && json_object_get(header, "crit") == NULL;
	json_decref(header);
	free(bytes);
	return acceptable;
}

enum err jws_verify(const struct jwt_key *key, const char *token, struct arena *arena, const char **payload,
	size_t *length, struct err_info *info)
{
	enum err err = ERR_OK;
	cjose_jws_t *jws = NULL;
	uint8_t *bytes;
	size_t total = strnlen(token, JWS_MOST + 1), header;

	if (total > JWS_MOST)
		return err_set(info, ERR_UNAUTHORIZED, "the token is longer than %d bytes", JWS_MOST);
	header = check_form(token);
	if (header == 0)
		return err_set(info, ERR_UNAUTHORIZED, "the token is not a signed token in compact form");
	if (!acceptable_header(token, header))
		return err_set(info, ERR_UNAUTHORIZED, "the token's header is not one that is accepted here");
	jws = cjose_jws_import(token, total, NULL);
	if (jws == NULL || !cjose_jws_verify(jws, key->jwk, NULL) ||
		!cjose_jws_get_plaintext(jws, &bytes, length, NULL)) {
		err = err_set(info, ERR_UNAUTHORIZED, "the token's signature is not valid");
		goto out;
	}
	*payload = arena_memdup(arena, bytes, *length);
out:
	cjose_jws_release(jws);
	return err;
}

enum err jws_sign(const struct jwt_key *key, const void *payload, size_t length, struct arena *arena, char **out,
	struct err_info *info)
{
	enum err err = ERR_OK;
	cjose_header_t *header = cjose_header_new(NULL);
	cjose_jws_t *jws = NULL;
	const char *compact;

	if (header == NULL || !cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, NULL) ||
		!cjose_header_set(header, "typ", "JWT", NULL)) {
		err = err_set(info, ERR_INTERNAL, "cannot make a token's header");
		goto out;
	}
	jws = cjose_jws_sign(key->jwk, header, payload, length, NULL);
	if (jws == NULL || !cjose_jws_export(jws, &compact, NULL)) {
		err = err_set(info, ERR_INTERNAL, "cannot sign a token");
		goto out;
	}
	if (strlen(compact) > JWS_MOST) {
		err = err_set(info, ERR_INTERNAL, "the token would be longer than %d bytes", JWS_MOST);
		goto out;
	}
	*out = arena_strdup(arena, compact);
out:
	cjose_jws_release(jws);
	cjose_header_release(header);
	return err;
}
