/* SPDX-License-Identifier: MIT */
/*
 * Runs a responder. Plain CGI when GATEWAY_INTERFACE is in the environment and standard input is no
 * listening socket: one request, then return. Otherwise FastCGI on descriptor 0 (spawned by the web server or
 * spawn-fcgi) or on a socket of its own: with a number of threads that each take a request at a time, or with an event
 * loop that answers what it can without waiting and gives the rest to these threads.
 * SIGTERM: accepting stops, requests in flight end, serve() returns. SIGHUP: the program is started anew on the same
 * socket, then the same happens here, but that serve() returns when the new one has ended. SIGPIPE is ignored.
 */
#ifndef TONEARM_HTTP_SERVE_H
#define TONEARM_HTTP_SERVE_H

#include "http/client.h"
#include "http/router.h"
#include "observe/metrics.h"

struct serve_options {
	const char *program;      /* "stream": label of metrics and logs */
	const struct router *router;
	const char *socket;       /* path of a Unix socket to listen on, or NULL for descriptor 0 */
	bool event;               /* the event loop */
	bool waits;               /* any handler may wait, also before it answers: the loop leaves all to its threads */
	int threads, backlog;
	struct metrics *metrics;  /* may be NULL */
	void *context;            /* becomes request->context */
	const char *delivery;     /* where the web server does not tell; NULL: "direct" */
	int idle_s;               /* silence of a client while its body is read, seconds; 0: 30 */
	int send_idle_s;          /* the same while it takes the answer */
	int64_t receive_rate;     /* least bytes/s of a body, over idle_s of waiting for it; 0: any */
	int64_t send_rate;        /* the same of an answer, over send_idle_s */
	const struct site *site;  /* becomes request->site */
	const struct client_trust *trust; /* proxies whose word about the client counts; NULL: none */
};

/*
 * Serves until told to stop. Each request: arena, id, route, access log line, metrics. ERR_IO when the socket
 * cannot be had. Call from the main thread, once.
 */
enum err serve(const struct serve_options *options, struct err_info *info);

#endif
