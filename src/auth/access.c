/* SPDX-License-Identifier: MIT */
#include "auth/access.h"

#include "auth/scope.h"
#include "auth/shield.h"
#include "auth/ticket.h"
#include "http/site.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* Grants end at whole multiples of this, in seconds. */
enum { GRANT_STEP_S = 60 };

enum err access_open(struct access *access, const struct conf *conf, struct db_pool *pool, struct metrics *metrics,
	const struct clock *clock, struct err_info *info)
{
	enum err err;

	*access = (struct access){.conf = conf, .metrics = metrics, .clock = clock};
	err = keyring_open(&access->keys, conf, info);
	if (err == ERR_OK)
		err = jwks_open(conf, clock, &access->jwks, info);
	if (err == ERR_OK)
		err = geo_open(conf, clock, &access->geo, info);
	return err == ERR_OK && pool != NULL ? revoked_open(pool, clock, &access->revoked, info) : err;
}

void access_close(struct access *access)
{
	revoked_close(access->revoked);
	access->revoked = NULL;
	geo_close(access->geo);
	access->geo = NULL;
	jwks_close(access->jwks);
	access->jwks = NULL;
	keyring_clear(&access->keys);
}

/* The text of the request's token wherever it stands, NULL when there is none. *BY_COOKIE: the browser added it. */
static const char *find_token(struct request *request, bool *by_cookie)
{
	const char *header = request_header(request, "authorization"), *token;

	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		return header + 7 + strspn(header + 7, " ");
	token = request_cookie(request, "tonearm_token");
	if (by_cookie != NULL)
		*by_cookie = token != NULL;
	return token != NULL ? token : request_query(request, "token");
}

bool access_has_token(struct request *request)
{
	return find_token(request, NULL) != NULL;
}

static enum err pass_on(struct err_info *info, const struct err_info *reason)
{
	if (info != NULL)
		*info = *reason;
	return reason->code;
}

/*
 * With the keys that the issuer publishes, after ours gave FIRST, which stays when the issuer has no key for it either.
 * An unknown key has the keys fetched, for the next time.
 */
static enum err verify_by_issuer(const struct access *access, const struct jwt_policy *policy, const char *token,
	struct arena *arena, struct jwt_claims *claims, enum err first, struct err_info *info)
{
	const struct keyring *keys = jwks_take(access->jwks, false);
	struct err_info reason = {0};
	enum err err = jwt_verify(keys, policy, token, arena, claims, &reason);

	jwks_give(access->jwks, keys);
	if (err != ERR_NOT_FOUND)
		return err == ERR_OK ? ERR_OK : pass_on(info, &reason);
	if (first == ERR_NOT_FOUND)
		jwks_give(access->jwks, jwks_take(access->jwks, true));
	return first;
}

/* The one whose limits a credential counts for: its subject, else the token itself. */
static uint64_t payer_of_token(const struct origin *origin, const char *token)
{
	if (origin->subject != 0)
		return origin->subject;
	return origin->token != 0 ? origin->token : origin_tag(token);
}

/*
 * The same of the token that it was handed out for; of an address that was signed for somebody it is that, from where
 * it is used.
 */
static uint64_t payer_of_ticket(const struct request *request, const struct origin *origin, const struct ticket *ticket)
{
	if (origin->token != ORIGIN_SIGNED && (origin->subject != 0 || origin->token != 0))
		return origin->subject != 0 ? origin->subject : origin->token;
	return origin_tag(
		arena_printf(request->arena, "%s|%" PRId64 "|%s", ticket->name, ticket->expires, request->remote));
}

/* TRACK is "" when it is not about one. */
static enum err check_token(const struct access *access, struct request *request, const char *scope, const char *track,
	struct jwt_claims *claims, struct err_info *info)
{
	const struct jwt_policy policy = {
		access->conf->jwt_issuer, access->conf->jwt_audience, access->conf->jwt_leeway_s, access->clock};
	bool by_cookie = false;
	const char *token = find_token(request, &by_cookie);
	struct origin origin;
	enum err err;

