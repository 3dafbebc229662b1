/* SPDX-License-Identifier: MIT */
#include "http/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/deliver.h"
#include "http/request_build.h"
#include "http/successor.h"
#include "http/threads.h"
#include "http/transport.h"
#include "observe/access_log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDLE_DEFAULT_S = 30 };

static void count_request(const struct serve_options *options, const struct request *request,
	const struct response *response, const char *route, int64_t duration_us)
{
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

static void record(const struct serve_options *options, const struct request *request,
	const struct response *response, const char *route)
{
	struct access_entry entry = {
		.method = request->method_name,
		.prefix = request->prefix,
		.path = request->path,
		.protocol = request_parameter(request, "SERVER_PROTOCOL"),
		.route = route,
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
	count_request(options, request, response, route, entry.duration_us);
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

int serve_idle_s(int seconds)
{
	return seconds > 0 ? seconds : IDLE_DEFAULT_S;
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

void transport_handle(struct transport *transport, const struct serve_options *options, struct arena *arena)
{
	struct request request;
	struct response response;
	struct err_info info = {0};
	const char *route = "";
	bool body_read;

	if (request_build(&request, transport, arena, &info) == ERR_OK) {
		request.context = options->context;
		request.metrics = options->metrics;
		request.site = options->site;
		client_settle(&request, options->trust, &info);
		choose_delivery(&request, options->delivery);
		request.receiving = make_pace(options->receive_rate, options->idle_s);
		request.sending = make_pace(options->send_rate, options->send_idle_s);
	}
	response_init(&response, &request);
	log_context(request.id);
	metrics_shift(options->metrics, METRIC_REQUESTS_OPEN, 1);
	if (info.code != ERR_OK)
		response_error(&response, &info);
	else
		route = answer(options, &request, &response);
	body_read = request.content_length <= 0 || request.body_read == (uint64_t)request.content_length;
	record(options, &request, &response, route);
	metrics_shift(options->metrics, METRIC_REQUESTS_OPEN, -1);
	transport->class->finish(transport, response_whole(&response), body_read);
	log_context(NULL);
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof listening;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

enum err serve(const struct serve_options *options, struct err_info *info)
{
	enum err code;
	struct listener listener = {.fd = STDIN_FILENO};

	signal(SIGPIPE, SIG_IGN);
	successor_prepare();
	if (options->socket == NULL && !is_listening(STDIN_FILENO)) {
		if (getenv("GATEWAY_INTERFACE") == NULL)
			return err_set(
				info, ERR_IO, "standard input is no listening socket: start it from a web server");
		serve_cgi(options);
		return ERR_OK;
	}
	threads_prepare();
	if (options->socket != NULL && !successor_is()) {
		code = listen_unix(options->socket, options->backlog, &listener, info);
		if (code != ERR_OK)
			return code;
	}
	code = options->event ? serve_event(options, listener.fd, info) : serve_fcgi(options, listener.fd, info);
	if (options->socket != NULL)
		listen_close(&listener, options->socket);
	return code;
}
