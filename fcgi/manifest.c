/* SPDX-License-Identifier: MIT */
/* manifest.fcgi: HLS playlists and DASH MPDs, written from the database at each request. */
#include "base/clock.h"
#include "base/hash.h"
#include "conf/profile.h"
#include "fcgi/edge.h"
#include "fcgi/listen.h"
#include "fcgi/responder.h"
#include "manifest/dash.h"
#include "manifest/hls.h"
#include "package/ts_cmaf.h"

#include <inttypes.h>
#include <string.h>

/*
 * Seconds a manifest may be kept, one that grows less, and the most bytes it may have: 48 hours of segments with a
 * grant each.
 */
enum { KEEP_S = 60, KEEP_GROWING_S = 1, MANIFEST_MOST = 64 << 20 };

/* What is sent: its Content-Type, and its name for counters. */
struct kind {
	const char *type, *name;
};
static const struct kind master_playlist = {"application/vnd.apple.mpegurl", "hls-master"};
static const struct kind media_playlist = {"application/vnd.apple.mpegurl", "hls-media"};
static const struct kind mpd_file = {"application/dash+xml", "dash"};

/* In place of a date: what the manifest is of still grows. */
#define GROWING INT64_C(-1)

static struct hls_options hls_options(const struct request *request, const char *query)
{
	bool segments = strcmp(responder_of(request)->conf->hls_addressing, "segments") == 0;

	return (struct hls_options){.addressing = segments ? HLS_SEGMENTS : HLS_BYTERANGE, .query = query};
}

static struct hls_options ts_options(const struct request *request, const char *query)
{
	return (struct hls_options){.addressing = HLS_TRANSPORT,
		.query = query,
		.segment_ms = (uint32_t)responder_of(request)->conf->segment_ms};
}

static const char *child_query(const struct request *request, const struct listening *listening, int64_t duration_ms)
{
	return access_child_query(&responder_of(request)->access, &listening->pass, listening->track,
		listening->visibility, duration_ms, request->arena);
}

/*
 * Sends TEXT and frees it. A PERSONAL manifest is made for the one who asks, with a grant or a signature that ages, and
 * one of what still grows may change within the second: its date is now, so that only its hash can say that it has not
 * changed.
 */
static void send(struct request *request, struct response *response, const struct listening *listening,
	const struct kind *kind, struct buf *text, int64_t modified, bool personal)
{
	struct access_pass pass = listening->pass;
	int64_t keep_s = modified == GROWING ? KEEP_GROWING_S : KEEP_S;
	const struct access *access = &responder_of(request)->access;
	const char *etag;

	if (text->overflow) {
		response_problem(response, ERR_INTERNAL, err_title(ERR_INTERNAL));
		goto out;
	}
	etag = arena_printf(request->arena, "\"%016" PRIx64 "\"", hash_quick(buf_text(text), text->length, 0));
	if (personal || modified == GROWING)
		modified = clock_seconds(access->clock);
	if (personal && pass.expires == 0)
		pass.expires = INT64_MAX;
	response_status(response, 200);
	if (!personal)
		listen_tag(response, listening->track, kind == &media_playlist ? request->capture[1] : NULL);
	response_header(response, "Cache-Control", responder_cache(request, &pass, keep_s, keep_s));
	if (listening->visibility == TRACK_PRIVATE)
		response_header(response, "Vary", "Authorization, Cookie");
	if (!response_not_modified(response, etag, modified))
		response_body(response, kind->type, buf_text(text), text->length);
	metrics_add(request->metrics, METRIC_PLAYLISTS, 1, kind->name);
out:
	buf_free(text);
}

/*
 * The renditions of the track that players of segments take, AAC before the others, which fewer of them decode; the
 * order is else that of the list. False when an answer was sent.
 */
static bool find_segmented(struct request *request, struct response *response, struct listening *listening,
	struct track *track, struct rendition **out, size_t *count)
{
	struct rendition *all, *segmented;
	size_t total;

	if (!listen_track(request, response, listening, track, &all, &total))
		return false;
	*out = segmented = arena_array(request->arena, total, sizeof *segmented);
	*count = 0;
	for (int aac = 1; aac >= 0; aac--) {
		for (size_t i = 0; i < total; i++) {
			if (profile_is_segmented(all[i].container) && (strcmp(all[i].codec, "aac") == 0) == aac)
				segmented[(*count)++] = all[i];
		}
	}
	if (*count == 0)
		response_problem(response, ERR_NOT_FOUND, "the track has no rendition in segments");
	return *count > 0;
}

/* When the renditions changed last; GROWING. */
static int64_t newest(const struct rendition *renditions, size_t count)
{
	int64_t modified = 0;

	if (renditions[0].work != NULL)
		return GROWING;
	for (size_t i = 0; i < count; i++) {
		if (renditions[i].modified > modified)
			modified = renditions[i].modified;
	}
	return modified;
}

static bool is_private(const struct listening *listening)
{
	return listening->visibility == TRACK_PRIVATE;
}

