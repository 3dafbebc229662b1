/* SPDX-License-Identifier: MIT */
#include "fcgi/listen.h"

#include "base/id.h"

#include <string.h>
#include <strings.h>

/* The tags as the field NAME has them. */
static const char *write_tags(const char *name, const char *track, const char *quality, struct arena *arena)
{
	const char *apart = strcasecmp(name, "xkey") == 0 || strcasecmp(name, "Surrogate-Key") == 0 ? " " : ",";

	if (quality == NULL)
		return arena_printf(arena, "tonearm%s%s", apart, track);
	return arena_printf(arena, "tonearm%s%s%s%s-%s", apart, track, apart, track, quality);
}

void listen_tag(struct response *response, const char *track, const char *quality)
{
	const struct request *request = response->request;
	const char *names = responder_of(request)->conf->tag_headers;

	response_status(response, 200);
	for (names += strspn(names, " "); *names != '\0'; names += strspn(names, " ")) {
		const char *name = arena_memdup(request->arena, names, strcspn(names, " "));

		response_header(response, name, write_tags(name, track, quality, request->arena));
		names += strlen(name);
	}
}

/* True when the request may have it; else the refusal is sent. AUDIENCE as access_listen() takes it. */
static bool let_in(struct request *request, struct response *response, struct listening *listening,
	const struct track_audience *audience)
{
	struct err_info info;

	if (access_listen(&responder_of(request)->access, request, listening->track, listening->file, audience,
		    &listening->pass, &info) != ERR_OK) {
		response_error(response, &info);
		return false;
	}
	if (audience != NULL)
		listening->visibility = audience->visibility;
	return true;
}

/* Why a track that this request may hear has not what was asked for. */
static void explain(struct response *response, const struct track *track)
{
	if (track->state == TRACK_PENDING)
		response_problem(response, ERR_NOT_READY, "the track is still in the works");
	else if (track->state == TRACK_FAILED)
		response_problem(response, ERR_CONFLICT,
			track->failure != NULL ? track->failure : "the track could not be made");
	else
		response_problem(response, ERR_NOT_FOUND, "the track has no such rendition");
}

/* Without a rendition the view says nothing of the track: a second read, off the usual way, does. */
static void refuse(
	struct request *request, struct response *response, struct listening *listening, const struct track *track)
{
	const struct track_audience audience = track != NULL ? (struct track_audience){track->visibility, track->places}
							  : (struct track_audience){0};

	if (let_in(request, response, listening, track != NULL ? &audience : NULL))
		explain(response, track);
}

/* Sends the answer for a failed read; ERR_NOT_FOUND means that there is no such track. */
static void refuse_read(
	struct request *request, struct response *response, struct listening *listening, const struct err_info *info)
{
	if (info->code == ERR_NOT_FOUND)
		refuse(request, response, listening, NULL);
	else
		response_error(response, info);
}

bool listen_unfinished(struct response *response, const struct rendition *renditions)
{
	if (renditions[0].work == NULL)
		return false;
	response_problem(response, ERR_NOT_READY, "the track is still in the works; by HLS it can be heard already");
	return true;
}

bool listen_nothing(struct request *request, struct response *response, const struct listening *listening)
{
	struct listening nobody = *listening;

	refuse(request, response, &nobody, NULL);
	return false;
}

/* Whole or growing; between the two looks it may have become whole. */
static enum err find_rendition(struct db *db, const char *track, const char *quality, struct arena *arena,
	struct rendition_view *out, struct err_info *info)
{
	enum err err = rendition_get(db, track, quality, arena, out, info);

	if (err == ERR_NOT_FOUND)
		err = rendition_get_growing(db, track, quality, arena, out, info);
	return err == ERR_NOT_FOUND ? rendition_get(db, track, quality, arena, out, info) : err;
}

static enum err find_renditions(struct db *db, const char *id, struct arena *arena, struct track *track,
	struct rendition **out, size_t *count, struct err_info *info)
{
	enum err err = rendition_list(db, id, arena, track, out, count, info);

	if (err != ERR_OK || *count > 0 || track->state != TRACK_PENDING)
		return err;
	err = rendition_list_growing(db, id, arena, out, count, info);
	return err == ERR_OK && *count == 0 ? rendition_list(db, id, arena, track, out, count, info) : err;
}

bool listen_rendition(struct request *request, struct response *response, struct listening *listening,
	const char *quality, struct rendition *out)
{
	struct rendition_view view;
	struct err_info info = {0};
	struct track track;
	struct db *db;
	enum err err;

	if (!id_valid(listening->track))
		return listen_nothing(request, response, listening);
	db = responder_db(request, response);
	if (db == NULL)
		return false;
	err = find_rendition(db, listening->track, quality, request->arena, &view, &info);
	if (err == ERR_NOT_FOUND && track_get(db, listening->track, request->arena, &track, &info) == ERR_OK) {
		db_pool_give(responder_of(request)->pool, db);
		refuse(request, response, listening, &track);
		return false;
	}
	db_pool_give(responder_of(request)->pool, db);
	if (err != ERR_OK) {
		refuse_read(request, response, listening, &info);
		return false;
	}
	*out = view.rendition;
	return let_in(request, response, listening, &view.audience);
}

bool listen_track(struct request *request, struct response *response, struct listening *listening, struct track *track,
	struct rendition **out, size_t *count)
{
	struct track_audience audience;
	struct err_info info = {0};
	struct db *db;
	enum err err;

	if (!id_valid(listening->track))
		return listen_nothing(request, response, listening);
	db = responder_db(request, response);
	if (db == NULL)
		return false;
	err = find_renditions(db, listening->track, request->arena, track, out, count, &info);
	db_pool_give(responder_of(request)->pool, db);
	if (err != ERR_OK) {
		refuse_read(request, response, listening, &info);
		return false;
	}
	audience = (struct track_audience){track->visibility, track->places};
	if (!let_in(request, response, listening, &audience))
		return false;
	if (*count == 0)
		explain(response, track);
	return *count > 0;
}
