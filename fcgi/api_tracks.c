/* SPDX-License-Identifier: MIT */
/*
 * Who may do what with a track here. track:read sees all; stream:read sees what it can name, as it may listen to it;
 * track:write sees and changes its subject's own, and together with track:read changes all. What a request may not
 * see is not there for it. A token for single tracks is one for these, and no more than none elsewhere.
 */
#include "fcgi/api.h"

#include "auth/scope.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wake.h"
#include "conf/geo_rule.h"
#include "storage/purge_order.h"
#include "storage/removal.h"

#include <string.h>

enum { NUMBER_MOST = 9999 };

static const char *const patch_members[] = {"title", "artist", "album", "number", "year", "visibility", "places",
	NULL};

static bool owns(const struct jwt_claims *claims, const struct track *track)
{
	return scope_has(claims->scope, SCOPE_TRACK_WRITE) && jwt_reaches(claims, track->id) &&
	       claims->subject[0] != '\0' && strcmp(claims->subject, track->owner) == 0;
}

static enum err not_there(struct err_info *info)
{
	return err_set(info, ERR_NOT_FOUND, "there is no such track");
}

/* FOUND is what reading the track gave. */
static enum err may_see(
	const struct jwt_claims *claims, enum err found, const struct track *track, struct err_info *info)
{
	bool all = scope_has(claims->scope, SCOPE_TRACK_READ) || scope_has(claims->scope, SCOPE_STREAM_READ);

	if (found != ERR_OK)
		return found == ERR_NOT_FOUND ? not_there(info) : found;
	all = all && jwt_reaches(claims, track->id);
	return all || owns(claims, track) || track->visibility == TRACK_PUBLIC ? ERR_OK : not_there(info);
}

static enum err may_change(
	const struct jwt_claims *claims, enum err found, const struct track *track, struct err_info *info)
{
	enum err err = may_see(claims, found, track, info);

	if (err != ERR_OK || owns(claims, track) ||
		(scope_has(claims->scope, SCOPE_TRACK_READ) && jwt_reaches(claims, track->id)))
		return err;
	return err_set(info, ERR_FORBIDDEN, "the track belongs to somebody else");
}

static enum err get_track(
	struct db *db, const char *id, struct arena *arena, struct track *track, struct err_info *info)
{
	return id_valid(id) ? track_get(db, id, arena, track, info) : not_there(info);
}

/*
 * The token if the request has one; CLAIMS of nobody when it has none. A token that is not valid is an error all the
 * same.
 */
static enum err claims_if_any(struct request *request, struct jwt_claims *claims, struct err_info *info)
{
	const struct access *access = &responder_of(request)->access;

	*claims = (struct jwt_claims){.subject = "", .scope = "", .id = ""};
	return access_has_token(request) ? access_scope(access, request, NULL, claims, info) : ERR_OK;
}

static void send_list(struct response *response, const struct track *tracks, size_t count, size_t limit)
{
	json_t *list = json_array(), *answer = json_object();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, api_track_json(&tracks[i]));
	json_object_set_new(answer, "tracks", list);
	if (count == limit)
		json_object_set_new(answer, "next", json_string(tracks[count - 1].id));
	response_json(response, 200, answer);
}

void api_track_list(struct request *request, struct response *response)
{
	struct jwt_claims claims;
	struct track *tracks;
	struct err_info info;
	size_t limit, count;
	const char *after, *owner;
	struct db *db;
	enum err err = claims_if_any(request, &claims, &info);

	if (err == ERR_OK)
		err = api_page(request, TRACK_PAGE_MOST, &after, &limit, &info);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	db = responder_db(request, response);
	if (db == NULL)
		return;
	owner = !claims.bounded && scope_has(claims.scope, SCOPE_TRACK_WRITE) && claims.subject[0] != '\0'
			? claims.subject
			: NULL;
	err = track_list(db, after, claims.bounded || !scope_has(claims.scope, SCOPE_TRACK_READ), owner, limit,
		request->arena, &tracks, &count, &info);
	db_pool_give(responder_of(request)->pool, db);
	if (err != ERR_OK)
		response_error(response, &info);
	else
		send_list(response, tracks, count, limit);
}

