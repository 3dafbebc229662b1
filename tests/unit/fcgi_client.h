/* SPDX-License-Identifier: MIT */
/*
 * A FastCGI client for tests: makes a request's bytes, sends them as the test wants, reads records strictly, and
 * takes the CGI answer apart. Also starts a responder in a child process on a socket in a temporary folder.
 * Failures of the test's own doing end the test by assertion.
 */
#ifndef TONEARM_TESTS_FCGI_CLIENT_H
#define TONEARM_TESTS_FCGI_CLIENT_H

#include "base/buf.h"
#include "http/serve.h"

#include <sys/types.h>

struct fcgi_reply {
	struct buf out;      /* the STDOUT stream: header block and body */
	struct buf err;      /* the STDERR stream */
	bool out_ended;      /* an empty STDOUT record came */
	bool ended;          /* END_REQUEST came */
	bool closed;         /* the responder closed the connection */
	bool quiet;          /* it did not, and sent nothing for the time allowed */
	int protocol_status;
	uint32_t app_status;
	const char *fault;   /* what broke the protocol; NULL when nothing did */
};

struct fcgi_server {
	pid_t pid;
	char folder[64];
	char socket[80];
};

/* Runs serve() with OPTIONS (its socket is set here) in a child and waits until it answers connections. */
void fcgi_server_start(struct fcgi_server *server, struct serve_options *options);
/* SIGTERM, waits; the child's exit status, 0 when serve() returned ERR_OK. Removes the folder. */
int fcgi_server_stop(struct fcgi_server *server);

/* A connected socket. */
int fcgi_connect(const char *path);

/* Adds BEGIN_REQUEST, PARAMS ("NAME=value" strings up to a NULL), STDIN with BODY, and the empty records. */
void fcgi_put_request(struct buf *out, bool keep, const char *const params[], const void *body, size_t length);

/* Adds one record of TYPE for request 1. */
void fcgi_put_record(struct buf *out, int type, const void *content, size_t length);

/* All of BYTES, in pieces of PIECE bytes (0: at once). False when the responder has closed. */
bool fcgi_send(int fd, const void *bytes, size_t length, size_t piece);

/* Reads until END_REQUEST of a kept connection, the close, or QUIET_MS of silence. */
void fcgi_receive(int fd, bool keep, int quiet_ms, struct fcgi_reply *reply);

/* Connect, send, receive, close: the usual way. */
void fcgi_exchange(const char *path, const char *const params[], const void *body, size_t length, struct fcgi_reply *reply);

void fcgi_reply_free(struct fcgi_reply *reply);

/*
 * The answer taken apart (any CGI output, not only from FastCGI). A header's value is in a static buffer, NULL when
 * absent.
 */
int cgi_status(const struct buf *out);
const char *cgi_header(const struct buf *out, const char *name);
int cgi_header_count(const struct buf *out, const char *name);
const char *cgi_body(const struct buf *out, size_t *length);

#endif
