/* SPDX-License-Identifier: MIT */
/*
 * May this request have this? The credentials of a request, in order: a token (Authorization: Bearer, then the cookie
 * `tonearm_token`, then the query parameter `token`), a stream signature (`expires`, `sig`), a grant (`expires`,
 * `grant`), a grant in the cookie `tonearm_grant_{track}`. None of them is good when it is revoked. Of the three places
 * of a token the first that is filled counts. A struct access is made once and then only read: any thread may use it.
 */
#ifndef TONEARM_AUTH_ACCESS_H
#define TONEARM_AUTH_ACCESS_H

#include "auth/geo.h"
#include "auth/jwks.h"
#include "auth/jwt.h"
#include "auth/ratelimit.h"
#include "auth/revoked.h"
#include "conf/conf.h"
#include "http/request.h"
#include "model/track.h"
#include "observe/metrics.h"

struct access {
	const struct conf *conf;
	struct keyring keys;
	struct jwks *jwks; /* NULL without auth.jwks_url */
	struct revoked *revoked;
	struct geo *geo;
	struct metrics *metrics;
	const struct clock *clock;
	const struct ratelimit *limits; /* set by whoever has them; NULL: none */
};

/* What let the request in. */
struct access_pass {
	bool by_token;       /* a valid token with the scope */
	const char *grant;   /* by which a manifest let its children in, as its query; NULL otherwise */
	const char *subject; /* of the token, "" otherwise */
	uint64_t payer;      /* whose limits it counts for, see ratelimit.h; 0 for a public track */
	int64_t expires;     /* of the credential, seconds; 0 for a public track */
	bool placed;         /* it depends on where the listener is */
	const char *network; /* from where alone it is good, "" for anywhere */
	const char *origin;  /* of origin.h, "" when unknown */
};

/*
 * ACCESS keeps CONF, POOL, METRICS and CLOCK, which must outlive it. POOL NULL: nothing is revoked. Errors as of
 * keyring_open(), jwks_open() and geo_open().
 */
enum err access_open(struct access *access, const struct conf *conf, struct db_pool *pool, struct metrics *metrics,
	const struct clock *clock, struct err_info *info);
void access_close(struct access *access);

/*
 * The claims of the request's token. ERR_UNAUTHORIZED when there is none or it is not valid; ERR_FORBIDDEN when it
 * lacks SCOPE; SCOPE NULL takes any valid token; ERR_TOO_MANY when the one it stands for comes too often. Whoever lets
 * such a token at a track asks jwt_reaches() too.
 */
enum err access_scope(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info);

/* As access_scope(), for what is not about one track: ERR_FORBIDDEN also when the token is bounded to tracks. */
enum err access_scope_all(const struct access *access, struct request *request, const char *scope,
	struct jwt_claims *claims, struct err_info *info);

/* Whether the request carries a token, valid or not. */
bool access_has_token(struct request *request);

/*
 * May REQUEST listen to TRACK? AUDIENCE is NULL when the track does not exist: the answer to a request without a
 * valid credential is then the same as for a private track, so that nobody learns which exist. FILE is the name under
 * /stream/ for a stream signature, NULL elsewhere. A public track needs no credential and none is looked at. Otherwise
 * the first credential that is valid lets in; when there are several and none is, the first one gives the reason. Who
 * is let in must besides be where the track may be heard.
 * ERR_OK fills PASS; ERR_UNAUTHORIZED without a credential or with an invalid token; ERR_FORBIDDEN for a foreign or
 * expired signature or grant and for a token without stream:read or for other tracks; ERR_NOT_FOUND for a valid
 * credential and a track that does not exist; ERR_PLACE, with PASS filled, from where it may not be heard; ERR_TOO_MANY
 * as above; before all else what shield_check() says.
 */
enum err access_listen(const struct access *access, struct request *request, const char *track, const char *file,
	const struct track_audience *audience, struct access_pass *pass, struct err_info *info);

/*
 * Until when what PASS hands on is good, seconds: as long as the programme (DURATION_MS) plus conf grant_ttl_s, rounded
 * up to a multiple of 60 s so that caches see few variants. A grant hands on its own end: asking does not prolong it.
 */
int64_t access_child_expires(const struct access *access, const struct access_pass *pass, int64_t duration_ms);

/*
 * The query that children of a manifest carry: "" for a public track, else "expires=...&grant=..." in ARENA. It lives
 * until access_child_expires(), is revoked with the token that PASS is by, and good from the same place.
 */
const char *access_child_query(const struct access *access, const struct access_pass *pass, const char *track,
	enum track_visibility visibility, int64_t duration_ms, struct arena *arena);

#endif
