/* SPDX-License-Identifier: MIT */
/* stream.fcgi: the bytes of renditions, whole files with ranges and single segments. */
#include "auth/scope.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "conf/profile.h"
#include "fcgi/lead.h"
#include "fcgi/listen.h"
#include "fcgi/responder.h"
#include "http/deliver.h"
#include "http/url.h"
#include "package/ts_cmaf.h"

#include <inttypes.h>
#include <string.h>

/* A rendition does not change under its name; which one is the best may. Seconds. */
enum { KEEP_PUBLIC_S = 365 * 86400, KEEP_PRIVATE_S = 86400, KEEP_BEST_S = 300 };

enum { PROBE_SLICE = 1000 }; /* where it begins, and its length */

static const char *cache_lasting(const struct request *request, const struct listening *listening)
{
	return arena_printf(request->arena, "%s, immutable",
		responder_cache(request, &listening->pass, KEEP_PUBLIC_S, KEEP_PRIVATE_S));
}

static const char *cache_best(const struct request *request, const struct listening *listening)
{
	return responder_cache(request, &listening->pass, KEEP_BEST_S, KEEP_BEST_S);
}

/*
 * A part of a file that still grows: LENGTH bytes at OFFSET. Its bytes stay what they are, but only as long as this
 * attempt lives: nobody is to keep them, and nobody else than this program knows how far the file may be read.
 */
static struct deliverable growing_part(struct request *request, const struct rendition *rendition, const char *slice,
	uint64_t offset, uint64_t length)
{
	const struct conf *conf = responder_of(request)->conf;

	return (struct deliverable){
		.path = conf_data_path(conf, request->arena, "spool/%s", rendition->work),
		.moved_path = conf_data_path(conf, request->arena, "media/%s/%s", rendition->track, rendition->file),
		.type = "audio/mp4",
		.etag = arena_printf(request->arena, "W/\"%s%s-%" PRIu64 "-%" PRIu64 "\"", rendition->etag, slice,
			offset, length),
		.modified = rendition->modified,
		.cache_control = "no-store",
		.offset = offset,
		.length = length,
		.sound = true,
	};
}

/* LENGTH bytes at OFFSET of the rendition's file, or with LENGTH 0 the whole; SLICE sets its entity tag apart. */
static struct deliverable part_of(struct request *request, const struct rendition *rendition, const char *cache,
	const char *slice, uint64_t offset, uint64_t length)
{
	const struct conf *conf = responder_of(request)->conf;
	const struct profile *profile = profile_find(rendition->codec, rendition->container);

	if (rendition->work != NULL)
		return growing_part(request, rendition, slice, offset, length > 0 ? length : rendition->file_size);
	return (struct deliverable){
		.path = conf_data_path(conf, request->arena, "media/%s/%s", rendition->track, rendition->file),
		.accel_path = arena_printf(request->arena, "/media/%s/%s", rendition->track, rendition->file),
		.type = profile != NULL ? profile->type : "application/octet-stream",
		.etag = arena_printf(request->arena, "\"%.32s%s\"", rendition->etag, slice),
		.modified = rendition->modified,
		.cache_control = cache,
		.offset = offset,
		.length = length,
		.sound = true,
	};
}

/* What goes out to the one who asks for FILE, SIZE bytes of RENDITION, for limits. */
static struct ratelimit_sound sound_of(const struct request *request, const struct listening *listening,
	const struct rendition *rendition, const struct deliverable *file, uint64_t size)
{
	uint64_t bytes = deliver_asked(request, file, size);
	double whole_ms = 1000.0 * (double)rendition->samples / rendition->timescale;

	return (struct ratelimit_sound){
		.track = rendition->track,
		.subject = listening->pass.payer,
		.bytes = bytes,
		.lasts_ms = rendition->file_size > 0
				    ? (int64_t)(whole_ms * (double)bytes / (double)rendition->file_size)
				    : 0,
	};
}

/* False when a refusal was sent: 429. */
static bool within_limits(struct request *request, struct response *response, const struct ratelimit_sound *sound)
{
	struct err_info info;

	if (ratelimit_sound(responder_of(request)->limits, request, sound, &info) == ERR_OK)
		return true;
	response_error(response, &info);
	return false;
}

