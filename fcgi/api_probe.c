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
#include <stdlib.h>

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
	response_json(response, 200,
		json_pack("{s:I, s:I, s:s?}", "bytes", (json_int_t)request->body_read, "ms", (json_int_t)ms, "delivery",
			told));
}

static bool read_number(const struct request *request, const char *name, uint64_t most, uint64_t *out)
{
	const char *text = request_query(request, name);

	return text != NULL && text_to_u64(text, most, out) && *out > 0;
}

struct drip {
	uint64_t sent, count;
	int ms;
};

static void drip(struct response *response, void *state, bool wanted)
{
	struct drip *drops = state;
	char event[32];

	if (wanted) {
		int length = snprintf(event, sizeof event, "data: %" PRIu64 "\n\n", ++drops->sent);

		response_write(response, event, (size_t)length);
		if (drops->sent < drops->count) {
			response_later(response, drops->ms, drip, drops);
			return;
		}
	}
	api_stream_end(response->request);
	free(drops);
}

static void begin_drip(struct response *response)
{
	response_status(response, 200);
	response_header(response, "Content-Type", "text/event-stream");
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "X-Accel-Buffering", "no");
	response_begin(response);
}

void api_probe_drip(struct request *request, struct response *response)
{
	struct drip *drops;
	uint64_t count, ms;

	if (!read_number(request, "count", COUNT_MOST, &count) || !read_number(request, "ms", PAUSE_MOST_MS, &ms)) {
		response_problem(response, ERR_UNPROCESSABLE, "count and ms are not the numbers they may be");
		return;
	}
	if (!api_stream_begin(request, response))
		return;
	drops = calloc(1, sizeof *drops);
	if (drops == NULL)
		abort();
	*drops = (struct drip){.count = count, .ms = (int)ms};
	begin_drip(response);
	if (request->method != HTTP_HEAD)
		response_later(response, drops->ms, drip, drops);
	else
		drip(response, drops, false);
}