/* A track with its renditions and addresses, and for its owner the job that is at work on it. */
static json_t *track_answer(const struct request *request, const struct track *track,
	const struct rendition *renditions, size_t count, const bool *extras, const char *tags,
	const struct loudness_row *loudness,
	const struct job *job)
{
	json_t *object = api_track_json(track), *list = json_array(), *answer;
	json_t *urls = api_urls(request, track->id, job != NULL ? job->id : NULL);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, api_rendition_json(request, &renditions[i]));
	json_object_set_new(object, "renditions", list);
	api_put_tags(object, tags);
	if (loudness != NULL)
		json_object_set_new(object, "loudness", api_loudness_json(loudness));
	api_extra_urls(urls, extras);
	answer = json_pack("{s:o, s:o}", "track", object, "urls", urls);
	if (job != NULL)
		json_object_set_new(answer, "job", api_job_json(job, clock_ms(responder_of(request)->access.clock)));
	return answer;
}

static enum err read_all(
	struct db *db, struct request *request, const struct jwt_claims *claims, json_t **out, struct err_info *info)
{
	const char *id = request->capture[0];
	struct extra extras[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	const char *tags = NULL;
	struct loudness_row loudness;
	enum err measured = ERR_NOT_FOUND;
	struct rendition *renditions;
	struct job *jobs = NULL;
	struct track track;
	size_t count, job_count = 0;
	enum err err = not_there(info);

	if (id_valid(id))
		err = rendition_list(db, id, request->arena, &track, &renditions, &count, info);
	err = may_see(claims, err, &track, info);
	if (err == ERR_OK && track.state == TRACK_PENDING && may_change(claims, ERR_OK, &track, info) == ERR_OK)
		err = job_list(db, NULL, NULL, id, 1, request->arena, &jobs, &job_count, info);
	if (err == ERR_OK)
		err = extra_list(db, id, extras, found, info);
	if (err == ERR_OK)
		err = track_get_tags(db, id, request->arena, &tags, info);
	if (err == ERR_OK)
		measured = loudness_row_get(db, id, request->arena, &loudness, info);
	if (err == ERR_OK && measured != ERR_OK && measured != ERR_NOT_FOUND)
		err = measured;
	if (err == ERR_OK)
		*out = track_answer(request, &track, renditions, count, found, tags,
			measured == ERR_OK ? &loudness : NULL, job_count > 0 ? jobs : NULL);
	return err;
}

/* Without a token a private track and none at all are the same: something one needs a token for. */
static enum err hide(struct request *request, enum err err, struct err_info *info)
{
	if (err == ERR_NOT_FOUND && !access_has_token(request))
		return err_set(info, ERR_UNAUTHORIZED, "this needs a token");
	return err;
}

static void send_track(
	struct request *request, struct response *response, struct db *db, const struct jwt_claims *claims)
{
	struct err_info info;
	json_t *answer = NULL;

