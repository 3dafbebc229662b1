/* SPDX-License-Identifier: MIT */
/*
 * A server for tests of what asks other machines: HTTP/1.1 on 127.0.0.1 and a port that the kernel chose, each
 * connection in a thread, each request answered by a function of the test, one at a time.
 */
#ifndef TONEARM_TESTS_HTTP_STUB_H
#define TONEARM_TESTS_HTTP_STUB_H

#include "base/buf.h"

struct http_stub;

struct http_stub_request {
	const char *method, *target; /* as they came */
	const char *head;            /* the header lines, each with its CRLF */
	const char *body;
	size_t body_length;
};

/*
 * Writes the whole answer, status line included. One with "Connection: close" ends the connection behind its bytes,
 * however few. Nothing written: the client is kept waiting until it goes.
 */
typedef void http_stub_handler(void *context, const struct http_stub_request *request, struct buf *answer);

struct http_stub *http_stub_start(http_stub_handler *handler, void *context);
/* Waits for all threads: what uses the server has to be closed before. */
void http_stub_stop(struct http_stub *stub);

/* "http://127.0.0.1:PORT" */
const char *http_stub_url(const struct http_stub *stub);

/* So far. */
int http_stub_connections(struct http_stub *stub);
int http_stub_requests(struct http_stub *stub);

/* Value of the header NAME (any case) of REQUEST, copied into OUT; "" when absent. */
const char *http_stub_header(const struct http_stub_request *request, const char *name, char *out, size_t size);

/* STATUS ("200 OK"), HEADERS (lines with CRLF, may be "") and BODY with its length. */
void http_stub_answer(struct buf *answer, const char *status, const char *headers, const char *body);

#endif
