/* SPDX-License-Identifier: MIT */
#include "auth/keyring.h"

#include "base/fs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum err keyring_add(struct keyring *ring, struct jwt_key *key, struct err_info *info)
{
	if (ring->count == KEYRING_MOST) {
		jwt_key_free(key);
		return err_set(info, ERR_TOO_LARGE, "there are more than %d keys", KEYRING_MOST);
	}
	ring->keys[ring->count++] = key;
	return ERR_OK;
}

void keyring_clear(struct keyring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		jwt_key_free(ring->keys[i]);
	*ring = (struct keyring){0};
}

static bool same_text(const json_t *a, const json_t *b, const char *name)
{
	const char *one = json_string_value(json_object_get(a, name)),
		   *other = json_string_value(json_object_get(b, name));

	return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* Keys of one set have names of their own, unless their types differ (RFC 7517 section 4.5). */
static bool named_twice(const json_t *keys)
{
	for (size_t i = 0; i < json_array_size(keys); i++) {
		for (size_t j = 0; j < i; j++) {
			const json_t *one = json_array_get(keys, i), *other = json_array_get(keys, j);

			if (same_text(one, other, "kid") && same_text(one, other, "kty"))
				return true;
		}
	}
	return false;
}

/* Who publishes such a set has published a secret, or confuses the two. */
static bool mixes_secrets(const struct keyring *ring, size_t first)
{
	size_t secrets = 0;

	for (size_t i = first; i < ring->count; i++)
		secrets += (jwt_key_algorithms(ring->keys[i]) & JWA_SECRET) != 0;
	return secrets > 0 && secrets < ring->count - first;
}

static enum err add_one(struct keyring *ring, const json_t *jwk, unsigned algorithms, struct err_info *info)
{
	struct jwt_key *key;
	enum err err = jwt_key_of_jwk(jwk, algorithms, &key, info);

	/* RFC 7517 section 5: what is not understood is passed over. */
	if (err == ERR_UNSUPPORTED || (err == ERR_BAD_REQUEST && json_object_get(jwk, "kty") != NULL))
		return ERR_OK;
	return err == ERR_OK ? keyring_add(ring, key, info) : err;
}

static enum err add_all(
	struct keyring *ring, const json_t *set, unsigned algorithms, bool *secret, struct err_info *info)
{
	const json_t *keys = json_object_get(set, "keys"), *jwk;
	size_t first = ring->count, i;
	enum err err = ERR_OK;

	if (keys == NULL && json_object_get(set, "kty") != NULL) {
		*secret = json_object_get(set, "k") != NULL || json_object_get(set, "d") != NULL;
		err = add_one(ring, set, algorithms, info);
	} else if (!json_is_array(keys) || json_array_size(keys) > KEYRING_MOST) {
		err = err_set(info, ERR_BAD_REQUEST, "this is no JWK set of at most %d keys", KEYRING_MOST);
	} else if (named_twice(keys)) {
		err = err_set(info, ERR_BAD_REQUEST, "two keys of the set have one name");
	}
	json_array_foreach(keys, i, jwk)
	{
		*secret |= json_object_get(jwk, "k") != NULL || json_object_get(jwk, "d") != NULL;
		if (err == ERR_OK)
			err = add_one(ring, jwk, algorithms, info);
	}
	if (err == ERR_OK && ring->count == first)
		err = err_set(info, ERR_BAD_REQUEST, "no key in it is for an algorithm that is wanted");
	if (err == ERR_OK && mixes_secrets(ring, first))
		err = err_set(info, ERR_BAD_REQUEST, "secrets and public keys are in one set");
	return err;
}

enum err keyring_add_set(struct keyring *ring, const char *text, size_t length, unsigned algorithms, bool secrets,
	bool *secret, struct err_info *info)
{
	json_t *set = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	bool found = false;
	enum err err;

	if (!secrets)
		algorithms &= ~(unsigned)JWA_SECRET;
	err = json_is_object(set) ? add_all(ring, set, algorithms, &found, info)
				  : err_set(info, ERR_BAD_REQUEST, "this is no JWK set");
	json_decref(set);
	if (secret != NULL)
		*secret = found;
	return err;
}

static enum err check_mode(const char *path, struct err_info *info)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return err_set(info, ERR_NOT_FOUND, "%s went away", path);
	if (status.st_mode & 0077)
		return err_set(info, ERR_FORBIDDEN, "others may read the secrets in it: chmod 600 %s", path);
	return ERR_OK;
}

/* A file of one key in PEM, or of JWKs. */
static enum err add_file(
	struct keyring *ring, const char *path, const char *id, unsigned algorithms, struct err_info *info)
{
	struct err_info reason = {0};
	struct jwt_key *key;
	bool secret = false;
	size_t length;
	char *text;
	enum err err = fs_read_file(path, KEYRING_FILE_MOST, &text, &length, info);

	if (err != ERR_OK)
		return err;
	if (text[strspn(text, " \t\r\n")] == '{') {
		err = keyring_add_set(ring, text, length, algorithms, true, &secret, &reason);
	} else {
		secret = strstr(text, "PRIVATE KEY-----") != NULL;
		err = jwt_key_of_pem(text, id, algorithms, &key, &reason);
		if (err == ERR_OK)
			err = keyring_add(ring, key, &reason);
	}
	explicit_bzero(text, length);
	free(text);
	if (err != ERR_OK)
		return err_set(info, ERR_BAD_REQUEST, "%s: %s", path, reason.detail);
	return secret ? check_mode(path, info) : ERR_OK;
}

static enum err add_configured(struct keyring *ring, const struct conf_key *from, struct err_info *info)
{
	struct err_info reason = {0};
	struct jwt_key *key;
	unsigned algorithms;
	enum err err = jwa_read(from->algorithms, &algorithms, &reason);

	if (err == ERR_OK && from->file != NULL)
		return add_file(ring, from->file, from->id, algorithms, info);
	if (err == ERR_OK)
		err = jwt_key_of_secret(from->secret, strlen(from->secret), from->id, algorithms, &key, &reason);
	if (err == ERR_OK && jwt_key_algorithms(key) != algorithms) {
		jwt_key_free(key);
		err = err_set(&reason, ERR_BAD_REQUEST,
			"the secret is too short for one of its algorithms, or one is not of HS");
	}
	if (err == ERR_OK)
		err = keyring_add(ring, key, &reason);
	return err == ERR_OK ? ERR_OK
			     : err_set(info, ERR_BAD_REQUEST, "auth.jwt_keys: key \"%s\": %s", from->id, reason.detail);
}

enum err keyring_open(struct keyring *ring, const struct conf *conf, struct err_info *info)
{
	struct err_info reason = {0};
	struct jwt_key *key;
	unsigned algorithms = 0;
	enum err err = jwt_key_new(conf->jwt_secret, &key, info);

	*ring = (struct keyring){0};
	if (err == ERR_OK)
		err = keyring_add(ring, key, info);
	for (size_t i = 0; err == ERR_OK && i < conf->jwt_keys.count; i++)
		err = add_configured(ring, &conf->jwt_keys.keys[i], info);
	if (err == ERR_OK && conf->jwks_algorithms[0] != '\0' &&
		jwa_read(conf->jwks_algorithms, &algorithms, &reason) != ERR_OK)
		err = err_set(info, ERR_BAD_REQUEST, "auth.jwks_algorithms: %s", reason.detail);
	if (err == ERR_OK && conf->jwks_file[0] != '\0')
		err = add_file(ring, conf->jwks_file, "", algorithms, info);
	if (err != ERR_OK)
		keyring_clear(ring);
	return err;
}
