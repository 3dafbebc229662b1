/* SPDX-License-Identifier: MIT */
/*
 * What the event loop does beyond test_serve.c, which runs against it too: the protocol's odd corners, and who waits.
 */
#include "fcgi_client.h"

#include "base/log.h"

#include <malloc.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* What a paused answer may cost the responder at the most, its connection included. */
enum { PAUSED_BYTES_MOST = 3000 };
enum { BEGIN_REQUEST = 1, ABORT_REQUEST = 2, PARAMS = 4, STDIN = 5, GET_VALUES = 9, STUCK_MS = 20000 };

static void healthz(struct request *request, struct response *response)
{
	const char *role = request_parameter(request, "FCGI_ROLE");

	response_status(response, 200);
	response_body(response, "text/plain", role, strlen(role));
}

static void swallow(struct request *request, struct response *response)
{
	char piece[777];
	ssize_t got;

	while ((got = request_read(request, piece, sizeof piece)) > 0)
		continue;
	if (got < 0)
		response_problem(response, ERR_ABORTED, "the body broke off");
	else
		response_body(response, "text/plain", "ok", 2);
}

static void post(struct request *request, struct response *response)
{
	response_status(response, 200);
	swallow(request, response);
}

static atomic_bool released;

/* Pauses until all such are released. */
static void pause_again(struct response *response, void *state, bool wanted)
{
	if (wanted && !atomic_load(&released))
		response_later(response, 20, pause_again, state);
	else
		response_write(response, "released", 8);
}

static void pauses(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_begin(response);
	response_later(response, 20, pause_again, NULL);
}

/* Waits without a word to anybody, as for a lock. */
static void waits(struct request *request, struct response *response)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	(void)request;
	while (!atomic_load(&released))
		nanosleep(&moment, NULL);
	response_status(response, 200);
	response_body(response, "text/plain", "released", 8);
}

static void release(struct request *request, struct response *response)
{
	(void)request;
	atomic_store(&released, true);
	response_status(response, 200);
	response_body(response, "text/plain", "ok", 2);
}

/* Bytes that are allocated. */
static void heap(struct request *request, struct response *response)
{
	const char *text = arena_printf(request->arena, "%zu", mallinfo2().uordblks);

	response_status(response, 200);
	response_body(response, "text/plain", text, strlen(text));
}

/* More than any socket takes at once. */
static void large(struct request *request, struct response *response)
{
	static char zeros[65536];

	(void)request;
	response_status(response, 200);
	response_headerf(response, "Content-Length", "%zu", sizeof zeros * 160);
	response_begin(response);
	for (int i = 0; i < 160 && response_write(response, zeros, sizeof zeros); i++)
		continue;
}

/* An event stream: says something now and then until nobody listens any more. */
static void events(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_header(response, "Content-Type", "text/event-stream");
	response_begin(response);
	while (response_write(response, ": still here\n\n", 14) && response_flush(response) &&
		response_wait(response, 2))
		continue;
}

static const struct route routes[] = {
	{.methods = HTTP_GET, .pattern = "/healthz", .handler = healthz},
	{.methods = HTTP_POST, .pattern = "/swallow", .handler = post},
	{.methods = HTTP_GET, .pattern = "/large", .handler = large},
	{.methods = HTTP_GET, .pattern = "/events", .handler = events},
	{.methods = HTTP_GET, .pattern = "/pauses", .handler = pauses},
	{.methods = HTTP_GET, .pattern = "/waits", .handler = waits},
	{.methods = HTTP_GET, .pattern = "/release", .handler = release},
	{.methods = HTTP_GET, .pattern = "/heap", .handler = heap},
};
static const struct router router = {routes, sizeof routes / sizeof *routes, NULL, NULL};
static struct serve_options options = {
	.program = "test", .router = &router, .event = true, .threads = 2, .backlog = 512, .idle_s = 2};
static struct fcgi_server server;

static int start(void **state)
{
	(void)state;
	log_open("test", LOG_ERROR, NULL, NULL);
	fcgi_server_start(&server, &options);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return fcgi_server_stop(&server);
}

