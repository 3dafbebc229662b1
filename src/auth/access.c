/* SPDX-License-Identifier: MIT */
#include "auth/access.h"

#include "auth/scope.h"
#include "auth/signed_url.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Grants end at whole multiples of this, in seconds. */
enum { GRANT_STEP_S = 60 };

enum err access_open(struct access *access, const struct conf *conf, struct metrics *metrics, const struct clock *clock,
	struct err_info *info)
{
	*access = (struct access){.conf = conf, .metrics = metrics, .clock = clock};
	return keyring_open(&access->keys, conf, info);
}

void access_close(struct access *access)
{
	keyring_clear(&access->keys);
}

/* The text of the request's token wherever it stands, NULL when there is none. */
static const char *find_token(struct request *request)
{
	const char *header = request_header(request, "authorization"), *token;

	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		return header + 7 + strspn(header + 7, " ");
	token = request_cookie(request, "tonearm_token");
	return token != NULL ? token : request_query(request, "token");
}

bool access_has_token(struct request *request)
{
	return find_token(request) != NULL;
}

static enum err check_token(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info)
{
	const struct jwt_policy policy = {
		access->conf->jwt_issuer, access->conf->jwt_audience, access->conf->jwt_leeway_s, access->clock};
	const char *token = find_token(request);
	enum err err;

	if (token == NULL)
		return err_set(info, ERR_UNAUTHORIZED, "this needs a token");
	err = jwt_verify(&access->keys, &policy, token, request->arena, claims, info);
	if (err == ERR_NOT_FOUND)
		err = err_set(info, ERR_UNAUTHORIZED, "the token's key is not known here");
	if (err == ERR_OK && scope != NULL && !scope_has(claims->scope, scope))
		err = err_set(info, ERR_FORBIDDEN, "the token lacks the scope %s", scope);
	return err;
}

static enum err count_verdict(const struct access *access, enum err err)
{
	metrics_add(access->metrics, METRIC_AUTH_VERDICTS, 1, err_slug(err));
	return err;
}

enum err access_scope(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info)
{
	return count_verdict(access, check_token(access, request, scope, claims, info));
}

enum err access_scope_all(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info)
{
	enum err err = check_token(access, request, scope, claims, info);

	if (err == ERR_OK && claims->bounded)
		err = err_set(info, ERR_FORBIDDEN, "the token is for single tracks");
	return count_verdict(access, err);
}

static enum err by_token(const struct access *access, struct request *request, const char *track,
	struct access_pass *pass, struct err_info *info)
{
	struct jwt_claims claims;
	enum err err = check_token(access, request, SCOPE_STREAM_READ, &claims, info);

	if (err == ERR_OK && !jwt_reaches(&claims, track))
		err = err_set(info, ERR_FORBIDDEN, "the token is for other tracks");
	if (err == ERR_OK)
		*pass = (struct access_pass){.by_token = true, .subject = claims.subject, .expires = claims.expires};
	return err;
}

/* A signature or grant whose EXPIRES was checked. */
static void pass_until(struct access_pass *pass, const char *expires, bool by_grant)
{
	*pass = (struct access_pass){.by_grant = by_grant, .subject = "", .expires = strtoll(expires, NULL, 10)};
}

static enum err by_signature(const struct access *access, const char *file, const char *expires, const char *sig,
	struct access_pass *pass, struct err_info *info)
{
	enum err err = signed_url_check_stream(access->conf->url_secret, file, expires, sig, access->clock, info);

	if (err == ERR_OK)
		pass_until(pass, expires, false);
	return err;
}

static enum err by_grant(const struct access *access, const char *track, const char *expires, const char *grant,
	struct access_pass *pass, struct err_info *info)
{
	enum err err = signed_url_check_grant(access->conf->url_secret, track, expires, grant, access->clock, info);

	if (err == ERR_OK)
		pass_until(pass, expires, true);
	return err;
}

/* Tries each credential the request carries until one is valid; the reason of the first stays. */
static enum err find_pass(const struct access *access, struct request *request, const char *track, const char *file,
	struct access_pass *pass, struct err_info *info)
{
	const char *expires = request_query(request, "expires");
	const char *sig = file == NULL ? NULL : request_query(request, "sig");
	const char *grant = request_query(request, "grant");
	struct err_info *reason = info;
	enum err first = ERR_OK, err;

	if (find_token(request) != NULL) {
		first = by_token(access, request, track, pass, reason);
		if (first == ERR_OK)
			return ERR_OK;
		reason = NULL;
	}
	if (expires != NULL && sig != NULL) {
		err = by_signature(access, file, expires, sig, pass, reason);
		if (err == ERR_OK)
			return ERR_OK;
		first = first == ERR_OK ? err : first;
		reason = NULL;
	}
	if (expires != NULL && grant != NULL) {
		err = by_grant(access, track, expires, grant, pass, reason);
		if (err == ERR_OK)
			return ERR_OK;
		first = first == ERR_OK ? err : first;
	}
	return first != ERR_OK ? first : err_set(info, ERR_UNAUTHORIZED, "this needs a token or a signed address");
}

enum err access_listen(const struct access *access, struct request *request, const char *track, const char *file,
	const enum track_visibility *visibility, struct access_pass *pass, struct err_info *info)
{
	enum err err;

	*pass = (struct access_pass){.subject = ""};
	if (visibility != NULL && *visibility == TRACK_PUBLIC)
		return count_verdict(access, ERR_OK);
	err = find_pass(access, request, track, file, pass, info);
	if (err == ERR_OK && visibility == NULL)
		err = err_set(info, ERR_NOT_FOUND, "there is no such track");
	return count_verdict(access, err);
}

const char *access_child_query(const struct access *access, const struct access_pass *pass, const char *track,
	enum track_visibility visibility, int64_t duration_ms, struct arena *arena)
{
	char grant[HASH_HEX_SIZE];
	int64_t expires = pass->expires;

	if (visibility == TRACK_PUBLIC)
		return "";
	if (!pass->by_grant) {
		expires = clock_seconds(access->clock) + duration_ms / 1000 + access->conf->grant_ttl_s;
		expires += GRANT_STEP_S - 1;
		expires -= expires % GRANT_STEP_S;
	}
	signed_url_grant(access->conf->url_secret, track, expires, grant);
	return arena_printf(arena, "expires=%" PRId64 "&grant=%s", expires, grant);
}
