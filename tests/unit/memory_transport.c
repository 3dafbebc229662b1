/* SPDX-License-Identifier: MIT */
#include "memory_transport.h"

#include <string.h>

enum { ANSWER_MOST = 256 * 1024 * 1024 };

static const char *parameter(struct transport *transport, const char *name, size_t skip)
{
	struct memory_transport *memory = (struct memory_transport *)transport;
	size_t length = strlen(name);

	for (const char *const *at = memory->params; *at != NULL; at++) {
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=' && skip-- == 0)
			return *at + length + 1;
	}
	return NULL;
}

/* At most 1000 bytes a time, as a network gives less than asked. */
static ssize_t read_body(struct transport *transport, void *bytes, size_t size)
{
	struct memory_transport *memory = (struct memory_transport *)transport;
	size_t left = memory->body_length - memory->body_at;

	if (size > 1000)
		size = 1000;
	if (size > left)
		size = left;
	if (size > 0)
		memcpy(bytes, memory->body + memory->body_at, size);
	memory->body_at += size;
	return (ssize_t)size;
}

static bool write_out(struct transport *transport, const void *bytes, size_t length)
{
	struct memory_transport *memory = (struct memory_transport *)transport;

	if (memory->most > 0 && memory->out.length + length > memory->most)
		return false;
	buf_put(&memory->out, bytes, length);
	return true;
}

static bool flush(struct transport *transport)
{
	(void)transport;
	return true;
}

/* Time passes at once. */
static bool wait_a_moment(struct transport *transport, int ms)
{
	(void)transport;
	(void)ms;
	return true;
}

static void finish(struct transport *transport, bool complete, bool body_read)
{
	struct memory_transport *memory = (struct memory_transport *)transport;

	memory->finished = true;
	memory->complete = complete;
	memory->body_read = body_read;
}

static const struct transport_class memory_class = {parameter, read_body, write_out, flush, wait_a_moment, finish};

void memory_transport_init(
	struct memory_transport *transport, const char *const *params, const char *body, size_t length)
{
	*transport = (struct memory_transport){
		.base = {&memory_class}, .params = params, .body = body, .body_length = length};
	buf_init(&transport->out, ANSWER_MOST);
}

void memory_exchange(struct memory_transport *transport, const struct serve_options *options, const char *const *params,
	const char *body, size_t length)
{
	struct arena arena = {0};

	memory_transport_init(transport, params, body, length);
	transport_handle(&transport->base, options, &arena);
	arena_free(&arena);
}