static void put_request(struct buf *out, bool keep, const char *method, const char *uri, const char *body)
{
	char lines[3][64];
	const char *const params[] = {lines[0], lines[1], lines[2], NULL};

	snprintf(lines[0], sizeof lines[0], "REQUEST_METHOD=%s", method);
	snprintf(lines[1], sizeof lines[1], "REQUEST_URI=%s", uri);
	snprintf(lines[2], sizeof lines[2], "CONTENT_LENGTH=%zu", strlen(body));
	fcgi_put_request(out, keep, params, body, strlen(body));
}

static int send_request(bool keep, const char *method, const char *uri, const char *body)
{
	int fd = fcgi_connect(server.socket);
	struct buf out;

	assert_true(fd >= 0);
	buf_init(&out, 1 << 16);
	put_request(&out, keep, method, uri, body);
	assert_true(fcgi_send(fd, out.data, out.length, 0));
	buf_free(&out);
	return fd;
}

static void assert_answered(int fd, bool keep, int status, const char *body)
{
	struct fcgi_reply reply;
	size_t length;

	fcgi_receive(fd, keep, STUCK_MS, &reply);
	assert_null(reply.fault);
	assert_true(reply.ended);
	assert_int_equal(reply.protocol_status, 0);
	assert_int_equal(cgi_status(&reply.out), status);
	if (body != NULL)
		assert_string_equal(cgi_body(&reply.out, &length), body);
	fcgi_reply_free(&reply);
}

/* One good request on a new connection: the loop turns. */
static void assert_alive(void)
{
	int fd = send_request(false, "GET", "/healthz", "");

	assert_answered(fd, false, 200, "RESPONDER");
	close(fd);
}

static void read_exactly(int fd, unsigned char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t got = read(fd, bytes + at, length - at);

		assert_true(got > 0);
		at += (size_t)got;
	}
}

static void assert_closed(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&ready, 1, STUCK_MS), 1);
	assert_true(read(fd, &byte, 1) <= 0);
	close(fd);
}

/* A record of TYPE for request ID. */
static void send_record(int fd, int type, unsigned char id, const void *content, size_t length)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	fcgi_put_record(&out, type, content, length);
	out.data[3] = (char)id;
	assert_true(fcgi_send(fd, out.data, out.length, 0));
	buf_free(&out);
}

static void assert_end(int fd, unsigned char id, unsigned char status)
{
	unsigned char record[16];

	read_exactly(fd, record, sizeof record);
	assert_int_equal(record[1], 3);
	assert_int_equal(record[3], id);
	assert_int_equal(record[5], 8);
	assert_int_equal(record[12], status);
}

static void test_values(void **state)
{
	static const char query[] = "\017\0FCGI_MPXS_CONNS\004\0HUGO\016\0FCGI_MAX_CONNS";
	static const char answer[] = "\016\005FCGI_MAX_CONNS16384\017\001FCGI_MPXS_CONNS1";
	unsigned char record[8 + sizeof answer - 1];
	int fd = fcgi_connect(server.socket);
	struct buf out;

	(void)state;
	send_record(fd, GET_VALUES, 0, query, sizeof query - 1);
	read_exactly(fd, record, sizeof record);
	assert_int_equal(record[1], 10);
	assert_int_equal(record[5], sizeof answer - 1);
	assert_memory_equal(record + 8, answer, sizeof answer - 1);
	send_record(fd, 77, 0, "what", 4);
	read_exactly(fd, record, 16);
	assert_int_equal(record[1], 11);
	assert_int_equal(record[8], 77);
	send_record(fd, 78, 9, "who", 3); /* of no request: not answered */
	buf_init(&out, 1 << 16);
	put_request(&out, false, "GET", "/healthz", "");
	fcgi_send(fd, out.data, out.length, 1);
	assert_answered(fd, false, 200, "RESPONDER");
	buf_free(&out);
	close(fd);
}

static void test_roles(void **state)
{
	static const char filter[8] = {0, 3, 1}, stranger[8] = {0, 9, 0};
	int fd = fcgi_connect(server.socket);
	struct buf out;

	(void)state;
	send_record(fd, BEGIN_REQUEST, 1, filter, sizeof filter);
	send_record(fd, PARAMS, 1, "", 0);
	assert_end(fd, 1, 3);
	buf_init(&out, 1 << 16);
	put_request(&out, true, "GET", "/healthz", "");
	out.data[9] = 2;
	fcgi_send(fd, out.data, out.length, 0);
	assert_answered(fd, true, 200, "AUTHORIZER");
	send_record(fd, BEGIN_REQUEST, 1, stranger, sizeof stranger);
	assert_end(fd, 1, 3);
	assert_closed(fd); /* it did not ask to keep it */
	buf_free(&out);
}

