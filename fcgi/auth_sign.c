/* SPDX-License-Identifier: MIT */
/*
 * POST /auth/sign: an address, or a cookie, that carries its own permission: for one file below /stream/, or for all of
 * one track. Who signs needs auth:sign, and can give away no track that the token does not reach. What was signed is
 * revoked with the subject that signed it.
 */
#include "auth/scope.h"
#include "auth/ticket.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/network.h"
#include "fcgi/api.h"
#include "fcgi/auth.h"
#include "model/revocation.h"

#include <inttypes.h>
#include <string.h>

enum { FILE_MOST = 128, SPAN_MOST = REVOCATION_SIGNED_MOST_S, SPAN_USUAL = 3600 };

struct wish {
	const char *track, *file; /* one of them */
	const char *network;
	int64_t span, from;
	bool cookie;
};

static enum err read_wish(const json_t *body, struct wish *wish, struct err_info *info)
{
	static const char *const members[] = {"track", "file", "expires_in", "not_before", "address", "as", NULL};
	const char *as = "url";
	enum err err = json_read_members(body, members, info);

	*wish = (struct wish){.network = "", .span = SPAN_USUAL};
	if (err == ERR_OK)
		err = json_read_text(body, "track", ID_LENGTH, &wish->track, info);
	if (err == ERR_OK)
		err = json_read_text(body, "file", FILE_MOST, &wish->file, info);
	if (err == ERR_OK)
		err = json_read_text(body, "address", NETWORK_TEXT_MOST, &wish->network, info);
	if (err == ERR_OK)
		err = json_read_text(body, "as", FILE_MOST, &as, info);
	if (err == ERR_OK)
		err = json_read_whole(body, "expires_in", 1, SPAN_MOST, &wish->span, info);
	if (err == ERR_OK)
		err = json_read_whole(body, "not_before", 0, INT64_C(1) << 40, &wish->from, info);
	if (err != ERR_OK)
		return err;
	wish->cookie = strcmp(as, "cookie") == 0;
	if (!wish->cookie && strcmp(as, "url") != 0)
		return err_set(info, ERR_UNPROCESSABLE, "\"as\" must be \"url\" or \"cookie\"");
	if ((wish->track == NULL) == (wish->file == NULL) || (wish->cookie && wish->track == NULL))
		return err_set(info, ERR_UNPROCESSABLE,
			"there must be one of \"track\" and \"file\", and a cookie is for a track");
	if (wish->network[0] != '\0' && !network_valid(wish->network))
		return err_set(
			info, ERR_UNPROCESSABLE, "\"address\" is neither an address nor a prefix such as 192.0.2.0/24");
	return ERR_OK;
}

/* When it is good no more. */
static int64_t end_of(const struct wish *wish, int64_t now)
{
	return (wish->from > now ? wish->from : now) + wish->span;
}

/* The track that a file below /stream/ is of; "" when its name is that of none. */
static const char *track_of(struct request *request, const struct wish *wish)
{
	char *track;

	if (wish->track != NULL)
		return id_valid(wish->track) ? wish->track : "";
	if (strlen(wish->file) <= ID_LENGTH || strchr("._", wish->file[ID_LENGTH]) == NULL ||
		wish->file[strspn(wish->file, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] != '\0')
		return "";
	track = arena_memdup(request->arena, wish->file, ID_LENGTH);
	return id_valid(track) ? track : "";
}

/* Secure wherever it can be, as a cookie of plain HTTP is read by anybody on the way. */
static void set_cookie(struct request *request, struct response *response, const char *track, const char *query,
	int64_t span)
{
	bool secure = request->https || strncmp(responder_of(request)->conf->base_url, "https://", 8) == 0;

	response_headerf(response, "Set-Cookie",
		"tonearm_grant_%s=%s; Path=%s/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Lax%s", track, query,
		request->prefix, span, secure ? "; Secure" : "");
}

static void send_signed(struct request *request, struct response *response, const struct wish *wish,
	const char *track, const struct jwt_claims *claims)
{
	const struct responder *responder = responder_of(request);
	int64_t now = clock_seconds(responder->access.clock);
	const struct origin origin = {.token = ORIGIN_SIGNED, .subject = origin_tag(claims->subject), .issued = now};
	const struct ticket ticket = {
		.kind = wish->file != NULL ? TICKET_STREAM : TICKET_GRANT,
		.name = wish->file != NULL ? wish->file : track,
		.expires = end_of(wish, now),
		.from = wish->from,
		.network = wish->network,
		.origin = origin_write(&origin, request->arena),
	};
	const char *query = ticket_write(responder->conf, &ticket, request->arena);
	const char *root = responder_root(request);
	json_t *answer = json_pack("{s:I, s:s}", "expires", (json_int_t)ticket.expires, "query", query);

	if (wish->file != NULL) {
		json_object_set_new(answer, "url", json_sprintf("%s/stream/%s?%s", root, wish->file, query));
	} else {
		const char *suffix = wish->cookie ? "" : arena_printf(request->arena, "?%s", query);

		json_object_set_new(answer, "hls", json_sprintf("%s/hls/%s/master.m3u8%s", root, track, suffix));
		json_object_set_new(answer, "dash", json_sprintf("%s/dash/%s/manifest.mpd%s", root, track, suffix));
	}
	response_status(response, 200);
	if (wish->cookie)
		set_cookie(request, response, track, query, ticket.expires - now);
	response_json(response, 200, answer);
}

void auth_sign(struct request *request, struct response *response)
{
	int64_t now = clock_seconds(responder_of(request)->access.clock);
	struct jwt_claims claims;
	struct err_info info;
	const char *track;
	struct wish wish;
	json_t *body;
	enum err err;

	if (access_scope(&responder_of(request)->access, request, SCOPE_AUTH_SIGN, &claims, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	if (!api_body(request, response, &body))
		return;
	err = read_wish(body, &wish, &info);
	track = err == ERR_OK ? track_of(request, &wish) : "";
	if (err == ERR_OK && track[0] == '\0')
		err = err_set(&info, ERR_UNPROCESSABLE, "that is neither a track nor a file of one");
	if (err == ERR_OK && end_of(&wish, now) > now + SPAN_MOST)
		err = err_set(&info, ERR_UNPROCESSABLE, "an address is good for a year from now at the most");
	if (err == ERR_OK && !jwt_reaches(&claims, track))
		err = err_set(&info, ERR_FORBIDDEN, "the token is for other tracks");
	if (err == ERR_OK)
		send_signed(request, response, &wish, track, &claims);
	else
		response_error(response, &info);
	json_decref(body);
}
