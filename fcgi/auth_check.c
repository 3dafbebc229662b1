/* SPDX-License-Identifier: MIT */
/*
 * May this file be served? The web server asks before it serves what is below /media/ from its disk: in the FastCGI
 * role of an authorizer (section 6.3 of the specification), where 200 lets the request go on and anything else is the
 * answer to it, or by a request of its own (nginx's auth_request), where 204 does. So does a cache in front, which
 * keeps one copy for all listeners and asks for each whether he may have it, by the address below /auth/check. No
 * Variable- fields are sent: mod_fcgid would hand them to the client.
 */
#include "base/id.h"
#include "fcgi/auth.h"
#include "http/url.h"
#include "model/track.h"

#include <inttypes.h>
#include <string.h>

/* A rendition does not change under its name. Seconds. */
enum { KEEP_PUBLIC_S = 365 * 86400, KEEP_PRIVATE_S = 86400 };

/* How long the sound lasts that the web server is about to send, and how much it is, it does not tell. */
static enum err count_stream(
	struct request *request, const char *track, const struct access_pass *pass, struct err_info *info)
{
	const struct ratelimit_sound sound = {.track = track, .subject = pass->payer};

	return ratelimit_sound(responder_of(request)->limits, request, &sound, info);
}

/* ERR_NOT_FOUND is for a valid credential and a track that is not there. */
static enum err judge(struct request *request, const char *track, struct access_pass *pass, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	struct track_audience audience;
	struct track found;
	enum err err = ERR_NOT_FOUND;
	struct db *db;

	if (id_valid(track)) {
		err = db_pool_take(responder->pool, &db, info);
		if (err != ERR_OK)
			return err;
		err = track_get(db, track, request->arena, &found, info);
		db_pool_give(responder->pool, db);
	}
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	if (err == ERR_OK)
		audience = (struct track_audience){found.visibility, found.places};
	err = access_listen(
		&responder->access, request, track, NULL, err == ERR_OK ? &audience : NULL, pass, info);
	return err == ERR_OK ? count_stream(request, track, pass, info) : err;
}

void auth_authorize(struct request *request, struct response *response)
{
	const char *role = request_parameter(request, "FCGI_ROLE");
	struct access_pass pass;
	struct err_info info;

	if (role == NULL || strcmp(role, "AUTHORIZER") != 0) {
		response_problem(response, ERR_NOT_FOUND, "there is nothing at this path");
		return;
	}
	if (judge(request, request->capture[0], &pass, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_status(response, 200);
	response_begin(response);
}

/* The track of "/media/{track}/{name}" below the prefix, in the arena; NULL when PATH is no such address. */
static const char *track_of(const struct request *request, const char *path)
{
	size_t prefix = strlen(request->prefix), length;

	if (strncmp(path, request->prefix, prefix) != 0 || strncmp(path + prefix, "/media/", 7) != 0)
		return NULL;
	path += prefix + 7;
	length = strcspn(path, "/");
	if (path[length] != '/' || path[length + 1] == '\0' || strchr(path + length + 1, '/') != NULL)
		return NULL;
	return arena_memdup(request->arena, path, length);
}

/* For how long the file may be kept: as stream.fcgi has it. */
static const char *file_cache(const struct request *request, const struct access_pass *pass)
{
	return arena_printf(
		request->arena, "%s, immutable", responder_cache(request, pass, KEEP_PUBLIC_S, KEEP_PRIVATE_S));
}

/*
 * For how long the verdict may be kept: never past the end of the credential. A refusal is kept as well, so that
 * whoever asks again and again asks the web server.
 */
static void bound(struct request *request, struct response *response, const struct access_pass *pass)
{
	const struct responder *responder = responder_of(request);
	int64_t keep = responder->conf->verdict_ttl_s;
	int64_t left = pass->expires - clock_seconds(responder->access.clock);

	/* nginx before 1.23 knows this field by its first line, which may be the client's own: it cannot tell clients apart. */
	if (request->proxied && strcmp(responder->conf->client_address, "Forwarded") == 0)
		keep = 0;
	if (request->quota.retry_s > 0 && request->quota.retry_s < keep)
		keep = request->quota.retry_s;
	if (pass->expires != 0 && left < keep)
		keep = left > 0 ? left : 0;
	response_headerf(response, "X-Accel-Expires", "%" PRId64, keep);
}

/* nginx knows 401 and 403 here: what else is to be told stands beside. */
static void refuse(struct request *request, struct response *response, struct err_info *info)
{
	if (info->code == ERR_TOO_MANY)
		response_headerf(response, "X-Tonearm-Retry-After", "%" PRId64, request->quota.retry_s);
	if (info->code == ERR_TOO_MANY || info->code == ERR_NOT_FOUND)
		info->code = ERR_FORBIDDEN;
	response_error(response, info);
}

void auth_check(struct request *request, struct response *response)
{
	const char *uri = request_parameter(request, "TONEARM_CHECK_URI"), *track = NULL;
	struct access_pass pass = {0};
	struct err_info info;
	char *path;
	enum err err;

	if (uri == NULL) {
		response_problem(response, ERR_NOT_FOUND, "there is nothing at this path");
		return;
	}
	err = url_decode_path(uri, strcspn(uri, "?"), request->arena, &path, &info);
	if (err == ERR_OK)
		track = track_of(request, path);
	if (err != ERR_OK || track == NULL) {
		response_problem(response, ERR_FORBIDDEN, "only what is below /media/ is judged here");
		return;
	}
	request->query = uri[strcspn(uri, "?")] == '?' ? uri + strcspn(uri, "?") + 1 : "";
	err = ratelimit_admit(responder_of(request)->limits, request, CONF_MEDIA, &info);
	if (err == ERR_OK)
		err = judge(request, track, &pass, &info);
	response_status(response, err_http_status(err) == 200 ? 204 : err_http_status(err));
	if (err_http_status(err) < 500)
		bound(request, response, &pass);
	if (err != ERR_OK) {
		refuse(request, response, &info);
		return;
	}
	response_header(response, "X-Tonearm-Cache-Control", file_cache(request, &pass));
	response_begin(response);
}

void auth_check_edge(struct request *request, struct response *response)
{
	struct access_pass pass;
	struct err_info info;
	enum err err = ratelimit_admit(responder_of(request)->limits, request, CONF_MEDIA, &info);

	if (err == ERR_OK)
		err = judge(request, request->capture[0], &pass, &info);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_status(response, 204);
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "X-Tonearm-Cache-Control", file_cache(request, &pass));
	response_begin(response);
}
