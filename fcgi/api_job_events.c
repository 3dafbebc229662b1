/* SPDX-License-Identifier: MIT */
/*
 * GET /internal/jobs/{job}/events: what happens to a job as server-sent events (WHATWG HTML, section 9.2).
 *
 *     event: history   one of the job's history, as GET /internal/jobs/{job} has it; id: its number
 *     event: job       the job as it is then, after each change; id: the last number of the history and the moment
 *     : (a comment)    every http.event_beat_s without any of these
 *
 * A client that comes back with Last-Event-ID gets what it missed. The stream ends when the job is over, and after
 * http.event_stream_s in any case; 204 tells a client that comes back that nothing will follow. Each stream has a
 * thread to itself, so that they are few, and looks at the job only when something was committed to the database.
 */
#include "fcgi/api.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 200, RETRY_MS = 1000, ID_TEXT = 48 };

struct stream {
	struct request *request;
	struct response *response;
	struct responder *responder;
	struct jwt_claims claims;
	struct arena arena; /* of one look */
	struct job job;
	struct job_event *events; /* since `number` */
	size_t count;
	int64_t number, updated_ms; /* what the client knows: of the history, and of the job */
};

/* "12-1732291200000" */
static void read_last_id(struct stream *stream)
{
	const char *text = request_header(stream->request, "last-event-id");
	uint64_t number = 0, updated = 0;
	const char *dash = text != NULL ? strchr(text, '-') : NULL;

	if (dash == NULL ||
		!text_to_u64(arena_memdup(stream->request->arena, text, (size_t)(dash - text)), INT64_MAX, &number) ||
		!text_to_u64(dash + 1, INT64_MAX, &updated))
		return;
	stream->number = (int64_t)number;
	stream->updated_ms = (int64_t)updated;
}

static bool is_over(const struct job *job)
{
	return job->state != JOB_QUEUED && job->state != JOB_RUNNING;
}

static bool has_news(const struct stream *stream)
{
	return stream->count > 0 || stream->job.updated_ms != stream->updated_ms;
}

static enum err look(struct stream *stream, struct err_info *info)
{
	const char *id = stream->request->capture[0];
	struct db *db;
	enum err err = db_pool_take(stream->responder->pool, &db, info);

	if (err != ERR_OK)
		return err;
	arena_reset(&stream->arena);
	err = api_job_read(db, &stream->claims, id, &stream->arena, &stream->job, info);
	if (err == ERR_OK)
		err = job_history(db, id, stream->number, &stream->arena, &stream->events, &stream->count, info);
	db_pool_give(stream->responder->pool, db);
	return err;
}

/* Takes the reference of DATA. */
static void send_event(struct stream *stream, const char *event, json_t *data)
{
	char *text = json_dumps(data, JSON_COMPACT);
	char head[ID_TEXT + 64];
	int length;

	json_decref(data);
	if (text == NULL)
		abort();
	length = snprintf(head, sizeof head, "id: %" PRId64 "-%" PRId64 "\nevent: %s\ndata: ", stream->number,
		stream->updated_ms, event);
	response_write(stream->response, head, (size_t)length);
	response_write(stream->response, text, strlen(text));
	response_write(stream->response, "\n\n", 2);
	free(text);
}

static void send_news(struct stream *stream)
{
	int64_t now = clock_ms(stream->responder->access.clock);

	for (size_t i = 0; i < stream->count; i++) {
		stream->number = stream->events[i].number;
		send_event(stream, "history", api_job_event_json(&stream->events[i]));
	}
	stream->updated_ms = stream->job.updated_ms;
	send_event(stream, "job", api_job_json(&stream->job, now));
	response_flush(stream->response);
}

static void begin(struct stream *stream)
{
	struct response *response = stream->response;
	char retry[32];
	int length = snprintf(retry, sizeof retry, "retry: %d\n\n", RETRY_MS);

	response_status(response, 200);
	response_header(response, "Content-Type", "text/event-stream");
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "X-Accel-Buffering", "no"); /* nginx would keep events until it has many */
	response_begin(response);
	response_write(response, retry, (size_t)length);
}

/* True when something was committed since VERSION, or when nobody can tell. */
static bool has_changed(struct stream *stream, int64_t *version)
{
	int64_t before = *version;

	return db_pool_version(stream->responder->pool, version, NULL) != ERR_OK || *version != before;
}

/* When it must end, by the monotonic clock: also when the token does. */
static int64_t end_of(const struct stream *stream, int64_t now_us)
{
	int64_t left_s = stream->responder->conf->event_stream_s;
	int64_t token_s = stream->claims.expires - clock_seconds(stream->responder->access.clock);

	if (stream->claims.expires > 0 && token_s < left_s)
		left_s = token_s;
	return now_us + left_s * 1000000;
}

/* From what was looked at after VERSION on. */
static void run(struct stream *stream, int64_t version)
{
	int64_t beat_us = stream->responder->conf->event_beat_s * 1000000;
	int64_t now = clock_monotonic_us(), end = end_of(stream, now), next_beat = now + beat_us;
	struct err_info info;

	send_news(stream);
	while (!is_over(&stream->job) && now < end && response_wait(stream->response, LOOK_MS)) {
		now = clock_monotonic_us();
		if (has_changed(stream, &version)) {
			enum err err = look(stream, &info);

			if (err == ERR_BUSY)
				version = 0; /* look again the next time */
			else if (err != ERR_OK)
				return;
			else if (has_news(stream)) {
				send_news(stream);
				next_beat = now + beat_us;
			}
		}
		if (now >= next_beat) {
			response_write(stream->response, ":\n\n", 3);
			response_flush(stream->response);
			next_beat = now + beat_us;
		}
	}
}

static void answer(struct stream *stream)
{
	struct err_info info;
	int64_t version = 0;
	enum err err;

	/* Asked first, so that nothing that comes after is missed. */
	has_changed(stream, &version);
	err = look(stream, &info);
	if (err != ERR_OK) {
		response_error(stream->response, &info);
	} else if (is_over(&stream->job) && !has_news(stream)) {
		response_status(stream->response, 204);
		response_begin(stream->response);
	} else {
		begin(stream);
		if (stream->request->method != HTTP_HEAD)
			run(stream, version);
	}
}

int64_t api_streams_most(const struct conf *conf)
{
	int64_t half = (conf->http_threads + 1) / 2;

	return conf->event_streams < half ? conf->event_streams : half;
}

void api_job_events(struct request *request, struct response *response)
{
	struct stream stream = {.request = request, .response = response, .responder = responder_of(request)};
	struct responder *responder = stream.responder;

	if (!api_claims(request, response, NULL, &stream.claims))
		return;
	read_last_id(&stream);
	if (atomic_fetch_add(&responder->streams, 1) < api_streams_most(responder->conf))
		answer(&stream);
	else
		response_problem(
			response, ERR_BUSY, "as many streams of events as may be are open: poll the job instead");
	atomic_fetch_sub(&responder->streams, 1);
	arena_free(&stream.arena);
}
