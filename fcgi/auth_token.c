/* SPDX-License-Identifier: MIT */
/*
 * POST /auth/token. A name and a password begin a login, whose refresh tokens follow each other; an API key is as good
 * as both and needs no refreshing. The jti of every token of a login is the login's own, so that revoking it ends the
 * login.
 */
#include "auth/jwt.h"
#include "auth/password.h"
#include "auth/scope.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/network.h"
#include "fcgi/api.h"
#include "fcgi/auth.h"
#include "model/account.h"
#include "model/login.h"
#include "model/revocation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MOST = 4096, SECRET_BYTES = 32, SUBSCRIBER_BITS = 64, ADDRESS_FACTOR = 5 };

/* The members of the body; NULL where there is none. */
struct ask {
	const char *user, *password, *api_key, *refresh_token;
	const char *scope;
	json_t *tracks;
};

/* Whom the token is for and what it may permit. */
struct grantee {
	const char *subject, *scope, *tracks;
	char family[ID_SIZE];
	char refresh[2 * SECRET_BYTES + 1]; /* "" when there is none */
};

static enum err read_ask(const json_t *body, struct ask *ask, struct err_info *info)
{
	static const char *const members[] = {
		"user", "password", "api_key", "refresh_token", "scope", "tracks", NULL};
	enum err err = json_read_members(body, members, info);

	*ask = (struct ask){.tracks = json_object_get(body, "tracks")};
	if (err == ERR_OK)
		err = json_read_text(body, "user", ACCOUNT_NAME_MOST, &ask->user, info);
	if (err == ERR_OK)
		err = json_read_text(body, "password", PASSWORD_MOST, &ask->password, info);
	if (err == ERR_OK)
		err = json_read_text(body, "api_key", TEXT_MOST, &ask->api_key, info);
	if (err == ERR_OK)
		err = json_read_text(body, "refresh_token", TEXT_MOST, &ask->refresh_token, info);
	if (err == ERR_OK)
		err = json_read_text(body, "scope", TEXT_MOST, &ask->scope, info);
	if (err != ERR_OK)
		return err;
	if ((ask->user == NULL) != (ask->password == NULL) ||
		(ask->user != NULL) + (ask->api_key != NULL) + (ask->refresh_token != NULL) != 1)
		return err_set(info, ERR_UNPROCESSABLE,
			"there must be \"user\" and \"password\", or \"api_key\", or \"refresh_token\"");
	if (ask->tracks != NULL && !json_is_array(ask->tracks))
		return err_set(info, ERR_UNPROCESSABLE, "\"tracks\" must be an array of ids");
	return ERR_OK;
}

/* --- attempts at passwords ------------------------------------------------------------------------------- */

/* Whose attempts are counted together: an IPv4 address, or the /64 that one subscriber has of IPv6. */
static const char *neighbourhood(struct request *request)
{
	char text[NETWORK_TEXT_MOST + 1];
	struct network network;

	if (!network_read_address(request->remote, &network))
		return arena_printf(request->arena, "%.*s", NETWORK_TEXT_MOST, request->remote);
	network_widen(&network, NETWORK_BITS_4, SUBSCRIBER_BITS);
	return arena_strdup(request->arena, network_write(&network, text));
}

static enum err count_attempt(struct request *request, struct response *response, struct db *db, const char *about,
	const char *value, int64_t most, struct err_info *info)
{
	const struct responder *responder = responder_of(request);
	int64_t now = clock_seconds(responder->access.clock), count = 0, until = 0;
	enum err err =
		login_attempt(db, about, value, now, responder->conf->login_window_s, &count, &until, info);

	if (err != ERR_OK || count <= most)
		return err;
	response_status(response, 429);
	response_headerf(response, "Retry-After", "%" PRId64, until > now ? until - now : 1);
	return err_set(info, ERR_TOO_MANY, "too many attempts: come again later");
}

/* Counted before the password is looked at, so that attempts at the same time are too. */
static enum err count_attempts(
	struct request *request, struct response *response, struct db *db, const char *user, struct err_info *info)
{
	int64_t most = responder_of(request)->conf->login_attempts;
	enum err err = count_attempt(
		request, response, db, "address", neighbourhood(request), most * ADDRESS_FACTOR, info);

	return err == ERR_OK ? count_attempt(request, response, db, "subject", user, most, info) : err;
}

/* --- the three ways ---------------------------------------------------------------------------------------- */

static enum err new_refresh(
	struct request *request, struct db *db, struct grantee *grantee, struct err_info *info)
{
	const struct responder *responder = responder_of(request);
	struct refresh_token token = {.subject = grantee->subject, .scope = grantee->scope, .tracks = grantee->tracks};

	id_random_hex(SECRET_BYTES, grantee->refresh);
	hash_sha256_hex(grantee->refresh, strlen(grantee->refresh), token.hash);
	memcpy(token.family, grantee->family, sizeof token.family);
	token.expires = clock_seconds(responder->access.clock) + responder->conf->refresh_ttl_s;
	return refresh_token_put(db, &token, info);
}