/* Adds the records of a request, for request ID. */
static void put_request_of(struct buf *out, unsigned char id, const char *method, const char *uri, const char *body)
{
	size_t at = out->length;

	put_request(out, true, method, uri, body);
	for (unsigned char *record; at < out->length; at += 8u + (size_t)(record[4] << 8) + record[5] + record[6]) {
		record = (unsigned char *)out->data + at;
		record[3] = id;
	}
}

/* Reads records, which must all be of request ID, until it has ended. */
static void assert_turn(int fd, unsigned char id, int status, const char *body)
{
	unsigned char header[8], content[65536];
	struct buf out;
	size_t length;

	buf_init(&out, 1 << 16);
	do {
		read_exactly(fd, header, sizeof header);
		assert_int_equal(header[3], id);
		length = (size_t)header[4] << 8 | header[5];
		read_exactly(fd, content, length);
		if (header[1] == 6)
			buf_put(&out, content, length);
	} while (header[1] != 3);
	assert_int_equal(cgi_status(&out), status);
	assert_string_equal(cgi_body(&out, &length), body);
	buf_free(&out);
}

/* Requests that come all at once, and in pieces of one another, are all answered; so is what comes after them. */
static void test_multiplexing(void **state)
{
	enum { MANY = 40, BEGIN = 16, TAIL = 20 }; /* the first record; the body of four bytes and the empty record */
	int fd = fcgi_connect(server.socket);
	struct buf one, other, many;

	(void)state;
	buf_init(&one, 1 << 16);
	buf_init(&other, 1 << 16);
	buf_init(&many, 1 << 18);
	put_request_of(&one, 1, "POST", "/swallow", "body");
	put_request_of(&other, 7, "GET", "/healthz", "");
	fcgi_send(fd, one.data, one.length - TAIL, 0);
	fcgi_send(fd, other.data, other.length, 1);
	fcgi_send(fd, one.data + one.length - TAIL, TAIL, 0);
	assert_turn(fd, 1, 200, "ok");
	assert_turn(fd, 7, 200, "RESPONDER");
	fcgi_send(fd, one.data, BEGIN, 0);
	fcgi_send(fd, other.data, other.length, 0);
	assert_turn(fd, 7, 200, "RESPONDER");
	fcgi_send(fd, one.data + BEGIN, one.length - BEGIN, 0);
	assert_turn(fd, 1, 200, "ok");
	for (unsigned char id = 1; id <= MANY; id++)
		put_request_of(&many, id, id % 3 == 0 ? "POST" : "GET", id % 3 == 0 ? "/swallow" : "/healthz",
			id % 3 == 0 ? "body" : "");
	fcgi_send(fd, many.data, many.length, 0);
	for (unsigned char id = 1; id <= MANY; id++)
		assert_turn(fd, id, 200, id % 3 == 0 ? "ok" : "RESPONDER");
	buf_free(&one);
	buf_free(&other);
	buf_free(&many);
	close(fd);
}

/* While one waits for its body: others may be taken back, and have their limits. */
static void test_waiting_turns(void **state)
{
	enum { TAIL = 20, MOST = 64 };
	static const char begin[8] = {0, 1, 1};
	static char zeros[40000];
	int fd = fcgi_connect(server.socket);
	struct buf one, other;

	(void)state;
	buf_init(&one, 1 << 16);
	buf_init(&other, 1 << 16);
	put_request_of(&one, 1, "POST", "/swallow", "body");
	put_request_of(&other, 2, "POST", "/swallow", "");
	fcgi_send(fd, one.data, one.length - TAIL, 0);
	send_record(fd, BEGIN_REQUEST, 9, begin, sizeof begin);
	send_record(fd, ABORT_REQUEST, 9, "", 0);
	assert_end(fd, 9, 0);
	for (unsigned char id = 100; id < 100 + MOST; id++)
		send_record(fd, BEGIN_REQUEST, id, begin, sizeof begin);
	send_record(fd, BEGIN_REQUEST, 9, begin, sizeof begin);
	assert_end(fd, 9, 2);
	for (unsigned char id = 100; id < 100 + MOST; id++) {
		send_record(fd, ABORT_REQUEST, id, "", 0);
		assert_end(fd, id, 0);
	}
	fcgi_send(fd, other.data, other.length - 8, 0);
	send_record(fd, STDIN, 2, zeros, sizeof zeros);
	send_record(fd, STDIN, 2, zeros, sizeof zeros);
	assert_end(fd, 2, 2);
	fcgi_send(fd, one.data + one.length - TAIL, TAIL, 0);
	assert_turn(fd, 1, 200, "ok");
	assert_closed(fd); /* more than was borne came on it */
	buf_free(&one);
	buf_free(&other);
	assert_alive();
}

