/* SPDX-License-Identifier: MIT */
/*
 * The waveform and the cover of a track, for those who may listen to it. The waveform that is stored is fine; coarser
 * ones are folded out of it for each request, which costs about a millisecond for a song.
 */
#include "base/hash.h"
#include "base/text.h"
#include "fcgi/api.h"
#include "fcgi/listen.h"
#include "fcgi/supply.h"
#include "http/deliver.h"
#include "media/waveform_png.h"
#include "model/extra.h"

#include <inttypes.h>
#include <string.h>

/* What is stored changes only when the track is made anew. Seconds. */
enum { KEEP_PUBLIC_S = 86400, KEEP_PRIVATE_S = 3600 };
enum {
	SVG_POINTS = 800, /* unless asked for */
	SVG_POINTS_MOST = 10000,
	SVG_HEIGHT = 128,
	PNG_WIDTH = 800,
	PNG_HEIGHT = 128,
	FILE_MOST = WAVEFORM_HEADER + WAVEFORM_PIXELS_MOST * WAVEFORM_CHANNELS_MOST * 4,
	ANSWER_MOST = 2 * FILE_MOST /* of JSON: at most 7 characters for 2 bytes, but 8 bits unless asked for */
};

enum waveform_format { WAVEFORM_JSON, WAVEFORM_DAT, WAVEFORM_SVG, WAVEFORM_PNG, WAVEFORM_FORMATS };

static const struct {
	const char *name, *type;
} formats[WAVEFORM_FORMATS] = {
	[WAVEFORM_JSON] = {"json", "application/json"},
	[WAVEFORM_DAT] = {"dat", "application/octet-stream"},
	[WAVEFORM_SVG] = {"svg", "image/svg+xml"},
	[WAVEFORM_PNG] = {"png", "image/png"},
};

/* What a request asks for. 0 where it says nothing. */
struct wish {
	enum waveform_format format;
	bool split;
	uint64_t points, per_pixel, bits;
	struct waveform_picture picture; /* of a PNG; always whole */
};

/* By extension, then by the parameter `format`, then by whichever type Accept names first; else JSON. */
static enum err read_format(struct request *request, struct wish *wish, struct err_info *info)
{
	const char *accept = request_header(request, "accept"), *first = NULL;
	const char *name = request->capture[1] != NULL ? request->capture[1] : request_query(request, "format");

	for (int format = 0; format < WAVEFORM_FORMATS; format++) {
		const char *at = name == NULL && accept != NULL ? strstr(accept, formats[format].type) : NULL;

		if ((name != NULL && strcmp(name, formats[format].name) == 0) ||
			(at != NULL && (first == NULL || at < first))) {
			wish->format = (enum waveform_format)format;
			first = at != NULL ? at : name;
		}
	}
	return name != NULL && first == NULL
		       ? err_set(info, ERR_UNPROCESSABLE, "a waveform comes as json, dat, svg or png")
		       : ERR_OK;
}

static enum err read_number(
	struct request *request, const char *name, uint64_t most, uint64_t *out, struct err_info *info)
{
	const char *text = request_query(request, name);

	if (text != NULL && (!text_to_u64(text, most, out) || *out == 0))
		return err_set(info, ERR_UNPROCESSABLE, "%s must be a number from 1 to %" PRIu64, name, most);
	return ERR_OK;
}

/* RRGGBB or RRGGBBAA. */
static enum err read_colour(
	struct request *request, const char *name, unsigned char colour[static 4], struct err_info *info)
{
	const char *text = request_query(request, name);

	if (text == NULL)
		return ERR_OK;
	colour[3] = 255;
	return hash_from_hex(text, colour, 3) || hash_from_hex(text, colour, 4)
		       ? ERR_OK
		       : err_set(info, ERR_UNPROCESSABLE, "%s must be RRGGBB or RRGGBBAA, in hex", name);
}

static enum err read_picture(struct request *request, struct waveform_picture *picture, struct err_info *info)
{
	uint64_t width = PNG_WIDTH, height = PNG_HEIGHT;
	enum err err = read_number(request, "width", WAVEFORM_PNG_WIDTH_MOST, &width, info);

	*picture = (struct waveform_picture){.colour = {0, 0, 0, 255}};
	if (err == ERR_OK)
		err = read_number(request, "height", WAVEFORM_PNG_HEIGHT_MOST, &height, info);
	if (err == ERR_OK)
		err = read_colour(request, "color", picture->colour, info);
	/* Unless asked for, the background is the colour too, but fully transparent. */
	memcpy(picture->background, picture->colour, 3);
	if (err == ERR_OK)
		err = read_colour(request, "background", picture->background, info);
	picture->width = (uint32_t)width;
	picture->height = (uint32_t)height;
	return err;
}

static enum err read_wish(struct request *request, struct wish *wish, struct err_info *info)
{
	const char *channels = request_query(request, "channels");
	enum err err;