	if (hide(request, read_all(db, request, claims, &answer, &info), &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_json(response, 200, answer);
}

void api_track_get(struct request *request, struct response *response)
{
	struct jwt_claims claims;
	struct err_info info;
	struct db *db;

	if (claims_if_any(request, &claims, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	db = responder_db(request, response);
	if (db == NULL)
		return;
	send_track(request, response, db, &claims);
	db_pool_give(responder_of(request)->pool, db);
}

/* Null and "" take a text away: the worker may then fill it from the tags. */
static enum err read_words(
	const json_t *body, const char *name, struct arena *arena, const char **out, struct err_info *info)
{
	const char *text = NULL;
	enum err err;

	if (json_is_null(json_object_get(body, name))) {
		*out = NULL;
		return ERR_OK;
	}
	err = json_read_text(body, name, TRACK_TEXT, &text, info);
	if (err == ERR_OK && text != NULL)
		*out = text_clean(text, TRACK_TEXT, arena);
	return err;
}

/* Null takes them away: what is configured counts then. */
static enum err read_places(const json_t *body, struct arena *arena, const char **out, struct err_info *info)
{
	const char *text = NULL;
	enum err err;

	if (json_is_null(json_object_get(body, "places"))) {
		*out = NULL;
		return ERR_OK;
	}
	err = json_read_text(body, "places", GEO_RULE_MOST, &text, info);
	return err == ERR_OK ? api_places(text, arena, out, info) : err;
}

static enum err apply_patch(const json_t *body, struct arena *arena, struct track *track, struct err_info *info)
{
	const char *visibility = NULL;
	enum err err = read_words(body, "title", arena, &track->title, info);

	if (err == ERR_OK)
		err = read_words(body, "artist", arena, &track->artist, info);
	if (err == ERR_OK)
		err = read_words(body, "album", arena, &track->album, info);
	if (err == ERR_OK)
		err = json_read_whole(body, "number", 0, NUMBER_MOST, &track->number, info);
	if (err == ERR_OK)
		err = json_read_whole(body, "year", 0, NUMBER_MOST, &track->year, info);
	if (err == ERR_OK)
		err = json_read_text(body, "visibility", TRACK_TEXT, &visibility, info);
	if (err == ERR_OK)
		err = api_visibility(visibility, &track->visibility, info);
	return err == ERR_OK ? read_places(body, arena, &track->places, info) : err;
}

static enum err patch(struct request *request, struct db *db, const struct jwt_claims *claims, const json_t *body,
	struct err_info *info)
{
	struct track track;
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	err = get_track(db, request->capture[0], request->arena, &track, info);
	err = may_change(claims, err, &track, info);
	if (err == ERR_OK)
		err = apply_patch(body, request->arena, &track, info);
	if (err == ERR_OK) {
		track.updated_ms = clock_ms(responder_of(request)->access.clock);
		err = track_update(db, &track, info);
	}
	if (err == ERR_OK)
		err = purge_order(responder_of(request)->conf, db, responder_of(request)->access.clock, track.id,
			request->arena, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

void api_track_patch(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct jwt_claims claims;
	struct err_info info;
	json_t *body;
	struct db *db;
	enum err err;

	if (!api_claims(request, response, SCOPE_TRACK_WRITE, &claims) || !api_body(request, response, &body))
		return;
	err = json_read_members(body, patch_members, &info);
	db = err == ERR_OK ? responder_db(request, response) : NULL;
	if (db != NULL) {
		err = patch(request, db, &claims, body, &info);
		wake_post(responder->conf->run_dir);
		if (err == ERR_OK)
			send_track(request, response, db, &claims);
		db_pool_give(responder->pool, db);
	}
	if (err != ERR_OK)
		response_error(response, &info);
	json_decref(body);
}

static enum err delete_rows(struct request *request, struct db *db, const struct jwt_claims *claims,
	struct track *track, struct err_info *info)
{
	const struct responder *responder = responder_of(request);
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	err = get_track(db, request->capture[0], request->arena, track, info);
	err = may_change(claims, err, track, info);
	if (err == ERR_OK)
		err = removal_rows(responder->conf, db, responder->access.clock, track, request->arena, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

void api_track_delete(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct jwt_claims claims;
	struct err_info info;
	struct track track;
	struct db *db;
	enum err err;

	db = api_open(request, response, SCOPE_TRACK_WRITE, &claims);
	if (db == NULL)
		return;
	err = delete_rows(request, db, &claims, &track, &info);
	db_pool_give(responder->pool, db);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	if (removal_files(responder->conf, &track, request->arena, &info) != ERR_OK)
		log_failure(LOG_WARNING, "files of a deleted track are left", &info); /* not the client's affair */
	response_status(response, 204);
	response_begin(response);
}