static void test_abort(void **state)
{
	static const char begin[8] = {0, 1, 1};
	int fd = fcgi_connect(server.socket);
	struct buf out;

	(void)state;
	send_record(fd, BEGIN_REQUEST, 1, begin, sizeof begin);
	send_record(fd, ABORT_REQUEST, 1, "", 0);
	assert_end(fd, 1, 0);
	buf_init(&out, 1 << 16);
	put_request(&out, true, "POST", "/swallow", "body");
	fcgi_send(fd, out.data, out.length - 20, 0);
	send_record(fd, ABORT_REQUEST, 1, "", 0);
	assert_answered(fd, true, 499, NULL);
	buf_free(&out);
	close(fd);
	fd = send_request(false, "GET", "/events", "");
	send_record(fd, ABORT_REQUEST, 1, "", 0);
	while (read(fd, (char[512]){0}, 512) > 0) /* an answer that is aborted in the middle ends */
		continue;
	close(fd);
}

static void test_broken(void **state)
{
	static const char begin[8] = {0, 1, 1};
	static char zeros[60000];
	struct fcgi_reply reply;
	int fd = fcgi_connect(server.socket);

	(void)state;
	fcgi_send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0);
	assert_closed(fd);
	fd = fcgi_connect(server.socket);
	send_record(fd, BEGIN_REQUEST, 1, begin, 7);
	assert_closed(fd);
	fd = fcgi_connect(server.socket);
	send_record(fd, BEGIN_REQUEST, 1, begin, sizeof begin);
	send_record(fd, PARAMS, 1, "\012\012short", 7);
	send_record(fd, PARAMS, 1, "", 0);
	assert_closed(fd);
	fd = fcgi_connect(server.socket);
	send_record(fd, BEGIN_REQUEST, 1, begin, sizeof begin);
	send_record(fd, STDIN, 1, "early", 5);
	assert_closed(fd);
	fd = fcgi_connect(server.socket);
	send_record(fd, BEGIN_REQUEST, 1, begin, sizeof begin);
	for (int i = 0; i < 5; i++)
		send_record(fd, PARAMS, 1, zeros, sizeof zeros);
	fcgi_receive(fd, false, STUCK_MS, &reply);
	assert_true(reply.ended && reply.closed);
	assert_int_equal(reply.protocol_status, 2);
	fcgi_reply_free(&reply);
	close(fd);
	assert_alive();
}

/* A connection that says nothing, and one that says half, end by themselves; the loop turns meanwhile. */
static void test_silence(void **state)
{
	int mute = fcgi_connect(server.socket), half = fcgi_connect(server.socket);

	(void)state;
	fcgi_send(half, "\1\1\0\1", 4, 0);
	assert_alive();
	assert_closed(mute);
	assert_closed(half);
}

/* Who takes no answer is borne for as long as send_idle_s says, however long a body may pause. */
static void test_taken_slowly(void **state)
{
	struct serve_options own_options = options;
	struct pollfd ready = {.events = POLLOUT | POLLRDHUP};
	struct fcgi_server own;
	struct buf out;

	(void)state;
	own_options.idle_s = 3600;
	own_options.send_idle_s = 1;
	fcgi_server_start(&own, &own_options);
	buf_init(&out, 1 << 16);
	put_request(&out, true, "GET", "/healthz", "");
	ready.fd = fcgi_connect(own.socket);
	do {
		send(ready.fd, out.data, out.length, MSG_DONTWAIT | MSG_NOSIGNAL);
		assert_int_equal(poll(&ready, 1, STUCK_MS), 1);
	} while ((ready.revents & POLLRDHUP) == 0);
	close(ready.fd);
	buf_free(&out);
	assert_int_equal(fcgi_server_stop(&own), 0);
}

