/* SPDX-License-Identifier: MIT */
#include "auth/jwt.h"

#include "auth/jws.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The largest whole number that every JSON implementation carries exactly (RFC 8259 section 6). */
static const int64_t latest = (INT64_C(1) << 53) - 1;

/* A NumericDate (RFC 7519 section 2), fractions cut; 0 when absent. False for anything but a number in range. */
static bool read_time(const json_t *claims, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(claims, name);

	*out = 0;
	if (value == NULL)
		return true;
	if (!json_is_number(value) || json_number_value(value) < 0 || json_number_value(value) > (double)latest)
		return false;
	*out = json_is_integer(value) ? json_integer_value(value) : (int64_t)json_real_value(value);
	return true;
}

/* "" when absent. False for anything but a string. */
static bool read_text(const json_t *claims, const char *name, struct arena *arena, const char **out)
{
	const json_t *value = json_object_get(claims, name);

	*out = "";
	if (value == NULL)
		return true;
	if (!json_is_string(value))
		return false;
	*out = arena_strdup(arena, json_string_value(value));
	return true;
}

static enum err check_times(
	const json_t *object, const struct jwt_policy *policy, struct jwt_claims *claims, struct err_info *info)
{
	int64_t now = clock_seconds(policy->clock);

	if (!read_time(object, "exp", &claims->expires) || !read_time(object, "nbf", &claims->not_before) ||
		!read_time(object, "iat", &claims->issued))
		return err_set_why(info, ERR_UNAUTHORIZED, "malformed", "the token has a time that is not a number of seconds");
	if (json_object_get(object, "exp") == NULL)
		return err_set_why(info, ERR_UNAUTHORIZED, "never-expires", "the token never expires, which is not accepted here");
	if (claims->expires <= now - policy->leeway_s)
		return err_set_why(info, ERR_UNAUTHORIZED, "expired", "the token has expired");
	if (claims->not_before > now + policy->leeway_s)
		return err_set_why(info, ERR_UNAUTHORIZED, "not-yet", "the token is not valid yet");
	if (claims->issued > now + policy->leeway_s)
		return err_set_why(info, ERR_UNAUTHORIZED, "not-yet", "the token says that it was made in the future");
	return ERR_OK;
}

/* False for anything but an array of texts. */
static bool read_tracks(const json_t *claims, struct arena *arena, struct jwt_claims *out)
{
	const json_t *value = json_object_get(claims, "tracks"), *track;
	const char **tracks;
	size_t i;

	out->bounded = value != NULL;
	out->tracks = NULL;
	out->track_count = 0;
	if (value == NULL)
		return true;
	if (!json_is_array(value) || json_array_size(value) > JWT_TRACKS_MOST)
		return false;
	out->tracks = tracks = arena_array(arena, json_array_size(value) + 1, sizeof *tracks);
	json_array_foreach(value, i, track)
	{
		if (!json_is_string(track))
			return false;
		tracks[out->track_count++] = arena_strdup(arena, json_string_value(track));
	}
	return true;
}

bool jwt_reaches(const struct jwt_claims *claims, const char *track)
{
	for (size_t i = 0; i < claims->track_count; i++) {
		if (strcmp(claims->tracks[i], track) == 0)
			return true;
	}
	return !claims->bounded;
}

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool is_text(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* RFC 7519 section 4.1.3: one audience or an array of them. */
static bool is_for(const json_t *audience, const char *name)
{
	const json_t *one;
	bool found = false;
	size_t i;

	if (!is_set(name))
		return audience == NULL;
	if (!json_is_array(audience))
		return is_text(audience, name);
	json_array_foreach(audience, i, one) found |= is_text(one, name);
	return found;
}

static enum err check_claims(const json_t *object, const struct jwt_policy *policy, struct arena *arena,
	struct jwt_claims *claims, struct err_info *info)
{
	const char *issuer;

	if (!read_text(object, "iss", arena, &issuer) || !read_text(object, "sub", arena, &claims->subject) ||
		!read_text(object, "scope", arena, &claims->scope) || !read_text(object, "jti", arena, &claims->id) ||
		!read_tracks(object, arena, claims))
		return err_set_why(info, ERR_UNAUTHORIZED, "malformed", "the token has a claim of a wrong type");
	if (!is_for(json_object_get(object, "aud"), policy->audience))
		return err_set_why(info, ERR_UNAUTHORIZED, "audience", "the token is meant for another audience");
	if (is_set(policy->issuer) && strcmp(issuer, policy->issuer) != 0)
		return err_set_why(info, ERR_UNAUTHORIZED, "issuer", "the token is from another issuer");
	return check_times(object, policy, claims, info);
}

enum err jwt_verify(const struct keyring *keys, const struct jwt_policy *policy, const char *token, struct arena *arena,
	struct jwt_claims *claims, struct err_info *info)
{
	const char *payload;
	json_t *object;
	size_t length;
	enum err err = jws_verify(keys, token, arena, &payload, &length, info);

	if (err != ERR_OK)
		return err;
	object = json_loadb(payload, length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		err = check_claims(object, policy, arena, claims, info);
	else
		err = err_set_why(info, ERR_UNAUTHORIZED, "malformed", "the token's claims are not a JSON object");
	json_decref(object);
	return err;
}

static void put_text(json_t *object, const char *name, const char *value)
{
	if (is_set(value))
		json_object_set_new(object, name, json_string(value));
}

static void put_time(json_t *object, const char *name, int64_t value)
{
	if (value != 0)
		json_object_set_new(object, name, json_integer(value));
}

static void put_tracks(json_t *object, const struct jwt_claims *claims)
{
	json_t *tracks = json_array();

	for (size_t i = 0; i < claims->track_count; i++)
		json_array_append_new(tracks, json_string(claims->tracks[i]));
	json_object_set_new(object, "tracks", tracks);
}

enum err jwt_sign(const struct jwt_key *key, const struct jwt_claims *claims, const struct jwt_policy *policy,
	struct arena *arena, char **out, struct err_info *info)
{
	json_t *object = json_object();
	char *payload;
	enum err err;

	put_text(object, "iss", policy->issuer);
	put_text(object, "aud", policy->audience);
	put_text(object, "sub", claims->subject);
	put_text(object, "scope", claims->scope);
	put_text(object, "jti", claims->id);
	put_time(object, "exp", claims->expires);
	put_time(object, "nbf", claims->not_before);
	put_time(object, "iat", claims->issued);
	if (claims->bounded)
		put_tracks(object, claims);
	payload = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (payload == NULL)
		return err_set(info, ERR_INTERNAL, "cannot write a token's claims");
	err = jws_sign(key, payload, strlen(payload), arena, out, info);
	free(payload);
	return err;
}
