/* SPDX-License-Identifier: MIT */
/* The handlers of api.fcgi, by noun, for its table of routes in api.c; and what they share. */
#ifndef TONEARM_FCGI_API_H
#define TONEARM_FCGI_API_H

#include "fcgi/responder.h"
#include "model/extra.h"
#include "model/job.h"
#include "model/loudness_row.h"
#include "model/job_history.h"
#include "model/rendition.h"

#include <jansson.h>

/* api_upload.c */
void api_track_upload(struct request *request, struct response *response);

/* api_tus.c: resumable uploads */
void api_tus_options(struct request *request, struct response *response);
void api_tus_create(struct request *request, struct response *response);
void api_tus_head(struct request *request, struct response *response);
void api_tus_patch(struct request *request, struct response *response);
void api_tus_delete(struct request *request, struct response *response);
void api_tus_override(struct request *request, struct response *response);

/* api_robots.c */
void api_robots(struct request *request, struct response *response);
/* api_direct.c: uploads that go to the object store past us */
void api_direct_create(struct request *request, struct response *response);
void api_direct_get(struct request *request, struct response *response);
void api_direct_finish(struct request *request, struct response *response);

/* api_presets.c */
void api_presets(struct request *request, struct response *response);

/* api_tracks.c */
void api_track_list(struct request *request, struct response *response);
void api_track_get(struct request *request, struct response *response);
void api_track_patch(struct request *request, struct response *response);
void api_track_delete(struct request *request, struct response *response);

/* api_visual.c: what a listener sees of a track, for those who may listen to it */
void api_track_waveform(struct request *request, struct response *response);
void api_track_cover(struct request *request, struct response *response);

/* api_jobs.c */
void api_job_submit(struct request *request, struct response *response);
void api_job_list(struct request *request, struct response *response);
void api_job_get(struct request *request, struct response *response);
void api_job_retry(struct request *request, struct response *response);
void api_job_cancel(struct request *request, struct response *response);

/*
 * The job ID as far as CLAIMS may look at it: whose job it is needs no jobs:read; for anybody else without it there are
 * no jobs at all. ERR_NOT_FOUND, ERR_FORBIDDEN.
 */
enum err api_job_read(struct db *db, const struct jwt_claims *claims, const char *id, struct arena *arena,
	struct job *job, struct err_info *info);

/* api_job_events.c */
void api_job_events(struct request *request, struct response *response);

/* A place for a stream, of any kind, of which this process has as many open as it may. False when 503 was sent. */
bool api_stream_begin(const struct request *request, struct response *response);
void api_stream_end(const struct request *request);

/* api_probe.c */
void api_probe_body(struct request *request, struct response *response);
void api_probe_drip(struct request *request, struct response *response);

/* api_health.c */
void api_health(struct request *request, struct response *response);
void api_ready(struct request *request, struct response *response);

/* api_metrics.c */
void api_metrics(struct request *request, struct response *response);

/* api_json.c: the things as clients see them. New references. */
json_t *api_track_json(const struct track *track);
json_t *api_rendition_json(const struct request *request, const struct rendition *rendition);
json_t *api_job_json(const struct job *job, int64_t now_ms);
json_t *api_loudness_json(const struct loudness_row *row);
json_t *api_job_event_json(const struct job_event *event);

/*
 * The addresses of a track and, unless NULL, of a job: absolute when conf base_url says where we live, else from the
 * root of the host.
 */
json_t *api_urls(const struct request *request, const char *track, const char *job);

/* Adds "tags", "chapters" and "lyrics" of the stored TAGS (may be NULL) to the TRACK of api_track_json(). */
void api_put_tags(json_t *track, const char *tags);

/* Adds to URLS of a track, which name it, what of the EXTRA_ROLES extras is FOUND. */
void api_extra_urls(json_t *urls, const bool *found);

/* 202 with Location LOCATION (a member of the urls), {"track"?, "job", "urls"}; TRACK may be NULL. */
void api_accepted(const struct request *request, struct response *response, const struct track *track,
	const struct job *job, const char *location);

/* api_input.c: what clients send. */

/* The token, which must have SCOPE (NULL: any). False when a refusal was sent: 401, 403. */
bool api_claims(struct request *request, struct response *response, const char *scope, struct jwt_claims *claims);

/* The same, and a connection for db_pool_give(). NULL when an answer was sent: 401, 403, 503. */
struct db *api_open(struct request *request, struct response *response, const char *scope, struct jwt_claims *claims);

/*
 * A place for an upload, of which this process has fewer than it has threads, and all processes together have as many
 * as limits.uploads says. *SLOT is for api_upload_end(), which takes -1 too. ERR_BUSY, ERR_IO; *SLOT is -1 then.
 */
enum err api_upload_begin(const struct request *request, int *slot, struct err_info *info);
void api_upload_end(const struct request *request, int slot);

/*
 * ERR_BUSY while the queue is full, so that nobody sends for nothing. It is asked again, for good, when the job is
 * queued.
 */
enum err api_queue_check(struct responder *responder, struct err_info *info);

/*
 * The JSON object of the body. False when an answer was sent: 400, 408, 411, 413, 415, 503. *OUT is owned by the
 * caller.
 */
bool api_body(struct request *request, struct response *response, json_t **out);

/*
 * The page a list asks for: `limit` (1 to MOST, 50 when absent) and `after` (an id, NULL when absent).
 * ERR_UNPROCESSABLE.
 */
enum err api_page(struct request *request, size_t most, const char **after, size_t *limit, struct err_info *info);

/* The file name of a Content-Disposition value (RFC 6266: filename*, then filename) in ARENA; NULL when it has none. */
const char *api_disposition_name(const char *header, struct arena *arena);

/* Where a track may be heard, as conf/geo_rule.h has it, into OUT, in ARENA; NULL leaves it. ERR_UNPROCESSABLE. */
enum err api_places(const char *text, struct arena *arena, const char **out, struct err_info *info);

/* "public" or "private" into OUT; NULL leaves it. ERR_UNPROCESSABLE. */
enum err api_visibility(const char *word, enum track_visibility *out, struct err_info *info);

#endif