	if (token == NULL)
		return err_set_why(info, ERR_UNAUTHORIZED, "missing", "this needs a token");
	if (by_cookie && (request->method & (HTTP_GET | HTTP_HEAD | HTTP_OPTIONS)) == 0 && !site_may_change(request))
		return err_set_why(info, ERR_FORBIDDEN, "cross-site",
			"a cookie is not taken from pages of other sites: send the token in Authorization");
	err = jwt_verify(&access->keys, &policy, token, request->arena, claims, info);
	if (access->jwks != NULL && err != ERR_OK)
		err = verify_by_issuer(access, &policy, token, request->arena, claims, err, info);
	if (err == ERR_NOT_FOUND)
		err = err_set_why(info, ERR_UNAUTHORIZED, "unknown-key", "the token's key is not known here");
	if (err == ERR_OK) {
		origin = origin_of(claims);
		err = revoked_check(access->revoked, &origin, track, info);
	}
	if (err == ERR_OK && scope != NULL && !scope_has(claims->scope, scope))
		err = err_set_why(info, ERR_FORBIDDEN, "scope", "the token lacks the scope %s", scope);
	if (err == ERR_OK)
		err = ratelimit_subject(access->limits, request, payer_of_token(&origin, token), info);
	return err;
}

static enum err count_verdict(const struct access *access, enum err err, const struct err_info *info)
{
	metrics_add(access->metrics, METRIC_AUTH_VERDICTS, 1, err_slug(err), err_why(err, info));
	return err;
}

enum err access_scope(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info)
{
	return count_verdict(access, check_token(access, request, scope, "", claims, info), info);
}

enum err access_scope_all(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info)
{
	enum err err = check_token(access, request, scope, "", claims, info);

	if (err == ERR_OK && claims->bounded)
		err = err_set_why(info, ERR_FORBIDDEN, "track", "the token is for single tracks");
	return count_verdict(access, err, info);
}

static enum err by_token(const struct access *access, struct request *request, const char *track,
	struct access_pass *pass, struct err_info *info)
{
	struct jwt_claims claims;
	struct origin origin;
	enum err err = check_token(access, request, SCOPE_STREAM_READ, track, &claims, info);

	if (err == ERR_OK && !jwt_reaches(&claims, track))
		err = err_set_why(info, ERR_FORBIDDEN, "track", "the token is for other tracks");
	if (err != ERR_OK)
		return err;
	origin = origin_of(&claims);
	*pass = (struct access_pass){.by_token = true,
		.subject = claims.subject,
		.payer = payer_of_token(&origin, find_token(request, NULL)),
		.expires = claims.expires,
		.network = "",
		.origin = origin_write(&origin, request->arena)};
	return ERR_OK;
}

/* By the signature of KIND in QUERY. ERR_NOT_FOUND when it has none. */
static enum err by_ticket(const struct access *access, struct request *request, const char *track,
	enum ticket_kind kind, const char *name, const char *query, struct access_pass *pass, struct err_info *info)
{
	struct origin origin = {0};
	struct ticket ticket;
	uint64_t payer;
	enum err err = ticket_read(access->conf, kind, name, query, request->remote, access->clock,
		request->arena, &ticket, info);

	if (err != ERR_OK)
		return err;
	if (ticket.origin[0] != '\0' && !origin_read(ticket.origin, request->arena, &origin))
		return err_set_why(info, ERR_FORBIDDEN, "signature", "the signature does not fit this address");
	err = revoked_check(access->revoked, &origin, track, info);
	if (err == ERR_UNAUTHORIZED)
		return err_set_why(info, ERR_FORBIDDEN, "revoked", "the address has been revoked");
	if (err != ERR_OK)
		return err;
	payer = payer_of_ticket(request, &origin, &ticket);
	err = ratelimit_subject(access->limits, request, payer, info);
	if (err == ERR_OK)
		*pass = (struct access_pass){.grant = kind == TICKET_GRANT ? ticket.query : NULL,
			.subject = "",
			.payer = payer,
			.expires = ticket.expires,
			.network = ticket.network,
			.origin = ticket.origin};
	return err;
}

