/* SPDX-License-Identifier: MIT */
/*
 * The answer to one request. The order is asserted: status, then headers, then begin or a whole-body call,
 * then writes. A handler that returns without having begun gets 500. For HEAD (and 204, 304) body bytes are
 * counted and dropped here, so handlers need not care.
 *
 *     response_status(r, 200);
 *     response_header(r, "Cache-Control", "no-cache");
 *     response_body(r, "application/dash+xml", text, length);
 */
#ifndef TONEARM_HTTP_RESPONSE_H
#define TONEARM_HTTP_RESPONSE_H

#include "base/err.h"
#include "http/request.h"

#include <jansson.h>

struct response {
	struct request *request;
	int status;
	bool begun;  /* headers are out */
	bool failed; /* the client went away: further writes do nothing */
	bool shared; /* pages of other sites may read it (set by the router) */
	enum err problem; /* why the answer is a problem, or broke off; ERR_OK when neither */
	int64_t begun_us; /* clock_monotonic_us() when the headers were out */
	const char *exposed; /* fields that they may read besides the usual, ", A, B"; NULL: none */
	uint64_t bytes; /* of body, sent by us */
	uint64_t written; /* as bytes, with those that were dropped for HEAD */
	int64_t expected; /* Content-Length, -1 when none was set */
	struct response_field *fields; /* in the request's arena */
	void (*resume)(struct response *response, void *state, bool wanted); /* response_later(); NULL: this is the end */
	void *resume_state;
	int resume_ms;
};

/* An answer to REQUEST, which outlives it, still without status and fields. */
void response_init(struct response *response, struct request *request);

/* A final STATUS (RFC 9110 section 15), while the answer has not begun. */
void response_status(struct response *response, int status);

/*
 * Sets a field, in place of one of the same name (Set-Cookie, Link and Vary add one). NAME and VALUE are copied; CR,
 * LF, NUL and other controls in VALUE become spaces (no header injection). A Content-Length set here is a promise:
 * writing more is a bug, and when less came the connection breaks off.
 */
void response_header(struct response *response, const char *name, const char *value);
void response_headerf(struct response *response, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sends the header block (a CGI response: Status, then the fields, RFC 3875 section 6). Then write at will. */
void response_begin(struct response *response);
/* False when the client is gone. */
bool response_write(struct response *response, const void *bytes, size_t length);
/* Pushes what is buffered towards the client: for events. */
bool response_flush(struct response *response);
/*
 * Sleeps for MS milliseconds between events. False, at once, when the answer had better end: the client is gone, as far
 * as the web server lets that be seen, or the responder is to stop. Not every server does: bound each wait and write
 * now and then.
 */
bool response_wait(struct response *response, int ms);

/*
 * Instead of response_wait(), the last a handler does with an answer that has begun: RESUME goes on with it in MS
 * milliseconds, once what was written is sent. The event loop keeps no thread for it meanwhile; elsewhere its thread
 * sleeps. WANTED: false, at once, when the answer had better end, as response_wait() tells; RESUME then frees STATE, which
 * is the caller's own. Else it may call this again. What lay in the request's arena is gone by then (captures, values of
 * the query), and so is the body; path, parameters and header fields are there, and an empty arena.
 */
void response_later(struct response *response, int ms,
	void (*resume)(struct response *response, void *state, bool wanted), void *state);

/* The answer has begun and all that was promised has gone out: false lets the transport break the connection off. */
bool response_whole(const struct response *response);

/* Begin and the whole body with Content-Type and Content-Length. */
void response_body(struct response *response, const char *type, const void *bytes, size_t length);

/* Takes the reference of OBJECT, sends it as application/json with Cache-Control: no-store. */
void response_json(struct response *response, int status, json_t *object);

/*
 * RFC 9457 problem: {"type": "urn:tonearm:problem:<slug>", "title", "status", "detail", "instance": request id},
 * Cache-Control: no-store. 401 gets WWW-Authenticate: Bearer, 503 gets Retry-After (5 s unless set before), 405 wants
 * Allow set before. Of the fields set before only those that belong to a refusal stay. After response_begin() it ends
 * the answer early.
 */
void response_problem(struct response *response, enum err code, const char *detail);
/* As above from an err_info; codes from 500 on are logged and their detail is not shown to the client. */
void response_error(struct response *response, const struct err_info *info);

/*
 * Conditional request of RFC 9110 section 13.2.2 for a representation with ETAG (quoted) and MODIFIED (seconds):
 * sets ETag and Last-Modified; when 304 or 412 is the answer, sends it and returns true.
 */
bool response_not_modified(struct response *response, const char *etag, int64_t modified);

#endif
