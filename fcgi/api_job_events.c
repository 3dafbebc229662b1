/* SPDX-License-Identifier: MIT */
/*
 * GET /internal/jobs/{job}/events: what happens to a job as server-sent events (WHATWG HTML, section 9.2).
 *
 *     event: history   one of the job's history, as GET /internal/jobs/{job} has it; id: its number
 *     event: job       the job as it is then, after each change; id: the last number of the history and the moment
 *     : (a comment)    every http.event_beat_s without any of these
 *
 * A client that comes back with Last-Event-ID gets what it missed. The stream ends when the job is over, and after
 * http.event_stream_s in any case; 204 tells a client that comes back that nothing will follow. Between two looks it is
 * a struct stream and no more; the job is read only when something was committed to the database. A look waits for
 * nobody, as an event loop would wait with it: while the database is locked there is just nothing new.
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
	char job[ID_SIZE];
	int64_t number, updated_ms; /* what the client knows: of the history, and of the job */
	int64_t version;            /* of the database, at the last look */
	int64_t beat_us, end_us;    /* when something must be said, and when it must end, by the monotonic clock */
};

/* What one look shows. */
struct sight {
	struct job job;
	struct job_event *events; /* that the client does not know */
	size_t count;
};

/* "12-1732291200000" */
static void read_last_id(struct request *request, struct stream *stream)
{
	const char *text = request_header(request, "last-event-id");
	uint64_t number = 0, updated = 0;
	const char *dash = text != NULL ? strchr(text, '-') : NULL;

	if (dash == NULL ||
		!text_to_u64(arena_memdup(request->arena, text, (size_t)(dash - text)), INT64_MAX, &number) ||
		!text_to_u64(dash + 1, INT64_MAX, &updated))
		return;
	stream->number = (int64_t)number;
	stream->updated_ms = (int64_t)updated;
}

static bool is_over(const struct job *job)
{
	return job->state != JOB_QUEUED && job->state != JOB_RUNNING;
}

static bool has_news(const struct stream *stream, const struct sight *sight)
{
	return sight->count > 0 || sight->job.updated_ms != stream->updated_ms;
}

/* The first look, at the job ID, if CLAIMS let it be seen. */
static enum err look_first(struct request *request, const struct stream *stream, const char *id,
	const struct jwt_claims *claims, struct sight *out, struct err_info *info)
{
	struct db_pool *pool = responder_of(request)->pool;
	struct db *db;
	enum err err = db_pool_take(pool, &db, info);

	if (err != ERR_OK)
		return err;
	err = api_job_read(db, claims, id, request->arena, &out->job, info);
	if (err == ERR_OK)
		err = job_history(db, id, stream->number, request->arena, &out->events, &out->count, info);
	db_pool_give(pool, db);
	return err;
}

/* Those that follow. */
static enum err look(struct request *request, const struct stream *stream, struct sight *out, struct err_info *info)
{
	struct db_pool *pool = responder_of(request)->pool;
	struct db *db;
	enum err err = db_pool_glance(pool, &db, info);

	if (err != ERR_OK)
		return err;
	err = job_get(db, stream->job, request->arena, &out->job, info);
	if (err == ERR_OK)
		err = job_history(db, stream->job, stream->number, request->arena, &out->events, &out->count, info);
	db_pool_glanced(pool);
	return err;
}

/* Takes the reference of DATA. */
static void send_event(struct response *response, const struct stream *stream, const char *event, json_t *data)
{
	char *text = json_dumps(data, JSON_COMPACT);
	char head[ID_TEXT + 64];
	int length;

	json_decref(data);
	if (text == NULL)
		abort();
	length = snprintf(head, sizeof head, "id: %" PRId64 "-%" PRId64 "\nevent: %s\ndata: ", stream->number,
		stream->updated_ms, event);
	response_write(response, head, (size_t)length);
	response_write(response, text, strlen(text));
	response_write(response, "\n\n", 2);
	free(text);
}

static int64_t next_beat(const struct responder *responder)
{
	return clock_monotonic_us() + responder->conf->event_beat_s * 1000000;
}

static void send_news(struct response *response, struct stream *stream, const struct sight *sight)
{
	const struct responder *responder = responder_of(response->request);

	for (size_t i = 0; i < sight->count; i++) {
		stream->number = sight->events[i].number;
		send_event(response, stream, "history", api_job_event_json(&sight->events[i]));
	}
	stream->updated_ms = sight->job.updated_ms;
	send_event(response, stream, "job", api_job_json(&sight->job, clock_ms(responder->access.clock)));
	stream->beat_us = next_beat(responder);
}