static enum err by_password(struct request *request, struct response *response, const struct ask *ask,
	struct grantee *grantee, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	struct account account = {0}, now;
	bool good = false;
	struct db *db;
	enum err err = db_pool_take(responder->pool, &db, info), found;

	if (err != ERR_OK)
		return err;
	err = count_attempts(request, response, db, ask->user, info);
	found = err == ERR_OK ? account_get(db, ask->user, request->arena, &account, info) : err;
	db_pool_give(responder->pool, db);
	if (err != ERR_OK || (found != ERR_OK && found != ERR_NOT_FOUND))
		return err != ERR_OK ? err : found;
	response_wait(response, 0); /* what comes takes long: an event loop goes on without this thread */
	err = password_check(ask->password, account.password, &good, info);
	if (err == ERR_OK && !good)
		err = err_set_why(info, ERR_UNAUTHORIZED, "password", "the name or the password is wrong");
	if (err == ERR_OK)
		err = db_pool_take(responder->pool, &db, info);
	if (err != ERR_OK)
		return err;
	*grantee = (struct grantee){.subject = account.name, .scope = account.scope, .tracks = account.tracks};
	id_new(responder->access.clock, grantee->family);
	err = db_begin(db, info);
	if (err == ERR_OK)
		err = account_get(db, account.name, request->arena, &now, info);
	/* The check took long: by now it may have another password, or be gone. */
	if (err == ERR_NOT_FOUND || (err == ERR_OK && strcmp(now.password, account.password) != 0))
		err = err_set_why(info, ERR_UNAUTHORIZED, "password", "the name or the password is wrong");
	if (err == ERR_OK)
		err = login_forgive(db, "subject", account.name, info);
	if (err == ERR_OK)
		err = new_refresh(request, db, grantee, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	db_pool_give(responder->pool, db); /* which ends a transaction that came to nothing */
	return err;
}

/* "tak_{id}_{secret}", as `tonearm key add` gives it. */
static enum err by_api_key(struct request *request, struct db *db, const char *text, struct grantee *grantee,
	struct err_info *info)
{
	int64_t now = clock_seconds(responder_of(request)->access.clock);
	unsigned char ours[HASH_SIZE], theirs[HASH_SIZE];
	char id[ID_SIZE] = "";
	struct api_key key;
	enum err err = ERR_NOT_FOUND;

	if (strlen(text) > ID_LENGTH + 5 && strncmp(text, "tak_", 4) == 0 && text[4 + ID_LENGTH] == '_')
		memcpy(id, text + 4, ID_LENGTH);
	if (id_valid(id))
		err = api_key_get(db, id, now, request->arena, &key, info);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	hash_sha256(text, strlen(text), ours);
	if (err != ERR_OK || !hash_from_hex(key.hash, theirs, sizeof theirs) || !hash_equal(ours, theirs, sizeof ours))
		return err_set_why(info, ERR_UNAUTHORIZED, "api-key", "the API key is not good here");
	*grantee = (struct grantee){.subject = key.subject, .scope = key.scope, .tracks = key.tracks};
	id_new(responder_of(request)->access.clock, grantee->family);
	return ERR_OK;
}

/* A token that comes again ends its login: somebody has it who should not. */
static enum err end_family(struct request *request, struct db *db, const char *family, struct err_info *info)
{
	const struct responder *responder = responder_of(request);
	int64_t now = clock_seconds(responder->access.clock);
	const struct revocation revocation = {.kind = REVOKE_TOKEN,
		.value = family,
		.before = now,
		.expires = now + responder->conf->revocation_ttl_s};
	enum err err = refresh_token_drop_family(db, family, info);

	if (err == ERR_OK)
		err = revocation_put(db, &revocation, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		return err;
	log_message(LOG_WARNING, "a refresh token was used twice: its login is ended");
	return err_set_why(info, ERR_UNAUTHORIZED, "refresh-token", "the refresh token was used before: log in again");
}

static enum err by_refresh(struct request *request, struct db *db, const char *text, struct grantee *grantee,
	struct err_info *info)
{
	int64_t now = clock_seconds(responder_of(request)->access.clock);
	struct refresh_token token = {0};
	char hex[HASH_HEX_SIZE];
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	hash_sha256_hex(text, strlen(text), hex);
	err = refresh_token_use(db, hex, now, request->arena, &token, info);
	if (err == ERR_CONFLICT)
		return end_family(request, db, token.family, info);
	if (err == ERR_NOT_FOUND)
		return err_set_why(info, ERR_UNAUTHORIZED, "refresh-token", "the refresh token is not good here");
	*grantee = (struct grantee){.subject = token.subject, .scope = token.scope, .tracks = token.tracks};
	memcpy(grantee->family, token.family, sizeof grantee->family);
	if (err == ERR_OK)
		err = new_refresh(request, db, grantee, info);
	return err == ERR_OK ? db_commit(db, info) : err;
}

static enum err find_grantee(struct request *request, struct response *response, const struct ask *ask,
	struct grantee *grantee, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	struct db *db;
	enum err err;

	if (ask->user != NULL)
		return by_password(request, response, ask, grantee, info);
	err = db_pool_take(responder->pool, &db, info);
	if (err != ERR_OK)
		return err;
	err = ask->api_key != NULL ? by_api_key(request, db, ask->api_key, grantee, info)
				   : by_refresh(request, db, ask->refresh_token, grantee, info);
	db_pool_give(responder->pool, db); /* which ends a transaction that came to nothing */
	return err;
}

/* --- the token ------------------------------------------------------------------------------------------- */

static bool is_among(const json_t *list, const char *text)
{
	const json_t *one;
	bool found = false;
	size_t i;

	json_array_foreach(list, i, one) found |= strcmp(json_string_value(one), text) == 0;
	return found;
}

/* Its scope is what was asked for, or all there is. */
static enum err narrow_scope(struct request *request, const struct ask *ask, const struct grantee *grantee,
	struct jwt_claims *claims, struct err_info *info)
{
	char *words = arena_strdup(request->arena, ask->scope), *save = NULL;

	claims->scope = ask->scope != NULL ? ask->scope : grantee->scope;
	if (words == NULL)
		return ERR_OK;
	for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		if (!scope_has(grantee->scope, word))
			return err_set_why(info, ERR_FORBIDDEN, "scope", "the scope %.40s is not yours", word);
	}
	return ERR_OK;
}

static enum err narrow_tracks(struct request *request, const struct ask *ask, const json_t *given,
	struct jwt_claims *claims, struct err_info *info)
{
	const json_t *from = ask->tracks != NULL ? ask->tracks : given, *one;
	const char **tracks;
	size_t i;

	if (from == NULL)
		return ERR_OK;
	if (json_array_size(from) > JWT_TRACKS_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "a token is for at most %d single tracks", JWT_TRACKS_MOST);
	claims->bounded = true;
	claims->tracks = tracks = arena_array(request->arena, json_array_size(from) + 1, sizeof *tracks);
	json_array_foreach(from, i, one)
	{
		const char *id = json_string_value(one);

		if (id == NULL || !id_valid(id))
			return err_set(info, ERR_UNPROCESSABLE, "\"tracks\" must be an array of ids");
		if (given != NULL && !is_among(given, id))
			return err_set_why(info, ERR_FORBIDDEN, "track", "one of the tracks is not yours");
		tracks[claims->track_count++] = arena_strdup(request->arena, id);
	}
	return ERR_OK;
}

static enum err make_claims(struct request *request, const struct ask *ask, const struct grantee *grantee,
	struct jwt_claims *claims, struct err_info *info)
{
	const struct responder *responder = responder_of(request);
	json_t *given = grantee->tracks != NULL ? json_loads(grantee->tracks, 0, NULL) : NULL;
	enum err err;

	*claims = (struct jwt_claims){.subject = grantee->subject, .id = grantee->family};
	claims->issued = clock_seconds(responder->access.clock);
	claims->expires = claims->issued + responder->conf->token_ttl_s;
	err = narrow_scope(request, ask, grantee, claims, info);
	if (err == ERR_OK)
		err = narrow_tracks(request, ask, given, claims, info);
	json_decref(given);
	return err;
}

static void send_token(struct request *request, struct response *response, const struct jwt_claims *claims,
	const struct grantee *grantee)
{
	const struct responder *responder = responder_of(request);
	const struct jwt_policy policy = {
		.issuer = responder->conf->jwt_issuer, .audience = responder->conf->jwt_audience};
	struct err_info info;
	json_t *answer;
	char *token;

	/* The first key on the ring is auth.jwt_secret, see keyring_open(). */
	if (jwt_sign(responder->access.keys.keys[0], claims, &policy, request->arena, &token, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	answer = json_pack("{s:s, s:s, s:I, s:s}", "access_token", token, "token_type", "Bearer", "expires_in",
		(json_int_t)responder->conf->token_ttl_s, "scope", claims->scope);
	if (grantee->refresh[0] != '\0') {
		json_object_set_new(answer, "refresh_token", json_string(grantee->refresh));
		json_object_set_new(
			answer, "refresh_expires_in", json_integer((json_int_t)responder->conf->refresh_ttl_s));
	}
	response_json(response, 200, answer);
}

void auth_token(struct request *request, struct response *response)
{
	struct grantee grantee = {0};
	struct jwt_claims claims;
	struct err_info info = {0};
	struct ask ask;
	json_t *body;
	enum err err;

	if (!api_body(request, response, &body))
		return;
	err = read_ask(body, &ask, &info);
	if (err == ERR_OK)
		err = find_grantee(request, response, &ask, &grantee, &info);
	if (err == ERR_OK)
		err = make_claims(request, &ask, &grantee, &claims, &info);
	metrics_add(responder_of(request)->metrics, METRIC_AUTH_VERDICTS, 1, err_slug(err),
		err_why(err, &info));
	if (err == ERR_OK)
		send_token(request, response, &claims, &grantee);
	else
		response_error(response, &info);
	json_decref(body);
}
