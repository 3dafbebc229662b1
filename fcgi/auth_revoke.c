/* SPDX-License-Identifier: MIT */
/*
 * POST /auth/revoke: what was issued at or before a time is good no more: a token by its jti, all of a subject, all for
 * a track, or all there is. It takes auth:revoke, but that everybody may end the token that is shown, or a login by its
 * refresh token. The time may be auth.jwt_leeway_s ahead, as tokens may be dated that far: then all there can be by now is
 * reached, and nobody is let in anew before it is past.
 */
#include "auth/scope.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/wake.h"
#include "fcgi/api.h"
#include "fcgi/auth.h"
#include "model/account.h"
#include "model/login.h"
#include "model/revocation.h"
#include "storage/purge_order.h"

#include <string.h>

enum { JTI_MOST = 256 };

struct wish {
	struct revocation revocation;
	const char *refresh_token; /* NULL unless it is by one */
	bool own;                  /* of the token that is shown */
};

static enum err read_what(const json_t *body, struct wish *wish, struct err_info *info)
{
	static const struct {
		const char *name;
		enum revocation_kind kind;
		size_t most;
	} kinds[] = {
		{"jti", REVOKE_TOKEN, JTI_MOST},
		{"subject", REVOKE_SUBJECT, ACCOUNT_NAME_MOST},
		{"track", REVOKE_TRACK, ID_LENGTH},
	};
	int count = wish->refresh_token != NULL;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < sizeof kinds / sizeof *kinds; i++) {
		const char *value = NULL;

		err = json_read_text(body, kinds[i].name, kinds[i].most, &value, info);
		if (value == NULL)
			continue;
		wish->revocation.kind = kinds[i].kind;
		wish->revocation.value = value;
		count++;
	}
	if (json_is_true(json_object_get(body, "all"))) {
		wish->revocation.kind = REVOKE_ALL;
		count++;
	} else if (err == ERR_OK && wish->refresh_token == NULL && count == 1 && wish->revocation.value[0] == '\0') {
		err = err_set(info, ERR_UNPROCESSABLE, "what is revoked must have a name");
	}
	wish->own = count == 0;
	if (err == ERR_OK && count > 1)
		err = err_set(info, ERR_UNPROCESSABLE,
			"there must be one of \"jti\", \"subject\", \"track\", \"all\": true and \"refresh_token\"");
	return err;
}

static enum err read_wish(struct request *request, const json_t *body, struct wish *wish, struct err_info *info)
{
	static const char *const members[] = {"jti", "subject", "track", "all", "refresh_token", "before", NULL};
	const struct responder *responder = responder_of(request);
	int64_t now = clock_seconds(responder->access.clock);
	const json_t *all = json_object_get(body, "all");
	enum err err = json_read_members(body, members, info);

	*wish = (struct wish){.revocation = {.value = "", .before = now}};
	if (err == ERR_OK && all != NULL && !json_is_true(all))
		err = err_set(info, ERR_UNPROCESSABLE, "\"all\" must be true");
	if (err == ERR_OK)
		err = json_read_text(body, "refresh_token", JTI_MOST, &wish->refresh_token, info);
	if (err == ERR_OK)
		err = read_what(body, wish, info);
	if (err == ERR_OK)
		err = json_read_whole(
			body, "before", 0, now + responder->conf->jwt_leeway_s, &wish->revocation.before, info);
	wish->revocation.expires = revocation_end(wish->revocation.kind, now, responder->conf->revocation_ttl_s);
	return err;
}

/* Who may: a valid token with the scope; the own token without it. */
static enum err may_revoke(struct request *request, struct wish *wish, struct err_info *info)
{
	const struct access *access = &responder_of(request)->access;
	struct jwt_claims claims;
	enum err err;

	if (wish->refresh_token != NULL)
		return ERR_OK;
	if (!wish->own)
		return access_scope_all(access, request, SCOPE_AUTH_REVOKE, &claims, info);
	err = access_scope(access, request, NULL, &claims, info);
	if (err == ERR_OK && claims.id[0] == '\0')
		return err_set(info, ERR_CONFLICT, "the token has no jti by which it could be revoked");
	wish->revocation.kind = REVOKE_TOKEN;
	wish->revocation.value = err == ERR_OK ? claims.id : "";
	return err;
}

/* What refresh tokens would bring back. */
static enum err drop_refresh(struct db *db, const struct revocation *revocation, struct err_info *info)
{
	switch (revocation->kind) {
	case REVOKE_TOKEN:
		return refresh_token_drop_family(db, revocation->value, info);
	case REVOKE_SUBJECT:
		return refresh_token_drop_subject(db, revocation->value, info);
	case REVOKE_ALL:
		return refresh_token_drop_subject(db, NULL, info);
	case REVOKE_TRACK:
		break;
	}
	return ERR_OK;
}

/*
 * The login of a refresh token becomes the token that is revoked. An unknown one is nobody's: there is nothing to do.
 */
static enum err find_login(struct request *request, struct db *db, struct wish *wish, struct err_info *info)
{
	int64_t now = clock_seconds(responder_of(request)->access.clock);
	struct refresh_token token;
	char hex[HASH_HEX_SIZE];
	enum err err;

	hash_sha256_hex(wish->refresh_token, strlen(wish->refresh_token), hex);
	err = refresh_token_use(db, hex, now, request->arena, &token, info);
	if (err != ERR_OK && err != ERR_CONFLICT)
		return err;
	wish->revocation.kind = REVOKE_TOKEN;
	wish->revocation.value = arena_strdup(request->arena, token.family);
	return ERR_OK;
}

static enum err revoke(struct request *request, struct db *db, struct wish *wish, struct err_info *info)
{
	enum err err = db_begin(db, info);

	if (err == ERR_OK && wish->refresh_token != NULL) {
		err = find_login(request, db, wish, info);
		if (err == ERR_NOT_FOUND) {
			db_rollback(db);
			return ERR_OK;
		}
	}
	if (err == ERR_OK)
		err = revocation_put(db, &wish->revocation, info);
	if (err == ERR_OK)
		err = drop_refresh(db, &wish->revocation, info);
	if (err == ERR_OK && wish->revocation.kind == REVOKE_TRACK)
		err = purge_order(responder_of(request)->conf, db, responder_of(request)->access.clock,
			wish->revocation.value, request->arena, info);
	return err == ERR_OK ? db_commit(db, info) : err;
}

void auth_revoke(struct request *request, struct response *response)
{
	struct err_info info = {0};
	struct wish wish;
	struct db *db;
	json_t *body;
	enum err err;

	if (!api_body(request, response, &body))
		return;
	err = read_wish(request, body, &wish, &info);
	if (err == ERR_OK)
		err = may_revoke(request, &wish, &info);
	if (err == ERR_OK)
		err = db_pool_take(responder_of(request)->pool, &db, &info);
	if (err == ERR_OK) {
		err = revoke(request, db, &wish, &info);
		db_pool_give(responder_of(request)->pool, db);
		wake_post(responder_of(request)->conf->run_dir);
	}
	json_decref(body);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_status(response, 204);
	response_header(response, "Cache-Control", "no-store");
	response_begin(response);
}
