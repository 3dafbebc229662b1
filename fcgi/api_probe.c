/* SPDX-License-Identifier: MIT */
/*
 * What `tonearm doctor --url` asks of a site to learn what the web server in front of it does with requests and answers
 * on their way. Both need a token with site:probe, which doctor makes for itself.
 *
 *     POST /internal/probe/body                takes the body: {"bytes", "ms" until its end, "delivery" as the web
 *                                              server sets it, or null}
 *     GET  /internal/probe/drip?count=&ms=     COUNT events, MS milliseconds before each
 */
#include "fcgi/api.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/deliver.h"

#include <inttypes.h>
#include <stdio.h>

enum { PIECE = 64 * 1024, COUNT_MOST = 60, PAUSE_MOST_MS = 60000 };

/* False when it broke off. */
static bool take_body(struct request *request)
{
	char *piece = arena_alloc(request->arena, PIECE);
	ssize_t got;

	do
		got = request_read(request, piece, PIECE);
	while (got > 0);
	return got == 0;
}

void api_probe_body(struct request *request, struct response *response)
{
	const char *told = deliver_told(request);
	int64_t ms;

	if (request->content_length < 0) {
		response_problem(response, ERR_LENGTH_REQUIRED, "Content-Length is missing");
		return;
	}
	if (request->content_length > responder_of(request)->conf->upload_size) {
		response_problem(response, ERR_TOO_LARGE, "the body is longer than an upload may be");
		return;
	}
	if (!take_body(request)) {
		response_problem(response, ERR_SLOW, "the body broke off");
		return;
	}
	ms = (clock_monotonic_us() - request->started_us) / 1000;
	response_status(response, 200);
	response_header(response, "Cache-Control", "no-store");
	response_json(response, 200,
		json_pack("{s:I, s:I, s:s?}", "bytes", (json_int_t)request->body_read, "ms", (json_int_t)ms, "delivery",
			told));
}

static bool read_number(const struct request *request, const char *name, uint64_t most, uint64_t *out)
{
	const char *text = request_query(request, name);

	return text != NULL && text_to_u64(text, most, out) && *out > 0;
}

static void drip(struct request *request, struct response *response, uint64_t count, int ms)
{
	char event[32];

	response_status(response, 200);
	response_header(response, "Content-Type", "text/event-stream");
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "X-Accel-Buffering", "no");
	response_begin(response);
	for (uint64_t i = 1; i <= count && response_wait(response, ms); i++) {
		int length = snprintf(event, sizeof event, "data: %" PRIu64 "\n\n", i);

		if (request->method == HTTP_HEAD || !response_write(response, event, (size_t)length) ||
			!response_flush(response))
			return;
	}
}

void api_probe_drip(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	uint64_t count, ms;

	if (!read_number(request, "count", COUNT_MOST, &count) || !read_number(request, "ms", PAUSE_MOST_MS, &ms)) {
		response_problem(response, ERR_UNPROCESSABLE, "count and ms are not the numbers they may be");
		return;
	}
	if (atomic_fetch_add(&responder->streams, 1) < api_streams_most(responder->conf))
		drip(request, response, count, (int)ms);
	else
		response_problem(response, ERR_BUSY, "as many streams of events as may be are open");
	atomic_fetch_sub(&responder->streams, 1);
}
