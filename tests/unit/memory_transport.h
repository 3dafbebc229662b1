/* SPDX-License-Identifier: MIT */
/* A request from an array of parameters and a buffer, its answer in a buffer: handlers are tested without a socket. */
#ifndef TONEARM_TESTS_MEMORY_TRANSPORT_H
#define TONEARM_TESTS_MEMORY_TRANSPORT_H

#include "base/buf.h"
#include "http/transport.h"

struct memory_transport {
	struct transport base;
	const char *const *params; /* "NAME=value", NULL after the last */
	const char *body;
	size_t body_length, body_at;
	size_t most;   /* bytes the peer takes before it goes away; 0: all */
	struct buf out;
	bool finished, complete, body_read;
};

/* Ready for transport_handle(). PARAMS and BODY stay the caller's. */
void memory_transport_init(struct memory_transport *transport, const char *const *params, const char *body, size_t length);

/* init, transport_handle() with OPTIONS, arena freed. The caller reads and frees transport->out. */
void memory_exchange(struct memory_transport *transport, const struct serve_options *options, const char *const *params,
	const char *body, size_t length);

#endif