/* True when something was committed since the last look; also when that cannot be told, unless it can the next time. */
static bool has_changed(const struct responder *responder, struct stream *stream)
{
	int64_t before = stream->version;
	enum err err = db_pool_version(responder->pool, &stream->version, NULL);

	return err == ERR_OK ? stream->version != before : err != ERR_BUSY;
}

/* False when the stream is over. */
static bool look_again(struct response *response, struct stream *stream)
{
	struct sight sight;
	struct err_info info;
	enum err err = look(response->request, stream, &sight, &info);

	if (err == ERR_BUSY)
		stream->version = 0; /* the next time */
	if (err != ERR_OK)
		return err == ERR_BUSY;
	if (has_news(stream, &sight))
		send_news(response, stream, &sight);
	return !is_over(&sight.job);
}

/* False when the stream is over. */
static bool go_on(struct response *response, struct stream *stream)
{
	const struct responder *responder = responder_of(response->request);

	if (clock_monotonic_us() >= stream->end_us ||
		(has_changed(responder, stream) && !look_again(response, stream)))
		return false;
	if (clock_monotonic_us() >= stream->beat_us) {
		response_write(response, ":\n\n", 3);
		stream->beat_us = next_beat(responder);
	}
	return true;
}

static void resume(struct response *response, void *state, bool wanted)
{
	struct stream *stream = state;

	if (wanted && go_on(response, stream)) {
		response_later(response, LOOK_MS, resume, stream);
		return;
	}
	api_stream_end(response->request);
	free(stream);
}

static void begin(struct response *response)
{
	char retry[32];
	int length = snprintf(retry, sizeof retry, "retry: %d\n\n", RETRY_MS);

	response_status(response, 200);
	response_header(response, "Content-Type", "text/event-stream");
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "X-Accel-Buffering", "no"); /* nginx would keep events until it has many */
	response_begin(response);
	response_write(response, retry, (size_t)length);
}

/* When it must end: also when the token does. */
static int64_t end_of(const struct responder *responder, const struct jwt_claims *claims)
{
	int64_t left_s = responder->conf->event_stream_s;
	int64_t token_s = claims->expires - clock_seconds(responder->access.clock);

	if (claims->expires > 0 && token_s < left_s)
		left_s = token_s;
	return clock_monotonic_us() + left_s * 1000000;
}

/* The first look. True when more follows by *STREAM. */
static bool answer(
	struct request *request, struct response *response, const struct jwt_claims *claims, struct stream *stream)
{
	const struct responder *responder = responder_of(request);
	struct err_info info;
	struct sight sight;
	enum err err;

	/* Asked first, so that nothing that comes after is missed. */
	has_changed(responder, stream);
	err = look_first(request, stream, request->capture[0], claims, &sight, &info);
	if (err != ERR_OK) {
		response_error(response, &info);
		return false;
	}
	if (is_over(&sight.job) && !has_news(stream, &sight)) {
		response_status(response, 204);
		response_begin(response);
		return false;
	}
	memcpy(stream->job, sight.job.id, ID_SIZE);
	stream->end_us = end_of(responder, claims);
	begin(response);
	send_news(response, stream, &sight);
	return request->method != HTTP_HEAD && !is_over(&sight.job);
}

bool api_stream_begin(const struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	int64_t most = responder->conf->event_streams, half = (responder->conf->http_threads + 1) / 2;

	/* Where each has a thread, others need some too. */
	if (strcmp(responder->conf->http_transport, "event") != 0 && most > half)
		most = half;
	if (atomic_fetch_add(&responder->streams, 1) < most)
		return true;
	atomic_fetch_sub(&responder->streams, 1);
	response_problem(response, ERR_BUSY, "as many streams of events as may be are open: poll the job instead");
	return false;
}

void api_stream_end(const struct request *request)
{
	atomic_fetch_sub(&responder_of(request)->streams, 1);
}

void api_job_events(struct request *request, struct response *response)
{
	struct jwt_claims claims;
	struct stream *stream;

	if (!api_claims(request, response, NULL, &claims) || !api_stream_begin(request, response))
		return;
	stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		abort();
	read_last_id(request, stream);
	if (answer(request, response, &claims, stream))
		response_later(response, LOOK_MS, resume, stream);
	else
		resume(response, stream, false);
}
