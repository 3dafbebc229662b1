/* SPDX-License-Identifier: MIT */
#include "storage/credentials.h"

#include "base/log.h"
#include "storage/credentials_place.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct credentials {
	struct credentials_places places; /* text owned */
	const struct clock *clock;
	struct credentials_found found;
	const char *origin;
	int64_t until_s; /* look again from then on; INT64_MAX: never */
};

static char *copy(const char *text)
{
	char *made = text == NULL || text[0] == '\0' ? NULL : strdup(text);

	if (made == NULL && text != NULL && text[0] != '\0')
		abort();
	return made;
}

static void wipe(const char **text)
{
	if (*text != NULL)
		OPENSSL_cleanse((void *)(uintptr_t)*text, strlen(*text));
	free((void *)(uintptr_t)*text);
	*text = NULL;
}

enum err credentials_open(const struct credentials_places *places, const struct clock *clock,
	struct credentials **out, struct err_info *info)
{
	struct credentials *credentials = calloc(1, sizeof *credentials);

	*out = NULL;
	if (credentials == NULL)
		abort();
	credentials->places = (struct credentials_places){.access_key = copy(places->access_key),
		.secret_key = copy(places->secret_key),
		.session_token = copy(places->session_token),
		.file = copy(places->file),
		.profile = copy(places->profile),
		.find_in_metadata = places->find_in_metadata,
		.metadata_url = copy(places->metadata_url),
		.metadata_ms = places->metadata_ms};
	credentials->clock = clock;
	credentials->origin = "";
	if ((credentials->places.access_key == NULL) != (credentials->places.secret_key == NULL)) {
		credentials_free(credentials);
		return err_set(info, ERR_BAD_REQUEST, "an access key of an object store goes with a secret key");
	}
	*out = credentials;
	return ERR_OK;
}

void credentials_free(struct credentials *credentials)
{
	if (credentials == NULL)
		return;
	wipe(&credentials->places.access_key);
	wipe(&credentials->places.secret_key);
	wipe(&credentials->places.session_token);
	wipe(&credentials->places.file);
	wipe(&credentials->places.profile);
	wipe(&credentials->places.metadata_url);
	credentials_found_free(&credentials->found);
	free(credentials);
}

void credentials_found_set(
	struct credentials_found *found, const char *access_key, const char *secret_key, const char *session_token)
{
	found->access_key = copy(access_key);
	found->secret_key = copy(secret_key);
	found->session_token = copy(session_token);
}

void credentials_found_free(struct credentials_found *found)
{
	wipe(&found->access_key);
	wipe(&found->secret_key);
	wipe(&found->session_token);
	found->expires_s = 0;
}

static enum err find_configured(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info)
{
	(void)info;
	if (places->access_key == NULL)
		return ERR_NOT_FOUND;
	credentials_found_set(found, places->access_key, places->secret_key, places->session_token);
	found->expires_s = INT64_MAX;
	return ERR_OK;
}

static enum err find_in_environment(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info)
{
	const char *access_key = getenv("AWS_ACCESS_KEY_ID"), *secret_key = getenv("AWS_SECRET_ACCESS_KEY");

	(void)places;
	if (access_key == NULL || access_key[0] == '\0')
		return ERR_NOT_FOUND;
	if (secret_key == NULL || secret_key[0] == '\0')
		return err_set(info, ERR_UNPROCESSABLE, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
	credentials_found_set(found, access_key, secret_key, getenv("AWS_SESSION_TOKEN"));
	found->expires_s = INT64_MAX;
	return ERR_OK;
}

static enum err find_in_metadata(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info)
{
	return places->find_in_metadata == NULL ? ERR_NOT_FOUND : places->find_in_metadata(places, found, info);
}

/* Looks in all places; ERR_UNAUTHORIZED when none has any. */
static enum err find(struct credentials *credentials, struct credentials_found *found, const char **origin,
	struct err_info *info)
{
	static const struct {
		const char *name;
		enum err (*find)(const struct credentials_places *, struct credentials_found *, struct err_info *);
	} places[] = {
		{"configuration", find_configured},
		{"environment", find_in_environment},
		{"file", credentials_find_in_file},
		{"metadata", find_in_metadata},
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		enum err err = places[i].find(&credentials->places, found, info);

		if (err == ERR_OK)
			*origin = places[i].name;
		if (err != ERR_NOT_FOUND)
			return err;
	}
	return err_set(info, ERR_UNAUTHORIZED, "no keys for the object store: neither in the configuration, nor in the "
					       "environment, nor in a credentials file, nor from a metadata service");
}

/* When FOUND has to be looked for again. */
static int64_t renewal(const struct credentials_found *found, const char *origin, int64_t now_s)
{
	if (strcmp(origin, "file") == 0)
		return now_s + CREDENTIALS_FILE_S;
	return found->expires_s == INT64_MAX ? INT64_MAX : found->expires_s - CREDENTIALS_EARLY_S;
}

enum err credentials_get(struct credentials *credentials, struct sigv4_credentials *out, struct err_info *info)
{
	struct credentials_found found = {0};
	int64_t now_s = clock_seconds(credentials->clock);
	struct err_info reason = {0};
	const char *origin = "";
	enum err err;

	if (credentials->found.access_key == NULL || now_s >= credentials->until_s) {
		err = find(credentials, &found, &origin, &reason);
		if (err == ERR_OK) {
			credentials_found_free(&credentials->found);
			credentials->found = found;
			credentials->origin = origin;
			credentials->until_s = renewal(&found, origin, now_s);
		} else if (credentials->found.access_key == NULL || now_s >= credentials->found.expires_s) {
			return err_set(info, err, "%s", reason.detail);
		} else {
			log_failure(LOG_WARNING, "the keys of the object store could not be renewed", &reason);
		}
	}
	*out = (struct sigv4_credentials){
		credentials->found.access_key, credentials->found.secret_key, credentials->found.session_token};
	return ERR_OK;
}

void credentials_expire(struct credentials *credentials)
{
	credentials_found_free(&credentials->found);
}

const char *credentials_origin(const struct credentials *credentials)
{
	return credentials->origin;
}