/* The grant for TRACK in a cookie; "" when there is none. */
static const char *cookie_grant(struct request *request, const char *track)
{
	const char *cookie = request_cookie(request, arena_printf(request->arena, "tonearm_grant_%s", track));

	return cookie != NULL ? cookie : "";
}

/* Tries each credential the request carries until one is valid; the reason of the first stays. */
static enum err find_pass(const struct access *access, struct request *request, const char *track, const char *file,
	struct access_pass *pass, struct err_info *info)
{
	struct err_info reason = {0};
	const struct {
		enum ticket_kind kind;
		const char *name, *query;
	} tickets[] = {
		{TICKET_STREAM, file, request->query},
		{TICKET_GRANT, track, request->query},
		{TICKET_GRANT, track, cookie_grant(request, track)},
	};
	enum err first = ERR_NOT_FOUND, err;

	if (find_token(request, NULL) != NULL) {
		first = by_token(access, request, track, pass, info);
		if (first == ERR_OK)
			return ERR_OK;
	}
	for (size_t i = 0; i < sizeof tickets / sizeof *tickets; i++) {
		if (tickets[i].name == NULL)
			continue;
		err = by_ticket(
			access, request, track, tickets[i].kind, tickets[i].name, tickets[i].query, pass, &reason);
		if (err == ERR_OK)
			return ERR_OK;
		if (first == ERR_NOT_FOUND && err != ERR_NOT_FOUND)
			first = pass_on(info, &reason);
	}
	if (first != ERR_NOT_FOUND)
		return first;
	return err_set_why(info, ERR_UNAUTHORIZED, "missing", "this needs a token or a signed address");
}

static enum err check_place(const struct access *access, const struct request *request, const char *places,
	struct access_pass *pass, struct err_info *info)
{
	const char *rule = places != NULL ? places : access->conf->geo_places;
	struct geo_place place;

	if (geo_rule_everywhere(rule))
		return ERR_OK;
	pass->placed = true;
	geo_find(access->geo, request, &place);
	if (place.country[0] != '\0')
		return geo_rule_allows(rule, &place) ? ERR_OK
						     : err_set(info, ERR_PLACE, "the track may not be heard where you are, in %s",
							       place.regions[0][0] != '\0' ? place.regions[0] : place.country);
	if (strcmp(access->conf->geo_unknown, "allow") == 0)
		return ERR_OK;
	return err_set(info, ERR_PLACE, "the track may be heard in some places only, and where you are is not known");
}

enum err access_listen(const struct access *access, struct request *request, const char *track, const char *file,
	const struct track_audience *audience, struct access_pass *pass, struct err_info *info)
{
	enum err err;

	*pass = (struct access_pass){.subject = "", .network = "", .origin = ""};
	err = shield_check(access->conf, request, info);
	if (err != ERR_OK)
		return count_verdict(access, err, info);
	if (audience == NULL || audience->visibility != TRACK_PUBLIC)
		err = find_pass(access, request, track, file, pass, info);
	if (err == ERR_OK && audience == NULL)
		err = err_set(info, ERR_NOT_FOUND, "there is no such track");
	if (err == ERR_OK)
		err = check_place(access, request, audience->places, pass, info);
	return count_verdict(access, err, info);
}

int64_t access_child_expires(const struct access *access, const struct access_pass *pass, int64_t duration_ms)
{
	int64_t expires = clock_seconds(access->clock) + duration_ms / 1000 + access->conf->grant_ttl_s;

	if (pass->grant != NULL)
		return pass->expires;
	expires += GRANT_STEP_S - 1;
	return expires - expires % GRANT_STEP_S;
}

const char *access_child_query(const struct access *access, const struct access_pass *pass, const char *track,
	enum track_visibility visibility, int64_t duration_ms, struct arena *arena)
{
	if (visibility == TRACK_PUBLIC)
		return "";
	if (pass->grant != NULL)
		return pass->grant;
	return ticket_write(access->conf,
		&(struct ticket){.kind = TICKET_GRANT,
			.name = track,
			.expires = access_child_expires(access, pass, duration_ms),
			.network = pass->network,
			.origin = pass->origin},
		arena);
}