/* Whether LENGTH bytes come, and wait to be read. */
static bool comes(int fd, int length)
{
	int there = 0;

	for (int waited_ms = 0; waited_ms < 300 && there < length; waited_ms += 5) {
		usleep(5000);
		ioctl(fd, FIONREAD, &there);
	}
	return there >= length;
}

/* A body that comes while the peer does not take what it asked for besides. */
static void test_body_meanwhile(void **state)
{
	static const char query[] = "\017\0FCGI_MPXS_CONNS";
	enum { MANY = 50, ANSWER = 26 };
	int fd = fcgi_connect(server.socket), wanted = 0;
	unsigned char answer[ANSWER];
	struct buf out, ask;

	(void)state;
	buf_init(&out, 1 << 16);
	buf_init(&ask, 1 << 16);
	put_request(&out, false, "POST", "/swallow", "body");
	fcgi_send(fd, out.data, out.length - 20, 0);
	for (int i = 0; i < MANY; i++) {
		size_t at = ask.length;

		fcgi_put_record(&ask, GET_VALUES, query, sizeof query - 1);
		ask.data[at + 3] = 0; /* of no request */
	}
	do {
		fcgi_send(fd, ask.data, ask.length, 0);
		wanted += MANY * ANSWER;
	} while (comes(fd, wanted));
	fcgi_send(fd, out.data + out.length - 20, 20, 0);
	comes(fd, wanted);
	for (; wanted > 0; wanted -= ANSWER)
		read_exactly(fd, answer, ANSWER);
	assert_answered(fd, false, 200, "ok");
	buf_free(&out);
	buf_free(&ask);
	close(fd);
}

/* Kept connections, many more than threads, and all alive. */
static void test_kept(void **state)
{
	enum { MANY = 300 };
	int fds[MANY];
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	put_request(&out, true, "GET", "/healthz", "");
	for (int i = 0; i < MANY; i++) {
		fds[i] = fcgi_connect(server.socket);
		assert_true(fds[i] >= 0);
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			fcgi_send(fds[i], out.data, out.length, 0);
			assert_answered(fds[i], true, 200, "RESPONDER");
		}
	}
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	buf_free(&out);
}

/* What comes of a body after the answer is nobody's; the connection lives on, until it falls silent before the body's end. */
static void test_late_body(void **state)
{
	static char zeros[60000];
	struct buf out;
	int fd;

	(void)state;
	buf_init(&out, 1 << 20);
	put_request(&out, true, "POST", "/nowhere", "body");
	fd = fcgi_connect(server.socket);
	for (int i = 0; i < 2; i++) {
		fcgi_send(fd, out.data, out.length - 8, 0);
		assert_answered(fd, true, 404, NULL);
		for (int piece = 0; piece < 20; piece++)
			send_record(fd, STDIN, 1, zeros, sizeof zeros);
		send_record(fd, STDIN, 1, "", 0);
	}
	fcgi_send(fd, out.data, out.length - 8, 0);
	assert_answered(fd, true, 404, NULL);
	assert_closed(fd);
	buf_free(&out);
}

/* Who reads slowly, uploads slowly, or listens to events holds a thread, not the loop. */
static void test_slow(void **state)
{
	int reader = send_request(true, "GET", "/large", ""), listener;

	(void)state;
	assert_alive();
	listener = send_request(true, "GET", "/events", "");
	for (int i = 0; i < 10; i++)
		assert_alive();
	close(listener);
	assert_answered(reader, true, 200, NULL);
	close(reader);
}

/* Two listeners take two threads of three; when they are gone the threads must be free for the next two. */
static void test_vanished(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		int a = send_request(false, "GET", "/events", ""), b = send_request(false, "GET", "/events", "");
		char byte;

		assert_int_equal(read(a, &byte, 1), 1);
		assert_int_equal(read(b, &byte, 1), 1);
		assert_alive();
		close(a);
		close(b);
	}
	assert_alive();
}