	*wish = (struct wish){.format = WAVEFORM_JSON, .bits = 8};
	err = read_format(request, wish, info);
	if (err == ERR_OK)
		err = read_number(request, "points", WAVEFORM_PIXELS_MOST, &wish->points, info);
	if (err == ERR_OK)
		err = read_number(request, "samples_per_pixel", INT32_MAX, &wish->per_pixel, info);
	if (err == ERR_OK)
		err = read_number(request, "bits", 16, &wish->bits, info);
	if (err == ERR_OK)
		err = read_picture(request, &wish->picture, info);
	if (err != ERR_OK)
		return err;
	if (wish->points != 0 && wish->per_pixel != 0)
		return err_set(info, ERR_UNPROCESSABLE, "ask for points or for samples_per_pixel, not for both");
	if (wish->bits != 8 && wish->bits != 16)
		return err_set(info, ERR_UNPROCESSABLE, "bits must be 8 or 16");
	if (channels != NULL && strcmp(channels, "mono") != 0 && strcmp(channels, "split") != 0)
		return err_set(info, ERR_UNPROCESSABLE, "channels must be mono or split");
	wish->split = channels != NULL && strcmp(channels, "split") == 0;
	if (wish->format == WAVEFORM_SVG && wish->points == 0 && wish->per_pixel == 0)
		wish->points = SVG_POINTS;
	return ERR_OK;
}

/* How many stored pixels become one. */
static enum err find_factor(
	const struct wish *wish, const struct waveform_data *data, uint32_t *factor, struct err_info *info)
{
	uint64_t points = wish->points != 0 ? wish->points : data->length;

	*factor = 1;
	if (wish->per_pixel != 0) {
		if (wish->per_pixel % data->per_pixel != 0)
			return err_set(info, ERR_UNPROCESSABLE,
				"samples_per_pixel of this track must be a multiple of %" PRIu32, data->per_pixel);
		*factor = (uint32_t)(wish->per_pixel / data->per_pixel);
	} else if (points > 0) {
		*factor = (uint32_t)((data->length + points - 1) / points);
	}
	if (*factor == 0)
		*factor = 1;
	if (wish->format == WAVEFORM_SVG && data->length / *factor > SVG_POINTS_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "a picture has at most %d points", (int)SVG_POINTS_MOST);
	return ERR_OK;
}

static enum err put(
	struct buf *out, const struct waveform_data *data, const struct wish *wish, struct err_info *info)
{
	switch (wish->format) {
	case WAVEFORM_PNG:
		return waveform_put_png(out, data, &wish->picture, info);
	case WAVEFORM_DAT:
		waveform_put_dat(out, data, (int)wish->bits);
		break;
	case WAVEFORM_SVG:
		waveform_put_svg(out, data, data->length > 0 ? data->length : 1, SVG_HEIGHT);
		break;
	default:
		waveform_put_json(out, data, (int)wish->bits);
	}
	return ERR_OK;
}

/* Sets apart all answers that one stored waveform gives. */
static const char *make_etag(
	const struct extra *extra, uint32_t factor, const struct wish *wish, struct arena *arena)
{
	const struct waveform_picture *picture = &wish->picture;
	char colour[9], background[9];

	if (wish->format != WAVEFORM_PNG)
		return arena_printf(arena, "\"%.32s-%" PRIu32 "-%" PRIu64 "-%s\"", extra->etag, factor, wish->bits,
			formats[wish->format].name);
	hash_hex(picture->colour, sizeof picture->colour, colour);
	hash_hex(picture->background, sizeof picture->background, background);
	return arena_printf(arena, "\"%.32s-%" PRIu32 "-%" PRIu32 "x%" PRIu32 "-%s-%s\"", extra->etag, factor,
		picture->width, picture->height, colour, background);
}

/* Looks for EXTRA of TRACK; FILE has where it is. False when an answer was sent. */
static bool look_for(struct response *response, const char *track, const struct extra *extra, struct supply *supply,
	struct deliverable *file)
{
	struct request *request = response->request;
	struct stored stored = {.what = STORED_EXTRA,
		.name = extra_role_name(extra->role),
		.file = extra_file(extra->role),
		.size = extra->file_size};

	memcpy(stored.track, track, sizeof stored.track);
	memcpy(stored.etag, extra->etag, sizeof stored.etag);
	*file = (struct deliverable){
		.path = conf_data_path(responder_of(request)->conf, request->arena, "media/%s/%s", track, stored.file),
		.accel_path = arena_printf(request->arena, "/media/%s/%s", track, stored.file),
		.etag = arena_printf(request->arena, "\"%.32s\"", extra->etag),
		.modified = extra->modified,
	};
	if (!supply_begin(response, &stored, extra->modified, supply))
		return false;
	file->feed = supply->away ? &supply->feed : NULL;
	return true;
}

