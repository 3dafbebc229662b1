/* SPDX-License-Identifier: MIT */
#include "fcgi/api.h"

#include "auth/scope.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/wake.h"
#include "conf/geo_rule.h"
#include "storage/ingest.h"
#include "storage/source_url.h"
#include "storage/spool.h"

#include <limits.h>
#include <string.h>

enum { PRIORITY_MOST = 100, RUN_AFTER_DAYS = 366, FORMATS_MOST = 1024 };

static const char *const members[] = {
	"track",
	"path",
	"source",
	"renditions",
	"formats",
	"extras",
	"title",
	"artist",
	"album",
	"visibility",
	"places",
	"priority",
	"after",
	"run_after",
	"loudness",
	"preset",
	"album_mode",
	"album_tracks",
	"passthrough",
	NULL,
};

struct wish {
	const char *track, *path, *source; /* exactly one is set */
	struct ingest ingest;
};

/* "after": ids of jobs that must be done first. */
static enum err read_after(const json_t *list, struct arena *arena, struct job_ids *out, struct err_info *info)
{
	const char **ids = arena_array(arena, JOB_NEEDS_MOST, sizeof *ids);

	*out = (struct job_ids){.ids = ids};
	if (list == NULL)
		return ERR_OK;
	if (!json_is_array(list) || json_array_size(list) > JOB_NEEDS_MOST)
		return err_set(
			info, ERR_UNPROCESSABLE, "\"after\" must be an array of at most %d jobs", JOB_NEEDS_MOST);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_string_value(json_array_get(list, i));

		if (id == NULL || !id_valid(id))
			return err_set(info, ERR_UNPROCESSABLE, "\"after\" must hold ids of jobs");
		ids[out->count++] = id;
	}
	return ERR_OK;
}

/* "run_after": a moment as answers have it, at most RUN_AFTER_DAYS away. */
static enum err read_run_after(const json_t *body, const struct clock *clock, int64_t *out, struct err_info *info)
{
	const char *text = NULL;
	enum err err = json_read_text(body, "run_after", CLOCK_TEXT, &text, info);

	if (err != ERR_OK || text == NULL)
		return err;
	*out = clock_parse_rfc3339(text);
	if (*out < 0 || *out > clock_ms(clock) + RUN_AFTER_DAYS * INT64_C(86400000))
		return err_set(info, ERR_UNPROCESSABLE,
			"\"run_after\" must be a time as \"2026-01-31T18:00:00Z\", at most %d days away",
			RUN_AFTER_DAYS);
	return ERR_OK;
}

/* "extras": true makes what is missing beside the sound of a track, and of the sound only what is asked for. */
static enum err read_extras(const json_t *value, struct wish *wish, struct err_info *info)
{
	if (value == NULL)
		return ERR_OK;
	if (!json_is_boolean(value))
		return err_set(info, ERR_UNPROCESSABLE, "\"extras\" must be true or false");
	wish->ingest.extras = json_is_true(value);
	if (wish->ingest.extras && wish->track == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "\"extras\" goes with a \"track\"");
	return ERR_OK;
}

/* Nothing said is the whole ladder, unless extras are asked for. */
static enum err read_renditions(
	const struct conf *conf, const json_t *body, struct arena *arena, struct wish *wish, struct err_info *info)
{
	struct ingest *ingest = &wish->ingest;
	const json_t *renditions = json_object_get(body, "renditions");
	const char *formats = NULL;
	enum err err = json_read_text(body, "formats", FORMATS_MOST, &formats, info);

	if (err == ERR_OK && (renditions != NULL || !ingest->extras))
		err = transcode_job_renditions(
			conf, renditions, arena, &ingest->renditions, &ingest->rendition_count, info);
	if (err == ERR_OK && formats != NULL)
		err = transcode_job_formats(conf, formats, arena, &ingest->renditions, &ingest->rendition_count, info);
	return err;
}

/* A boolean, or nothing: as configured. */
static enum err read_passthrough(const struct conf *conf, const json_t *value, bool *out, struct err_info *info)
{
	const char *word = value == NULL ? NULL : json_is_true(value) ? "true" : json_is_false(value) ? "false" : "";

	return transcode_job_passthrough(conf, word, out, info);
}