/* Sends such a part; of a file that grows the whole is what a range of the request names. */
static void deliver(struct request *request, struct response *response, const struct listening *listening,
	const struct rendition *rendition, const char *cache, const char *slice, uint64_t offset, uint64_t length)
{
	struct deliverable file = part_of(request, rendition, cache, slice, offset, length);
	struct ratelimit_sound sound =
		sound_of(request, listening, rendition, &file, length > 0 ? length : rendition->file_size);

	if (length == 0 && request_header(request, "range") == NULL && listen_unfinished(response, rendition))
		return;
	if (!within_limits(request, response, &sound))
		return;
	listen_tag(response, rendition->track, rendition->quality);
	file.rate = responder_of(request)->conf->stream_rate;
	lead_deliver(response, listening, rendition, &file);
	if (response->bytes > 0)
		ratelimit_silence(responder_of(request)->limits, request, &sound);
}

/* "m4a" is another name of "mp4". */
static bool has_extension(const struct rendition *rendition, const char *extension)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);

	return profile != NULL && (strcmp(profile->extension, extension) == 0 ||
					  (strcmp(profile->extension, "mp4") == 0 && strcmp(extension, "m4a") == 0));
}

/*
 * Reads "{track}.{ext}" and "{track}_{quality}.{ext}"; QUALITY becomes NULL for the best. False when FILE is neither.
 */
static bool parse_file(
	const char *file, struct arena *arena, const char **track, const char **quality, const char **extension)
{
	const char *dot = strrchr(file, '.');

	*quality = NULL;
	if (dot == NULL || dot - file < ID_LENGTH)
		return false;
	*extension = dot + 1;
	*track = arena_memdup(arena, file, ID_LENGTH);
	if (!id_valid(*track))
		return false;
	if (dot == file + ID_LENGTH)
		return true;
	*quality = arena_memdup(arena, file + ID_LENGTH + 1, (size_t)(dot - file) - ID_LENGTH - 1);
	return file[ID_LENGTH] == '_';
}

/* The best that has the EXTENSION; of several codecs AAC, which everything plays. NULL when there is none. */
static const struct rendition *find_best(const struct rendition *renditions, size_t count, const char *extension)
{
	const struct rendition *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (has_extension(&renditions[i], extension) &&
			(best == NULL || (strcmp(best->codec, "aac") != 0 && strcmp(renditions[i].codec, "aac") == 0)))
			best = &renditions[i];
	}
	return best;
}

static void stream_best(
	struct request *request, struct response *response, struct listening *listening, const char *extension)
{
	const struct rendition *best;
	struct rendition *renditions;
	struct track track;
	size_t count;

	if (!listen_track(request, response, listening, &track, &renditions, &count) ||
		listen_unfinished(response, renditions))
		return;
	best = find_best(renditions, count, extension);
	if (best != NULL)
		deliver(request, response, listening, best, cache_best(request, listening), "", 0, 0);
	else
		response_problem(response, ERR_NOT_FOUND, "the track has no such rendition");
}

static void stream_quality(struct request *request, struct response *response, struct listening *listening,
	const char *quality, const char *extension)
{
	struct rendition rendition;

	if (!listen_rendition(request, response, listening, quality, &rendition) ||
		listen_unfinished(response, &rendition))
		return;
	if (has_extension(&rendition, extension))
		deliver(request, response, listening, &rendition, cache_lasting(request, listening), "", 0, 0);
	else
		response_problem(response, ERR_NOT_FOUND, "the track has no such rendition");
}

static void stream(struct request *request, struct response *response)
{
	struct listening listening = {.track = "", .file = request->capture[0]};
	const char *quality, *extension;

	if (!parse_file(listening.file, request->arena, &listening.track, &quality, &extension))
		listen_nothing(request, response, &listening);
	else if (quality != NULL)
		stream_quality(request, response, &listening, quality, extension);
	else
		stream_best(request, response, &listening, extension);
}

/* With ?download a browser shall keep the file, under the title of the track (RFC 6266, RFC 8187). */
static void name_download(
	const struct request *request, struct response *response, const struct track *track, const char *file)
{
	const char *title = track->title != NULL ? track->title : track->id;
	const char *name = arena_printf(request->arena, "%s%s", title, strrchr(file, '.'));

	if (request_query(request, "download") == NULL)
		return;
	response_status(response, 200);
	response_headerf(
		response, "Content-Disposition", "attachment; filename*=UTF-8''%s", url_encode(name, request->arena));
}

static void media(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	const char *name = request->capture[1];
	struct rendition *renditions;
	struct track track;
	size_t count;

	if (!listen_track(request, response, &listening, &track, &renditions, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(renditions[i].file, name) == 0) {
			name_download(request, response, &track, name);
			deliver(request, response, &listening, &renditions[i], cache_lasting(request, &listening), "", 0, 0);
			return;
		}
	}
	if (!listen_unfinished(response, renditions))
		response_problem(response, ERR_NOT_FOUND, "the track has no such file");
}