/* The file's address at the listener's edge, with the cookies it wants; NULL unless manifests shall name it. */
static const char *at_edge(
	struct response *response, const struct listening *listening, const struct rendition *rendition)
{
	struct cdn_link link;

	if (!responder_of(response->request)->conf->cdn_manifests ||
		!edge_link(response->request, listening, rendition, &link))
		return NULL;
	response_status(response, 200);
	edge_cookies(response, &link);
	return link.url;
}

/* The same of all; NULL when one is not to be had. */
static const char *const *all_at_edge(struct response *response, const struct listening *listening,
	const struct rendition *renditions, size_t count)
{
	const char **files = arena_array(response->request->arena, count, sizeof *files);

	for (size_t i = 0; i < count; i++) {
		files[i] = at_edge(response, listening, &renditions[i]);
		if (files[i] == NULL)
			return NULL;
	}
	return files;
}

/* A media playlist of segments in fragmented MP4, or with TRANSPORT in MPEG-TS. */
static void send_media(struct request *request, struct response *response, bool transport)
{
	struct listening listening = {.track = request->capture[0]};
	struct rendition rendition;
	struct hls_options options;
	const char *query;
	struct buf text;

	if (!listen_rendition(request, response, &listening, request->capture[1], &rendition))
		return;
	if (rendition.segments.count == 0 ||
		(transport && (!responder_of(request)->conf->hls_ts || !ts_cmaf_fits(&rendition)))) {
		response_problem(response, ERR_NOT_FOUND, "the rendition has no such segments");
		return;
	}
	query = child_query(request, &listening, (int64_t)(rendition.samples * 1000 / rendition.timescale));
	options = transport ? ts_options(request, query) : hls_options(request, query);
	if (options.addressing == HLS_BYTERANGE)
		options.file = at_edge(response, &listening, &rendition);
	buf_init(&text, MANIFEST_MOST);
	hls_media(&text, &rendition, &options);
	send(request, response, &listening, &media_playlist, &text, newest(&rendition, 1),
		options.file != NULL || is_private(&listening));
}

static void media(struct request *request, struct response *response)
{
	send_media(request, response, false);
}

static void media_ts(struct request *request, struct response *response)
{
	send_media(request, response, true);
}

/* Leaves those of the COUNT renditions that a transport stream can hold. */
static size_t keep_fitting(struct rendition *renditions, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (ts_cmaf_fits(&renditions[i]))
			renditions[kept++] = renditions[i];
	}
	return kept;
}

static void send_master(struct request *request, struct response *response, bool ts)
{
	struct listening listening = {.track = request->capture[0]};
	struct rendition *renditions;
	struct hls_options options;
	struct track track;
	const char *query;
	struct buf text;
	size_t count;

	if (!find_segmented(request, response, &listening, &track, &renditions, &count))
		return;
	if (ts)
		count = responder_of(request)->conf->hls_ts ? keep_fitting(renditions, count) : 0;
	if (count == 0) {
		response_problem(response, ERR_NOT_FOUND, "the track cannot be had in MPEG-TS");
		return;
	}
	query = child_query(request, &listening, track.duration_ms);
	options = ts ? ts_options(request, query) : hls_options(request, query);
	buf_init(&text, MANIFEST_MOST);
	hls_master(&text, renditions, count, &options);
	send(request, response, &listening, &master_playlist, &text, newest(renditions, count),
		is_private(&listening));
}

static void master(struct request *request, struct response *response)
{
	send_master(request, response, false);
}

static void master_ts(struct request *request, struct response *response)
{
	send_master(request, response, true);
}

static void mpd(struct request *request, struct response *response)
{
	struct listening listening = {.track = request->capture[0]};
	struct rendition *renditions;
	struct dash_options options;
	struct track track;
	struct buf text;
	size_t count;

	if (!find_segmented(request, response, &listening, &track, &renditions, &count) ||
		listen_unfinished(response, renditions))
		return;
	options = (struct dash_options){.query = child_query(request, &listening, track.duration_ms),
		.files = all_at_edge(response, &listening, renditions, count)};
	buf_init(&text, MANIFEST_MOST);
	dash_mpd(&text, &track, renditions, count, &options);
	send(request, response, &listening, &mpd_file, &text, newest(renditions, count),
		options.files != NULL || is_private(&listening));
}

static const struct route routes[] = {
	{HTTP_GET, "/hls/{track}/master.m3u8", NULL, master},
	{HTTP_GET, "/hls/{track}/{quality}/playlist.m3u8", NULL, media},
	{HTTP_GET, "/hls/{track}/master-ts.m3u8", NULL, master_ts},
	{HTTP_GET, "/hls/{track}/{quality}/playlist-ts.m3u8", NULL, media_ts},
	{HTTP_GET, "/dash/{track}/manifest.mpd", NULL, mpd},
};

int main(int argc, char **argv)
{
	return responder_run(argc, argv, "manifest", "Answers for HLS playlists and DASH MPDs.", routes,
		sizeof routes / sizeof *routes);
}
