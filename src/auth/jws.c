/* SPDX-License-Identifier: MIT */
#include "auth/jws.h"

#include "auth/base64url.h"
#include "auth/key_handle.h"

#include <stdlib.h>
#include <string.h>

/* A token taken apart; all of it points into the token or the arena. */
struct parts {
	const char *token;
	size_t total, signed_length; /* of all, and of what is signed: header, dot, payload */
	const char *payload, *signature;
	size_t header_length, payload_length, signature_length;
	enum jwa jwa;
	const char *kid; /* NULL when it has none */
};

/* Three well-formed parts. */
static bool take_apart(const char *token, struct parts *parts)
{
	parts->token = token;
	parts->header_length = strcspn(token, ".");
	if (token[parts->header_length] != '.')
		return false;
	parts->payload = token + parts->header_length + 1;
	parts->payload_length = strcspn(parts->payload, ".");
	if (parts->payload[parts->payload_length] != '.')
		return false;
	parts->signature = parts->payload + parts->payload_length + 1;
	parts->signature_length = parts->total - (size_t)(parts->signature - token);
	parts->signed_length = parts->header_length + 1 + parts->payload_length;
	return base64url_canonical(token, parts->header_length) &&
	       base64url_canonical(parts->payload, parts->payload_length) &&
	       base64url_canonical(parts->signature, parts->signature_length);
}

static bool take_header(const json_t *header, struct arena *arena, struct parts *parts)
{
	static const char *const refused[] = {"crit", "jwk", "jku", "x5c", "x5u"};
	const char *algorithm = json_string_value(json_object_get(header, "alg"));
	const json_t *kid = json_object_get(header, "kid");
	const struct jwa_row *row = algorithm != NULL ? jwa_find(algorithm) : NULL;

	if (row == NULL || (kid != NULL && !json_is_string(kid)))
		return false;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (json_object_get(header, refused[i]) != NULL)
			return false;
	}
	/* cjose takes what begins with a signature of ECDSA for one (libcjose 0.6.2). */
	if (row->signature != 0 && parts->signature_length != (row->signature * 4 + 2) / 3)
		return false;
	parts->jwa = row->jwa;
	parts->kid = arena_strdup(arena, json_string_value(kid));
	return true;
}

static bool read_header(struct parts *parts, struct arena *arena)
{
	size_t size;
	unsigned char *bytes = base64url_decode(parts->token, parts->header_length, arena, &size);
	json_t *header = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
	bool good = take_header(header, arena, parts);

	json_decref(header);
	return good;
}

static bool verify_edwards(const struct jwt_key *key, const struct parts *parts, struct arena *arena)
{
	size_t length;
	const unsigned char *signature = base64url_decode(parts->signature, parts->signature_length, arena, &length);

	return jwt_key_verify_edwards(key, parts->token, parts->signed_length, signature, length);
}

static bool verify_cjose(const struct jwt_key *key, const struct parts *parts)
{
	cjose_jws_t *jws = cjose_jws_import(parts->token, parts->total, NULL);
	bool good = jws != NULL && cjose_jws_verify(jws, key->jwk, NULL);

	cjose_jws_release(jws);
	return good;
}

/* Whether the key is one for this token when its name must be ID; NULL for any. */
static bool is_candidate(const struct jwt_key *key, const struct parts *parts, const char *id)
{
	return (key->algorithms & (unsigned)parts->jwa) != 0 && (id == NULL || strcmp(key->id, id) == 0);
}

/* Tries the keys with this ID; *TRIED tells whether there was one. */
static bool try_keys(
	const struct keyring *keys, const struct parts *parts, const char *id, struct arena *arena, bool *tried)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct jwt_key *key = keys->keys[i];

		if (!is_candidate(key, parts, id))
			continue;
		*tried = true;
		if (key->edwards != NULL ? verify_edwards(key, parts, arena) : verify_cjose(key, parts))
			return true;
	}
	return false;
}

enum err jws_verify(const struct keyring *keys, const char *token, struct arena *arena, const char **payload,
	size_t *length, struct err_info *info)
{
	struct parts parts = {.total = strnlen(token, JWS_MOST + 1)};
	bool tried = false, good;

	if (parts.total > JWS_MOST)
		return err_set_why(info, ERR_UNAUTHORIZED, "malformed", "the token is longer than %d bytes", JWS_MOST);
	if (!take_apart(token, &parts))
		return err_set_why(info, ERR_UNAUTHORIZED, "malformed", "the token is not a signed token in compact form");
	if (!read_header(&parts, arena))
		return err_set_why(info, ERR_UNAUTHORIZED, "algorithm", "the token's header is not one that is accepted here");
	good = try_keys(keys, &parts, parts.kid, arena, &tried);
	if (!tried && parts.kid != NULL)
		good = try_keys(keys, &parts, "", arena, &tried);
	if (!tried)
		return err_set(info, ERR_NOT_FOUND, "the token's key is not known here");
	if (!good)
		return err_set_why(info, ERR_UNAUTHORIZED, "signature", "the token's signature is not valid");
	*payload = (const char *)base64url_decode(parts.payload, parts.payload_length, arena, length);
	return ERR_OK;
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