static void start_upload(int *fd)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	put_request(&out, false, "POST", "/swallow", "body");
	*fd = fcgi_connect(server.socket);
	assert_true(fcgi_send(*fd, out.data, out.length - 20, 0));
	buf_free(&out);
}

/* As many bodies as may be waited for are waited for: the loop has a thread yet. */
static void test_stalled(void **state)
{
	int fds[2];

	(void)state;
	start_upload(&fds[0]);
	start_upload(&fds[1]);
	for (int i = 0; i < 10; i++)
		assert_alive();
	close(fds[0]);
	close(fds[1]);
}

static size_t heap_bytes(void)
{
	int fd = send_request(false, "GET", "/heap", "");
	struct fcgi_reply reply;
	size_t bytes, length;

	fcgi_receive(fd, false, STUCK_MS, &reply);
	bytes = strtoul(cgi_body(&reply.out, &length), NULL, 10);
	fcgi_reply_free(&reply);
	close(fd);
	return bytes;
}

/* What is left of the answer, whose first byte was read, ends as it should. */
static void assert_released(int fd)
{
	static const char end[] = "released";
	char bytes[4096];
	size_t used = 0;
	ssize_t got;

	while (used < sizeof bytes && (got = read(fd, bytes + used, sizeof bytes - used)) > 0)
		used += (size_t)got;
	assert_non_null(memmem(bytes, used, end, strlen(end)));
	assert_true(used >= 16);
	assert_int_equal(bytes[used - 15], 3);
	close(fd);
}

/* Answers that pause, many more than threads: they cost little, and all else goes on. */
static void test_pauses(void **state)
{
	enum { MANY = 400 };
	int fds[MANY], kept;
	size_t before = heap_bytes(), paused;
	struct buf other;
	char byte;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		fds[i] = send_request(false, "GET", "/pauses", "");
		assert_int_equal(read(fds[i], &byte, 1), 1); /* it has begun */
	}
	assert_alive();
	paused = heap_bytes();
	assert_true(paused < before + (size_t)MANY * PAUSED_BYTES_MOST);
	for (int i = 0; i < MANY / 2; i++)
		close(fds[i]);
	assert_alive();

	/* One that is taken back; then what came on its connection meanwhile has its turn. */
	kept = send_request(true, "GET", "/pauses", "");
	buf_init(&other, 1 << 16);
	put_request_of(&other, 7, "GET", "/healthz", "");
	assert_true(fcgi_send(kept, other.data, other.length, 0));
	send_record(kept, ABORT_REQUEST, 1, "", 0);
	assert_turn(kept, 1, 200, "released");
	assert_turn(kept, 7, 200, "RESPONDER");
	buf_free(&other);
	close(kept);

	kept = send_request(false, "GET", "/release", "");
	assert_answered(kept, false, 200, "ok");
	close(kept);
	for (int i = MANY / 2; i < MANY; i++)
		assert_released(fds[i]);
}

/* More uploads at once than threads wait their turn; each is served. */
static void test_queue(void **state)
{
	enum { MANY = 20 };
	int fds[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++)
		fds[i] = send_request(true, "POST", "/swallow", "body");
	for (int i = 0; i < MANY; i++) {
		assert_answered(fds[i], true, 200, "ok");
		close(fds[i]);
	}
}

/* Where any handler may wait, one that does holds nobody up. */
static void test_waiters(void **state)
{
	struct serve_options own = options;
	struct fcgi_server first = server;
	int waiting, releasing;

	(void)state;
	own.waits = true;
	fcgi_server_start(&server, &own);
	waiting = send_request(false, "GET", "/waits", "");
	assert_alive();
	releasing = send_request(false, "GET", "/release", "");
	assert_answered(releasing, false, 200, "ok");
	assert_answered(waiting, false, 200, "released");
	close(releasing);
	close(waiting);
	assert_int_equal(fcgi_server_stop(&server), 0);
	server = first;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_multiplexing),
		cmocka_unit_test(test_waiting_turns),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_taken_slowly),
		cmocka_unit_test(test_body_meanwhile),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_late_body),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_waiters),
	};

	return cmocka_run_group_tests_name("the event loop", tests, start, stop);
}
