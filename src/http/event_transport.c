/* SPDX-License-Identifier: MIT */
/*
 * What a handler writes is gathered into records and sent when the buffer is full, or the answer is over or pauses. As
 * long as the socket takes it nobody waits; who would have to wait, to read or to write, leaves the loop before.
 */
#include "http/event_loop.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	OUT_BYTES = 64 * 1024,
	TRAILER_BYTES = RECORD_HEADER + RECORD_END_SIZE, /* the end of STDOUT and of the request always fit */
};
_Static_assert(OUT_BYTES - RECORD_HEADER <= RECORD_CONTENT_MOST, "a full buffer is no record");

static struct event_connection *connection_of(struct transport *transport)
{
	return (struct event_connection *)transport;
}

static void need_out(struct event_connection *connection)
{
	if (connection->out != NULL)
		return;
	connection->out = malloc(OUT_BYTES + TRAILER_BYTES);
	if (connection->out == NULL)
		abort();
	connection->out_used = connection->out_sent = 0;
	connection->record = EVENT_NO_RECORD;
}

static void close_record(struct event_connection *connection)
{
	if (connection->record == EVENT_NO_RECORD)
		return;
	fcgi_record_header(connection->out + connection->record, RECORD_STDOUT, connection->current.id,
		connection->out_used - connection->record - RECORD_HEADER);
	connection->record = EVENT_NO_RECORD;
}

bool event_send(struct event_connection *connection)
{
	close_record(connection);
	while (!connection->broken && connection->out_sent < connection->out_used) {
		ssize_t put = send(connection->fd, connection->out + connection->out_sent,
			connection->out_used - connection->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put < 0 && errno == EAGAIN)
			return true;
		if (put < 0 && errno != EINTR)
			connection->broken = true;
		if (put > 0)
			connection->out_sent += (size_t)put;
	}
	connection->out_used = connection->out_sent = 0;
	return !connection->broken;
}

/*
 * Whether the peer still wants the answer. A web server whose client is gone closes the connection, it never shuts its
 * side alone (measured with nginx 1.22), or it sends ABORT_REQUEST.
 */
static bool is_wanted(struct event_connection *connection, short happened)
{
	enum event_step step = STEP_OUTPUT;

	if (happened & (POLLHUP | POLLERR | POLLRDHUP | POLLNVAL))
		return false;
	if (connection->body_left == 0 && connection->in_at == connection->in_end && (happened & POLLIN) != 0 &&
		event_receive(connection) == 0)
		return false;
	while (connection->body_left == 0 && step == STEP_OUTPUT)
		step = event_read(connection);
	return step != STEP_BAD && !connection->aborted;
}

static int poll_peer(const struct event_connection *connection, short events, int timeout_ms, short *happened)
{
	struct pollfd ready = {.fd = connection->fd, .events = events};
	int count;

	do
		count = poll(&ready, 1, timeout_ms);
	while (count < 0 && errno == EINTR);
	*happened = ready.revents;
	return count;
}

/* Waits until the peer takes more. False when it is gone, wants no answer, or is silent for too long. */
static bool wait_writable(struct event_connection *connection)
{
	short happened;

	do {
		short input = connection->body_left == 0 ? POLLIN : 0; /* a body that nobody reads would be told for ever */

		if (poll_peer(connection, (short)(POLLOUT | POLLRDHUP | input), connection->send_idle_s * 1000,
			    &happened) <= 0 ||
			!is_wanted(connection, happened))
			return false;
	} while ((happened & POLLOUT) == 0);
	return true;
}

/* Sends all there is, waiting where it must. */
static bool push(struct event_connection *connection)
{
	while (event_send(connection) && connection->out_used > 0) {
		event_leave(connection);
		if (!wait_writable(connection))
			connection->broken = true;
	}
	return !connection->broken;
}

bool event_put(struct event_connection *connection, const unsigned char *record, size_t length)
{
	need_out(connection);
	close_record(connection);
	if (OUT_BYTES - connection->out_used < length)
		return false;
	memcpy(connection->out + connection->out_used, record, length);
	connection->out_used += length;
	return true;
}

static const char *transport_parameter(struct transport *transport, const char *name, size_t skip)
{
	return event_parameter(connection_of(transport), name, skip);
}