static void init(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	struct rendition rendition;

	if (!listen_rendition(request, response, &listening, request->capture[1], &rendition))
		return;
	if (rendition.init_size > 0)
		deliver(request, response, &listening, &rendition, cache_lasting(request, &listening), "-init", 0,
			rendition.init_size);
	else
		response_problem(response, ERR_NOT_FOUND, "the rendition has no init section");
}

/* The segment that the request names; *INDEX counts from 0. False when an answer was sent. */
static bool find_segment(struct request *request, struct response *response, struct listening *listening,
	struct rendition *rendition, size_t *index)
{
	const char *number = request->capture[2];
	uint64_t found;

	if (!listen_rendition(request, response, listening, request->capture[1], rendition))
		return false;
	/* One segment has one address: no leading zero. */
	if (!text_to_u64(number, SEGMENT_TABLE_MOST, &found) || found >= rendition->segments.count ||
		(number[0] == '0' && number[1] != '\0')) {
		response_problem(response, ERR_NOT_FOUND, "the rendition has no such segment");
		return false;
	}
	*index = (size_t)found;
	return true;
}

static void segment(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	struct rendition rendition;
	const struct segment *at;
	size_t index;

	if (!find_segment(request, response, &listening, &rendition, &index))
		return;
	at = &rendition.segments.segments[index];
	deliver(request, response, &listening, &rendition, cache_lasting(request, &listening),
		arena_printf(request->arena, "-%zu", index), at->offset, at->size);
}

/* Made from the stored segment at each request. A change of what is made of it must change the entity tag. */
static void segment_ts(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	struct err_info info = {0};
	struct ratelimit_sound sound;
	struct rendition rendition;
	struct deliverable file;
	const struct segment *at;
	const void *bytes;
	struct buf made;
	size_t index;

	if (!find_segment(request, response, &listening, &rendition, &index))
		return;
	if (!responder_of(request)->conf->hls_ts || !ts_cmaf_fits(&rendition) ||
		rendition.segments.segments[index].size > TS_CMAF_MOST) {
		response_problem(response, ERR_NOT_FOUND, "the rendition has no such segments");
		return;
	}
	at = &rendition.segments.segments[index];
	file = part_of(request, &rendition, cache_lasting(request, &listening),
		arena_printf(request->arena, "-ts1-%zu", index), at->offset, at->size);
	file.type = "video/mp2t";
	sound = sound_of(request, &listening, &rendition, &file, at->size);
	if (!within_limits(request, response, &sound))
		return;
	bytes = lead_read(response, &rendition, &file);
	if (bytes == NULL)
		return;
	listen_tag(response, rendition.track, rendition.quality);
	buf_init(&made, 2 * TS_CMAF_MOST);
	if (ts_cmaf_put(&made, &rendition, index, bytes, request->arena, &info) == ERR_OK)
		deliver_bytes(response, &file, made.data, made.length);
	else
		response_problem(response, ERR_INTERNAL, info.detail);
	buf_free(&made);
}

/*
 * For `tonearm doctor --url`, which has put the file there: does the web server do what MODE asks of it? Not below /media/,
 * which it may serve by itself.
 */
static void probe(struct request *request, struct response *response)
{
	const struct conf *conf = responder_of(request)->conf;
	struct deliverable file = {
		.path = conf_data_path(conf, request->arena, "media/probe.bin"),
		.accel_path = "/media/probe.bin",
		.type = "application/octet-stream",
		.etag = "\"probe\"",
		.modified = clock_seconds(responder_of(request)->access.clock),
		.cache_control = "no-store",
	};

	if (request_query(request, "slice") != NULL)
		file.offset = file.length = PROBE_SLICE;
	request->delivery = request->capture[0];
	deliver_file(response, &file);
}

static const struct route routes[] = {
	{HTTP_GET, "/stream/probe/{mode}", SCOPE_SITE_PROBE, probe},
	{HTTP_GET, "/stream/{file}", NULL, stream},
	{HTTP_GET, "/media/{track}/{name}", NULL, media},
	{HTTP_GET, "/hls/{track}/{quality}/init.mp4", NULL, init},
	{HTTP_GET, "/hls/{track}/{quality}/{n}.m4s", NULL, segment},
	{HTTP_GET, "/hls/{track}/{quality}/{n}.ts", NULL, segment_ts},
};

int main(int argc, char **argv)
{
	return responder_run(
		argc, argv, "stream", "Answers for the sound itself.", routes, sizeof routes / sizeof *routes);
}