static enum err read_wish(
	const struct conf *conf, const json_t *body, struct arena *arena, struct wish *wish, struct err_info *info)
{
	struct ingest *ingest = &wish->ingest;
	const char *visibility = conf->default_visibility;
	const char *places = NULL, *loudness = NULL, *preset = NULL, *group = NULL;
	int64_t tracks = 0;
	enum err err = json_read_members(body, members, info);

	if (err == ERR_OK)
		err = json_read_text(body, "track", ID_LENGTH, &wish->track, info);
	if (err == ERR_OK)
		err = json_read_text(body, "path", PATH_MAX - 1, &wish->path, info);
	if (err == ERR_OK)
		err = json_read_text(body, "source", SOURCE_URL_MOST, &wish->source, info);
	if (err == ERR_OK)
		err = json_read_text(body, "title", TRACK_TEXT, &ingest->title, info);
	if (err == ERR_OK)
		err = json_read_text(body, "artist", TRACK_TEXT, &ingest->artist, info);
	if (err == ERR_OK)
		err = json_read_text(body, "album", TRACK_TEXT, &ingest->album, info);
	if (err == ERR_OK)
		err = json_read_text(body, "visibility", TRACK_TEXT, &visibility, info);
	if (err == ERR_OK)
		err = api_visibility(visibility, &ingest->visibility, info);
	if (err == ERR_OK)
		err = json_read_text(body, "places", GEO_RULE_MOST, &places, info);
	if (err == ERR_OK)
		err = api_places(places, arena, &ingest->places, info);
	if (err == ERR_OK)
		err = json_read_whole(body, "priority", -PRIORITY_MOST, PRIORITY_MOST, &ingest->priority, info);
	if (err == ERR_OK)
		err = read_after(json_object_get(body, "after"), arena, &ingest->after, info);
	if (err == ERR_OK)
		err = json_read_text(body, "loudness", TRACK_TEXT, &loudness, info);
	if (err == ERR_OK)
		err = json_read_text(body, "preset", TRACK_TEXT, &preset, info);
	if (err == ERR_OK)
		err = json_read_text(body, "album_mode", SOUND_ALBUM_MOST, &group, info);
	if (err == ERR_OK)
		err = json_read_whole(body, "album_tracks", 0, SOUND_TRACKS_MOST, &tracks, info);
	if (err == ERR_OK)
		err = sound_choose(conf, loudness, preset, group, tracks, &ingest->sound, info);
	if (err == ERR_OK)
		err = read_passthrough(conf, json_object_get(body, "passthrough"), &ingest->passthrough, info);
	if (err == ERR_OK && (wish->track != NULL) + (wish->path != NULL) + (wish->source != NULL) != 1)
		err = err_set(info, ERR_UNPROCESSABLE, "there must be one of \"track\", \"path\" and \"source\"");
	if (err == ERR_OK)
		err = read_extras(json_object_get(body, "extras"), wish, info);
	return err == ERR_OK ? read_renditions(conf, body, arena, wish, info) : err;
}

static enum err submit(struct request *request, struct db *db, const struct wish *wish, struct track *track,
	struct job *job, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	const struct clock *clock = responder->access.clock;
	const struct fetch_order order = {.source = wish->source};
	enum err err = spool_room(responder->conf, info);

	if (err != ERR_OK)
		return err;
	if (wish->source != NULL)
		return ingest_fetch(
			responder->conf, db, &order, &wish->ingest, clock, request->arena, track, job, info);
	if (wish->path != NULL)
		return ingest_import(
			responder->conf, db, wish->path, &wish->ingest, clock, request->arena, track, job, info);
	if (!id_valid(wish->track))
		return err_set(info, ERR_NOT_FOUND, "there is no such track");
	return ingest_more(responder->conf, db, wish->track, &wish->ingest, clock, request->arena, job, info);
}

void api_job_submit(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct jwt_claims claims;
	struct wish wish = {0};
	struct err_info info;
	struct track track;
	struct job job;
	struct db *db;
	json_t *body;
	enum err err;

	if (!api_claims(request, response, SCOPE_JOBS_WRITE, &claims) || !api_body(request, response, &body))
		return;
	wish.ingest.owner = claims.subject;
	wish.ingest.key = request_header(request, "idempotency-key");
	err = read_wish(responder->conf, body, request->arena, &wish, &info);
	if (err == ERR_OK)
		err = read_run_after(body, responder->access.clock, &wish.ingest.run_after_ms, &info);
	if (err == ERR_OK && claims.bounded && (wish.track == NULL || !jwt_reaches(&claims, wish.track)))
		err = err_set(&info, ERR_FORBIDDEN, "the token is for other tracks");
	db = err == ERR_OK ? responder_db(request, response) : NULL;
	if (db != NULL) {
		err = submit(request, db, &wish, &track, &job, &info);
		db_pool_give(responder->pool, db);
	}
	if (err != ERR_OK)
		response_error(response, &info);
	else if (db != NULL)
		api_accepted(request, response, wish.track == NULL ? &track : NULL, &job, "job");
	json_decref(body);
}

static void send_list(
	struct request *request, struct response *response, const struct job *jobs, size_t count, size_t limit)
{
	int64_t now = clock_ms(responder_of(request)->access.clock);
	json_t *list = json_array(), *answer = json_object();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, api_job_json(&jobs[i], now));
	json_object_set_new(answer, "jobs", list);
	if (count == limit)
		json_object_set_new(answer, "next", json_string(jobs[count - 1].id));
	response_json(response, 200, answer);
}