/* The stored waveform in the request's arena. False when an answer was sent. */
static bool load(
	struct response *response, const char *track, const struct extra *extra, struct waveform_data *out)
{
	struct err_info info = {0};
	const void *bytes = NULL;
	struct deliverable file;
	struct supply supply;

	if (look_for(response, track, extra, &supply, &file) && extra->file_size <= FILE_MOST) {
		file.length = (uint64_t)extra->file_size;
		bytes = deliver_read(response, &file);
	}
	supply_end(&supply);
	if (bytes != NULL &&
		waveform_read(bytes, (size_t)extra->file_size, response->request->arena, out, &info) == ERR_OK)
		return true;
	if (!response->begun)
		response_problem(response, ERR_INTERNAL, "the waveform is damaged");
	return false;
}

static void send_waveform(struct request *request, struct response *response, const struct listening *listening,
	const struct extra *extra, const struct wish *wish)
{
	struct waveform_data fine, coarse;
	struct err_info info;
	struct buf body;
	uint32_t factor = 1;

	if (!load(response, listening->track, extra, &fine))
		return;
	if (find_factor(wish, &fine, &factor, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_status(response, 200);
	response_header(response, "Cache-Control",
		responder_cache(request, &listening->pass, KEEP_PUBLIC_S, KEEP_PRIVATE_S));
	if (request->capture[1] == NULL && request_query(request, "format") == NULL)
		response_header(response, "Vary", "Accept");
	if (response_not_modified(response, make_etag(extra, factor, wish, request->arena), extra->modified))
		return;
	waveform_fold(&fine, factor, request->arena, &coarse);
	buf_init(&body, ANSWER_MOST);
	if (put(&body, &coarse, wish, &info) != ERR_OK)
		response_error(response, &info);
	else if (body.overflow)
		response_problem(response, ERR_UNPROCESSABLE, "the waveform is too long: ask for fewer points");
	else
		response_body(response, formats[wish->format].type, body.data, body.length);
	buf_free(&body);
}

/* The extras of a track that may be listened to. False when an answer was sent. */
static bool read_extras(struct request *request, struct response *response, struct listening *listening,
	struct extra extras[static EXTRA_ROLES], bool found[static EXTRA_ROLES])
{
	struct rendition *renditions;
	struct err_info info;
	struct track track;
	struct db *db;
	size_t count;
	enum err err;

	if (!listen_track(request, response, listening, &track, &renditions, &count))
		return false;
	listen_tag(response, listening->track, NULL);
	db = responder_db(request, response);
	if (db == NULL)
		return false;
	err = extra_list(db, listening->track, extras, found, &info);
	db_pool_give(responder_of(request)->pool, db);
	if (err != ERR_OK)
		response_error(response, &info);
	return err == ERR_OK;
}

void api_track_waveform(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	struct extra extras[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	struct err_info info;
	struct wish wish;
	enum extra_role role = EXTRA_WAVEFORM;

	if (read_wish(request, &wish, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	if (!read_extras(request, response, &listening, extras, found))
		return;
	/* The one channel of a mono track is its mix. */
	if (wish.split && found[EXTRA_WAVEFORM_SPLIT])
		role = EXTRA_WAVEFORM_SPLIT;
	if (found[role])
		send_waveform(request, response, &listening, &extras[role], &wish);
	else
		response_problem(response, ERR_NOT_FOUND, "the track has no waveform");
}

/* The role of the size that REQUEST asks for; false when there is no such size. */
static bool find_size(struct request *request, enum extra_role *out)
{
	const char *text = request_query(request, "size");
	uint64_t size;

	*out = EXTRA_COVER_MEDIUM;
	if (text == NULL)
		return true;
	if (!text_to_u64(text, INT32_MAX, &size) || size == 0)
		return false;
	for (int role = 0; role < EXTRA_ROLES; role++) {
		if ((uint64_t)extra_cover_side((enum extra_role)role) == size) {
			*out = (enum extra_role)role;
			return true;
		}
	}
	return false;
}

void api_track_cover(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	struct extra extras[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	struct deliverable file;
	struct supply supply;
	enum extra_role role;

	if (!find_size(request, &role)) {
		response_problem(response, ERR_UNPROCESSABLE, "size must be 1200, 600 or 160");
		return;
	}
	if (!read_extras(request, response, &listening, extras, found))
		return;
	if (!found[role]) {
		response_problem(response, ERR_NOT_FOUND, "the track has no cover");
		return;
	}
	/* Pictures are small, and a web server need not let this responder name files. */
	request->delivery = "direct";
	if (look_for(response, listening.track, &extras[role], &supply, &file)) {
		file.type = "image/jpeg";
		file.cache_control = responder_cache(request, &listening.pass, KEEP_PUBLIC_S, KEEP_PRIVATE_S);
		deliver_file(response, &file);
	}
	supply_end(&supply);
}