/* Receives more of the request's body. False when it broke off. */
static bool wait_body(struct event_connection *connection)
{
	short happened;
	int ready;

	event_leave(connection);
	if (!push(connection))
		return false;
	if (connection->body_left > 0 || connection->stdin_ended) /* it came while the peer took what was sent */
		return true;
	ready = poll_peer(connection, POLLIN, connection->idle_s * 1000, &happened);
	errno = ready == 0 ? ETIMEDOUT : 0;
	return ready > 0 && event_receive(connection) != 0;
}

static ssize_t transport_read(struct transport *transport, void *bytes, size_t size)
{
	struct event_connection *connection = connection_of(transport);

	while (connection->body_left == 0) {
		enum event_step step;

		if (connection->stdin_ended)
			return 0;
		step = event_read(connection);
		if (connection->aborted || step == STEP_BAD ||
			(step == STEP_MORE && !connection->stdin_ended && !wait_body(connection)))
			return -1;
	}
	if (size > connection->body_left)
		size = connection->body_left;
	memcpy(bytes, connection->body, size);
	connection->body += size;
	connection->body_left -= size;
	return (ssize_t)size;
}

static bool transport_write(struct transport *transport, const void *bytes, size_t length)
{
	struct event_connection *connection = connection_of(transport);
	const unsigned char *at = bytes;

	need_out(connection);
	while (length > 0 && !connection->broken) {
		size_t piece;

		if (connection->record == EVENT_NO_RECORD) {
			if (OUT_BYTES - connection->out_used <= RECORD_HEADER && !push(connection))
				break;
			connection->record = connection->out_used;
			connection->out_used += RECORD_HEADER;
		}
		piece = OUT_BYTES - connection->out_used < length ? OUT_BYTES - connection->out_used : length;
		memcpy(connection->out + connection->out_used, at, piece);
		connection->out_used += piece;
		at += piece;
		length -= piece;
		if (connection->out_used == OUT_BYTES)
			push(connection);
	}
	return !connection->broken;
}

/* Who flushes will write again, and wait meanwhile: not in the loop. */
static bool transport_flush(struct transport *transport)
{
	struct event_connection *connection = connection_of(transport);
	short happened;

	event_leave(connection);
	need_out(connection);
	if (!push(connection))
		return false;
	poll_peer(connection, POLLIN | POLLRDHUP, 0, &happened);
	if (!is_wanted(connection, happened))
		connection->broken = true;
	return !connection->broken;
}

static bool transport_wait(struct transport *transport, int ms)
{
	struct event_connection *connection = connection_of(transport);
	int64_t end = clock_monotonic_us() + ms * INT64_C(1000), left;

	event_leave(connection);
	while ((left = end - clock_monotonic_us()) > 0) {
		short input = connection->body_left == 0 ? POLLIN : 0;
		struct pollfd fds[] = {
			{.fd = connection->fd, .events = (short)(POLLRDHUP | input)},
			{.fd = connection->loop->stop, .events = POLLIN},
		};

		if (poll(fds, 2, (int)((left + 999) / 1000)) > 0 &&
			(fds[1].revents != 0 || !is_wanted(connection, fds[0].revents)))
			return false;
	}
	return true;
}

/* Ends STDOUT and the request. */
static void put_trailer(struct event_connection *connection)
{
	need_out(connection);
	close_record(connection);
	fcgi_record_header(connection->out + connection->out_used, RECORD_STDOUT, connection->current.id, 0);
	connection->out_used += RECORD_HEADER;
	fcgi_record_end(connection->out + connection->out_used, connection->current.id, END_COMPLETE);
	connection->out_used += RECORD_END_SIZE;
}

/*
 * What is left of the body is read past, whatever comes next on the connection. It cannot be closed instead: a web server
 * that has sent all of the body takes it for kept, and its next request would meet the end.
 */
static void transport_finish(struct transport *transport, bool complete, bool body_read)
{
	struct event_connection *connection = connection_of(transport);
	bool keep = connection->current.keep;

	(void)body_read;
	if (complete && !connection->broken)
		put_trailer(connection);
	else
		connection->broken = true;
	connection->served = true;
	event_forget(connection);
	event_over(connection, keep);
}

const struct transport_class event_transport_class = {
	transport_parameter, transport_read, transport_write, transport_flush, transport_wait, transport_finish};