void api_job_list(struct request *request, struct response *response)
{
	const char *track = request_query(request, "track"), *name = request_query(request, "state"), *after;
	enum job_state state;
	struct err_info info;
	size_t limit, count;
	struct job *jobs;
	struct db *db;
	enum err err = api_page(request, JOB_PAGE_MOST, &after, &limit, &info);

	if (err == ERR_OK && name != NULL && job_state_parse(name, &state) != ERR_OK)
		err = err_set(&info, ERR_UNPROCESSABLE, "`state` is none that a job can be in");
	if (err == ERR_OK && track != NULL && !id_valid(track))
		err = err_set(&info, ERR_UNPROCESSABLE, "`track` must be the id of a track");
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	db = responder_db(request, response);
	if (db == NULL)
		return;
	err = job_list(db, after, name != NULL ? &state : NULL, track, limit, request->arena, &jobs, &count, &info);
	db_pool_give(responder_of(request)->pool, db);
	if (err != ERR_OK)
		response_error(response, &info);
	else
		send_list(request, response, jobs, count, limit);
}

static enum err get_job(struct db *db, const char *id, struct arena *arena, struct job *job, struct err_info *info)
{
	enum err err = id_valid(id) ? job_get(db, id, arena, job, info) : ERR_NOT_FOUND;

	return err == ERR_NOT_FOUND ? err_set(info, err, "there is no such job") : err;
}

enum err api_job_read(struct db *db, const struct jwt_claims *claims, const char *id, struct arena *arena,
	struct job *job, struct err_info *info)
{
	enum err found = get_job(db, id, arena, job, info);

	if (found != ERR_OK && found != ERR_NOT_FOUND)
		return found;
	if (claims->bounded && (found != ERR_OK || job->track == NULL || !jwt_reaches(claims, job->track)))
		return err_set(info, ERR_FORBIDDEN, "the token is for other tracks");
	if (scope_has(claims->scope, SCOPE_JOBS_READ))
		return found;
	if (found == ERR_OK && claims->subject[0] != '\0' && strcmp(claims->subject, job->submitter) == 0)
		return ERR_OK;
	return err_set(info, ERR_FORBIDDEN, "the token lacks the scope %s", SCOPE_JOBS_READ);
}

/* A job with all that belongs to it. */
struct whole {
	struct job job;
	struct job_ids needs;
	struct job_event *events;
	size_t event_count;
};

/* What belongs to OUT->job, which was read. */
static enum err get_rest(struct db *db, struct arena *arena, struct whole *out, struct err_info *info)
{
	enum err err = job_needs(db, out->job.id, arena, &out->needs, info);

	return err == ERR_OK ? job_history(db, out->job.id, 0, arena, &out->events, &out->event_count, info) : err;
}

static void send_job(struct request *request, struct response *response, const struct whole *whole)
{
	json_t *job = api_job_json(&whole->job, clock_ms(responder_of(request)->access.clock));
	json_t *history = json_array(), *after = json_array();

	for (size_t i = 0; i < whole->needs.count; i++)
		json_array_append_new(after, json_string(whole->needs.ids[i]));
	for (size_t i = 0; i < whole->event_count; i++)
		json_array_append_new(history, api_job_event_json(&whole->events[i]));
	json_object_set_new(job, "after", after);
	json_object_set_new(job, "history", history);
	response_json(response, 200,
		json_pack("{s:o, s:o}", "job", job, "urls", api_urls(request, whole->job.track, whole->job.id)));
}

void api_job_get(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct jwt_claims claims;
	struct err_info info;
	struct whole whole;
	struct db *db;
	enum err err;

	db = api_open(request, response, NULL, &claims);
	if (db == NULL)
		return;
	err = api_job_read(db, &claims, request->capture[0], request->arena, &whole.job, &info);
	if (err == ERR_OK)
		err = get_rest(db, request->arena, &whole, &info);
	db_pool_give(responder->pool, db);
	if (err == ERR_OK)
		send_job(request, response, &whole);
	else
		response_error(response, &info);
}

/* Lets CHANGE loose on the job of the path and sends what it is then. */
static void change_job(struct request *request, struct response *response,
	enum err (*change)(struct db *db, const char *id, int64_t now_ms, struct err_info *info))
{
	struct responder *responder = responder_of(request);
	const char *id = request->capture[0];
	struct db *db = responder_db(request, response);
	struct err_info info;
	struct whole whole;
	enum err err;

	if (db == NULL)
		return;
	err = get_job(db, id, request->arena, &whole.job, &info);
	if (err == ERR_OK)
		err = change(db, id, clock_ms(responder->access.clock), &info);
	if (err == ERR_OK)
		err = get_job(db, id, request->arena, &whole.job, &info);
	if (err == ERR_OK)
		err = get_rest(db, request->arena, &whole, &info);
	db_pool_give(responder->pool, db);
	wake_post(responder->conf->run_dir);
	if (err == ERR_OK)
		send_job(request, response, &whole);
	else
		response_error(response, &info);
}

void api_job_retry(struct request *request, struct response *response)
{
	change_job(request, response, job_retry);
}

void api_job_cancel(struct request *request, struct response *response)
{
	change_job(request, response, job_cancel);
}
