/* SPDX-License-Identifier: MIT */
#include "http/exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/deliver.h"
#include "http/request_build.h"
#include "observe/access_log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
	const struct serve_options *options;
	struct request request;
	struct response response;
	const char *route;
	char *path, *prefix, *remote; /* the request's, from its first pause on */
};

static void count_request(const struct exchange *exchange, int64_t duration_us)
{
	const struct serve_options *options = exchange->options;
	const struct request *request = &exchange->request;
	const struct response *response = &exchange->response;
	const char *route = exchange->route;
	struct metrics *metrics = options->metrics;
	char status[8];

	snprintf(status, sizeof status, "%d", response->status);
	metrics_add(metrics, METRIC_REQUESTS, 1, options->program, route, status);
	metrics_observe(metrics, METRIC_REQUEST_SECONDS, (uint64_t)duration_us, options->program, route);
	metrics_observe(metrics, METRIC_FIRST_BYTE_SECONDS, (uint64_t)(response->begun_us - request->started_us),
		options->program, route);
	if (response->problem != ERR_OK)
		metrics_add(metrics, METRIC_REFUSED, 1, options->program, err_slug(response->problem));
	if (request->body_read > 0)
		metrics_add(metrics, METRIC_REQUEST_BYTES, request->body_read, options->program, route);
	if (response->bytes > 0)
		metrics_add(metrics, METRIC_RESPONSE_BYTES, response->bytes, options->program, route);
}

static void record(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	const struct response *response = &exchange->response;
	struct access_entry entry = {
		.method = request->method_name,
		.prefix = request->prefix,
		.path = request->path,
		.protocol = request_parameter(request, "SERVER_PROTOCOL"),
		.route = exchange->route,
		.status = response->status,
		.bytes_in = request->body_read,
		.bytes_out = response->bytes,
		.duration_us = clock_monotonic_us() - request->started_us,
		.remote = request->remote,
		.user_agent = request_header(request, "user-agent"),
		.referer = request_header(request, "referer"),
		.broken_off = !response_whole(response),
	};

	access_log_write(&entry);
	count_request(exchange, entry.duration_us);
}

/* Routes and makes sure that there is an answer. Returns the route's pattern, "" when there is none. */
static const char *answer(const struct serve_options *options, struct request *request, struct response *response)
{
	const char *route = router_handle(options->router, request, response);

	if (!response->begun) {
		log_message(LOG_ERROR, "a handler gave no answer");
		response_problem(response, ERR_INTERNAL, err_title(ERR_INTERNAL));
	}
	return route;
}

static struct pace make_pace(int64_t rate, int seconds)
{
	return (struct pace){.least = rate, .window_us = serve_idle_s(seconds) * INT64_C(1000000)};
}

/* The web server's word counts before ours. */
static void choose_delivery(struct request *request, const char *otherwise)
{
	const char *told = deliver_told(request);

	if (told == NULL)
		told = otherwise != NULL ? otherwise : "direct";
	request->delivery = told;
}

static char *copy(const char *text)
{
	char *out = strdup(text);

	if (out == NULL)
		abort();
	return out;
}

/* When a pause follows: what the access log tells leaves the arena, and nothing points there any more. */
static void settle(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	if (exchange->response.resume == NULL)
		return;
	if (exchange->path == NULL) {
		request->path = exchange->path = copy(request->path);
		request->prefix = exchange->prefix = copy(request->prefix);
		request->remote = exchange->remote = copy(request->remote);
		request->quota.policies = request->quota.states = NULL;
		memset(request->capture, 0, sizeof request->capture);
		exchange->response.fields = NULL;
	}
	request->arena = NULL;
	log_context(NULL);
}

struct exchange *exchange_begin(
	struct transport *transport, const struct serve_options *options, struct arena *arena)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	struct err_info info = {0};
	struct request *request;

	if (exchange == NULL)
		abort();
	exchange->options = options;
	exchange->route = "";
	request = &exchange->request;
	if (request_build(request, transport, arena, &info) == ERR_OK) {
		request->context = options->context;
		request->metrics = options->metrics;
		request->site = options->site;
		client_settle(request, options->trust, &info);
		choose_delivery(request, options->delivery);
		request->receiving = make_pace(options->receive_rate, options->idle_s);
		request->sending = make_pace(options->send_rate, options->send_idle_s);
	}
	response_init(&exchange->response, request);
	log_context(request->id);
	metrics_shift(options->metrics, METRIC_REQUESTS_OPEN, 1);
	if (info.code != ERR_OK)
		response_error(&exchange->response, &info);
	else
		exchange->route = answer(options, request, &exchange->response);
	settle(exchange);
	return exchange;
}

int exchange_pause(const struct exchange *exchange)
{
	return exchange->response.resume == NULL ? -1 : exchange->response.resume_ms;
}

void exchange_resume(struct exchange *exchange, struct arena *arena, bool wanted)
{
	struct response *response = &exchange->response;
	void (*resume)(struct response *, void *, bool) = response->resume;

	response->resume = NULL;
	exchange->request.arena = arena;
	log_context(exchange->request.id);
	resume(response, response->resume_state, wanted && !response->failed);
	assert(wanted || response->resume == NULL);
	settle(exchange);
}

void exchange_end(struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	struct transport *transport = request->transport;
	bool body_read =
		request->content_length <= 0 || request->body_read == (uint64_t)request->content_length;

	record(exchange);
	metrics_shift(exchange->options->metrics, METRIC_REQUESTS_OPEN, -1);
	transport->class->finish(transport, response_whole(&exchange->response), body_read);
	log_context(NULL);
	free(exchange->path);
	free(exchange->prefix);
	free(exchange->remote);
	free(exchange);
}

void transport_handle(struct transport *transport, const struct serve_options *options, struct arena *arena)
{
	struct exchange *exchange = exchange_begin(transport, options, arena);
	struct response *response = &exchange->response;
	int ms;

	while ((ms = exchange_pause(exchange)) >= 0) {
		arena_reset(arena);
		exchange_resume(exchange, arena, response_flush(response) && response_wait(response, ms));
	}
	exchange_end(exchange);
}
