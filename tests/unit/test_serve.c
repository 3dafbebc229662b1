/* SPDX-License-Identifier: MIT */
/*
 * The accept loop over a real Unix socket, and plain CGI in a forked process. Built twice, for both transports of
 * FastCGI: BY_EVENTS is true or false.
 */
#include "fcgi_client.h"
#include "vectors.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char small_answer[] = "{\"status\":\"ok\"}";

static void healthz(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_body(response, "application/json", small_answer, strlen(small_answer));
}

/* Says what it was asked: method, path, capture and query value. */
static void tell(struct request *request, struct response *response)
{
	const char *q = request_query(request, "q");
	const char *text = arena_printf(request->arena, "%s|%s|%s|%s|%s", request->method_name, request->path,
		request->capture[0], q == NULL ? "(none)" : q, request->https ? "https" : "http");

	response_status(response, 200);
	response_body(response, "text/plain", text, strlen(text));
}

/* Reads the body in pieces and answers with its length and hash. */
static void swallow(struct request *request, struct response *response)
{
	unsigned char hash[HASH_SIZE];
	char hex[HASH_HEX_SIZE];
	struct err_info info;
	struct buf body;
	char piece[777];
	ssize_t got;

	buf_init(&body, 1 << 24);
	while ((got = request_read(request, piece, sizeof piece)) > 0)
		buf_put(&body, piece, (size_t)got);
	hash_sha256(buf_text(&body), body.length, hash);
	hash_hex(hash, sizeof hash, hex);
	buf_free(&body);
	if (got < 0) {
		request_broken(request, &info);
		response_error(response, &info);
		return;
	}
	response_status(response, 200);
	response_body(response, "text/plain", hex, strlen(hex));
}

static void refuse(struct request *request, struct response *response)
{
	(void)request;
	response_problem(response, ERR_UNAUTHORIZED, "no");
}

static void silent(struct request *request, struct response *response)
{
	(void)request;
	(void)response;
}

/* Promises more than it sends. */
static void shrunk(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_header(response, "Content-Length", "1000000");
	response_begin(response);
	for (int i = 0; i < 100; i++)
		response_write(response, "0123456789", 10);
}

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

enum { PARTS = 40, PART_BYTES = 30000 };

struct parts {
	int said, most;
};

/* Written to by answers that pause when they are over: 'w', or 'u' when nobody wanted them any more. */
static int over[2];

/* More than a socket takes, in parts, each of which ends with what is still known of the request. */
static void say_part(struct response *response, void *state, bool wanted)
{
	static const char zeros[PART_BYTES];
	const struct request *request = response->request;
	struct parts *parts = state;

	if (wanted && parts->said < parts->most) {
		const char *text = arena_printf(request->arena, "%d %s %s %s", ++parts->said, request->method_name,
			request->path, request_header(request, "x-word"));

		response_write(response, zeros, sizeof zeros);
		response_write(response, text, strlen(text));
		response_later(response, 1, say_part, parts);
		return;
	}
	if (write(over[1], wanted ? "w" : "u", 1) != 1)
		abort();
	free(parts);
}

static void begin_parts(struct response *response, int most)
{
	struct parts *parts = calloc(1, sizeof *parts);

	if (parts == NULL)
		abort();
	parts->most = most;
	response_status(response, 200);
	response_begin(response);
	response_later(response, 0, say_part, parts);
}

static void later(struct request *request, struct response *response)
{
	(void)request;
	begin_parts(response, PARTS);
}

static void lasting(struct request *request, struct response *response)
{
	(void)request;
	begin_parts(response, INT32_MAX);
}

/* What "/last" waits for before it answers. */
static int going_on[2];

/* Has the program stop, says so, and answers then. */
static void last(struct request *request, struct response *response)
{
	char byte;

	kill(getpid(), SIGTERM);
	while (response_wait(response, 1000))
		continue;
	if (write(over[1], "s", 1) != 1 || read(going_on[0], &byte, 1) != 1)
		abort();
	healthz(request, response);
}

static const struct route routes[] = {
	{HTTP_GET, "/healthz", NULL, healthz},
	{HTTP_GET, "/last", NULL, last},
	{HTTP_GET, "/tell/{what}", NULL, tell},
	{HTTP_POST, "/swallow", NULL, swallow},
	{HTTP_POST, "/refuse", NULL, refuse},
	{HTTP_GET, "/silent", NULL, silent},
	{HTTP_GET, "/shrunk", NULL, shrunk},
	{HTTP_GET, "/large", NULL, large},
	{HTTP_GET | HTTP_POST, "/later", NULL, later},
	{HTTP_GET, "/lasting", NULL, lasting},
};
static const struct router router = {routes, sizeof routes / sizeof *routes, NULL, NULL};
static struct serve_options options = {
	.program = "test", .router = &router, .event = BY_EVENTS, .threads = 4, .backlog = 64, .idle_s = 2};
static struct fcgi_server server;

static int start(void **state)
{
	(void)state;
	if (pipe(over) != 0 || pipe(going_on) != 0)
		return -1;
	fcgi_server_start(&server, &options);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int end = 0; end < 2; end++) {
		close(over[end]);
		close(going_on[end]);
	}
	return fcgi_server_stop(&server);
}

static void assert_over(char how)
{
	char told;

	assert_int_equal(read(over[0], &told, 1), 1);
	assert_int_equal(told, how);
}

static void assert_whole(const struct fcgi_reply *reply)
{
	assert_null(reply->fault);
	assert_true(reply->out_ended);
	assert_true(reply->ended);
	assert_true(reply->closed);
	assert_int_equal(reply->protocol_status, 0);
	assert_int_equal(reply->app_status, 0);
}

static void test_get(void **state)
{
	const char *const params[] = {
		"REQUEST_METHOD=GET", "REQUEST_URI=/tell/a%20b?q=1+2", "QUERY_STRING=q=1+2", NULL};
	struct fcgi_reply reply;
	size_t length;

	(void)state;
	fcgi_exchange(server.socket, params, "", 0, &reply);
	assert_whole(&reply);
	assert_int_equal(cgi_status(&reply.out), 200);
	assert_string_equal(cgi_body(&reply.out, &length), "GET|/tell/a b|a b|1 2|http");
	assert_string_equal(cgi_header(&reply.out, "Content-Length"), "26");
	assert_string_equal(cgi_header(&reply.out, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(cgi_header(&reply.out, "Access-Control-Allow-Origin"), "*");
	assert_int_equal(strlen(cgi_header(&reply.out, "X-Request-Id")), 32);
	fcgi_reply_free(&reply);
}

/* Fields that RFC 3875 section 6 and RFC 9110 ask of every answer. */
static void assert_cgi_answer(const struct buf *out)
{
	const char *length = cgi_header(out, "Content-Length");
	size_t body;

	assert_int_equal(cgi_header_count(out, "Status"), 1);
	assert_true(cgi_header_count(out, "Content-Type") <= 1);
	assert_int_equal(cgi_header_count(out, "Connection") + cgi_header_count(out, "Transfer-Encoding"), 0);
	if (length != NULL) {
		size_t promised = strtoul(length, NULL, 10);

		cgi_body(out, &body);
		assert_int_equal(body, promised);
	}
}

static void fill(char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(i * 31 + (i >> 8));
}

static void assert_hash(const struct buf *out, const char *bytes, size_t length)
{
	unsigned char hash[HASH_SIZE];
	char hex[HASH_HEX_SIZE];
	size_t got;

	hash_sha256(bytes, length, hash);
	hash_hex(hash, sizeof hash, hex);
	assert_string_equal(cgi_body(out, &got), hex);
}

static void test_body(void **state)
{
	enum { LENGTH = 300000 };
	const char *const params[] = {"REQUEST_METHOD=POST", "REQUEST_URI=/swallow", "CONTENT_LENGTH=300000", NULL};
	char *bytes = malloc(LENGTH);
	struct fcgi_reply reply;

	(void)state;
	fill(bytes, LENGTH);
	fcgi_exchange(server.socket, params, bytes, LENGTH, &reply);
	assert_whole(&reply);
	assert_hash(&reply.out, bytes, LENGTH);
	fcgi_reply_free(&reply);
	free(bytes);
}

/* The end of the body before Content-Length, by the protocol's end, by a closed connection, by silence. */
static void test_body_breaks_off(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=POST", "REQUEST_URI=/swallow", "CONTENT_LENGTH=1000", NULL};
	struct fcgi_reply reply;
	struct buf request;
	int fd;

	(void)state;
	fcgi_exchange(server.socket, params, "abc", 3, &reply);
	assert_null(reply.fault);
	assert_int_equal(cgi_status(&reply.out), 499);
	fcgi_reply_free(&reply);

	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, false, params, "abc", 3);
	fd = fcgi_connect(server.socket);
	fcgi_send(fd, request.data, request.length - 8 - 11, 0);
	shutdown(fd, SHUT_WR);
	fcgi_receive(fd, false, 20000, &reply);
	assert_true(reply.closed);
	fcgi_reply_free(&reply);
	close(fd);

	fd = fcgi_connect(server.socket);
	fcgi_send(fd, request.data, request.length - 8 - 11, 0);
	fcgi_receive(fd, false, 20000, &reply); /* idle_s later the responder gives up */
	assert_true(reply.closed);
	assert_int_equal(cgi_status(&reply.out), 408);
	fcgi_reply_free(&reply);
	close(fd);
	buf_free(&request);
}

static void send_kept(int fd, const char *method, const char *uri, const char *body)
{
	char lines[3][64];
	const char *const params[] = {lines[0], lines[1], lines[2], NULL};
	struct buf request;

	snprintf(lines[0], sizeof lines[0], "REQUEST_METHOD=%s", method);
	snprintf(lines[1], sizeof lines[1], "REQUEST_URI=%s", uri);
	snprintf(lines[2], sizeof lines[2], "CONTENT_LENGTH=%zu", strlen(body));
	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, true, params, body, strlen(body));
	assert_true(fcgi_send(fd, request.data, request.length, 0));
	buf_free(&request);
}

static void assert_kept_answer(int fd, int status)
{
	struct fcgi_reply reply;

	fcgi_receive(fd, true, 20000, &reply);
	assert_true(reply.ended);
	assert_int_equal(cgi_status(&reply.out), status);
	fcgi_reply_free(&reply);
}

static void assert_kept_request(int fd, const char *method, const char *uri, const char *body, int status)
{
	send_kept(fd, method, uri, body);
	assert_kept_answer(fd, status);
}

static void test_kept_connection(void **state)
{
	int fd = fcgi_connect(server.socket);
	char byte;

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_kept_request(fd, "GET", "/healthz", "", 200);
	assert_kept_request(fd, "POST", "/swallow", "body", 200);
	assert_kept_request(fd, "GET", "/nowhere", "", 404);
	/* A body nobody read stands before the next request: it is read past, or the connection closes after the answer. */
	assert_kept_request(fd, "POST", "/refuse", "unread", 401);
	if (BY_EVENTS)
		assert_kept_request(fd, "GET", "/healthz", "", 200);
	else
		assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

/* A request that has come on a kept connection when the program stops is answered: not each may be sent again. */
static void test_kept_at_the_end(void **state)
{
	struct serve_options own_options = options;
	struct fcgi_server own;
	char byte;
	int fd;

	(void)state;
	fcgi_server_start(&own, &own_options);
	fd = fcgi_connect(own.socket);
	send_kept(fd, "GET", "/last", "");
	assert_over('s');
	send_kept(fd, "POST", "/swallow", "body");
	assert_int_equal(write(going_on[1], "", 1), 1);
	assert_kept_answer(fd, 200);
	assert_kept_answer(fd, 200);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	assert_int_equal(fcgi_server_stop(&own), 0);
}

static void test_gives_no_answer(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/silent", NULL};
	struct fcgi_reply reply;

	(void)state;
	fcgi_exchange(server.socket, params, "", 0, &reply);
	assert_whole(&reply);
	assert_int_equal(cgi_status(&reply.out), 500);
	fcgi_reply_free(&reply);
}

static void test_short_answer_breaks_off(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/shrunk", NULL};
	struct fcgi_reply reply;

	(void)state;
	fcgi_exchange(server.socket, params, "", 0, &reply);
	assert_true(reply.closed);
	assert_false(reply.ended);
	fcgi_reply_free(&reply);
}

static void test_large_answer(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/large", NULL};
	struct fcgi_reply reply;

	(void)state;
	fcgi_exchange(server.socket, params, "", 0, &reply);
	assert_whole(&reply);
	assert_cgi_answer(&reply.out);
	fcgi_reply_free(&reply);
}

static void assert_parts(const struct buf *out, const char *method)
{
	char end[32];
	size_t length;
	const char *body = cgi_body(out, &length);

	assert_int_equal(cgi_status(out), 200);
	assert_true(length > (size_t)PARTS * PART_BYTES);
	snprintf(end, sizeof end, "%d %s /later sesame", PARTS, method);
	assert_string_equal(body + length - strlen(end), end);
	assert_over('w');
}

/* An answer that pauses between its parts is whole; a body that nobody reads is in nobody's way. */
static void test_later(void **state)
{
	const char *const get[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/later", "HTTP_X_WORD=sesame", NULL};
	const char *const post[] = {
		"REQUEST_METHOD=POST", "REQUEST_URI=/later", "HTTP_X_WORD=sesame", "CONTENT_LENGTH=4", NULL};
	struct fcgi_reply reply;

	(void)state;
	fcgi_exchange(server.socket, get, "", 0, &reply);
	assert_whole(&reply);
	assert_parts(&reply.out, "GET");
	fcgi_reply_free(&reply);
	fcgi_exchange(server.socket, post, "body", 4, &reply);
	assert_whole(&reply);
	assert_parts(&reply.out, "POST");
	fcgi_reply_free(&reply);
}

/* A connection on which an answer without an end has begun. */
static int begin_lasting(const struct fcgi_server *of)
{
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/lasting", "HTTP_X_WORD=sesame", NULL};
	int fd = fcgi_connect(of->socket);
	struct buf request;
	char byte;

	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, false, params, "", 0);
	assert_true(fcgi_send(fd, request.data, request.length, 0));
	assert_int_equal(read(fd, &byte, 1), 1);
	buf_free(&request);
	return fd;
}

/* Nobody wants it any more: its client is gone, or the responder stops. */
static void test_later_unwanted(void **state)
{
	struct serve_options own_options = options;
	struct fcgi_server own;
	int fd;

	(void)state;
	for (int i = 0; i < 10; i++) {
		close(begin_lasting(&server));
		assert_over('u');
	}
	fcgi_server_start(&own, &own_options);
	fd = begin_lasting(&own);
	kill(own.pid, SIGTERM);
	while (read(fd, (char[4096]){0}, 4096) > 0)
		continue;
	assert_over('u');
	assert_int_equal(fcgi_server_stop(&own), 0);
	close(fd);
}

/* Clients that go away in the middle of a large answer: the responder lives on and takes the next. */
static void test_client_goes(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/large", NULL};
	struct buf request;
	char bytes[1000];

	(void)state;
	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, false, params, "", 0);
	for (int i = 0; i < 20; i++) {
		int fd = fcgi_connect(server.socket);

		fcgi_send(fd, request.data, request.length, 0);
		assert_true(read(fd, bytes, sizeof bytes) > 0);
		close(fd);
	}
	buf_free(&request);
	test_large_answer(state);
}

/* More readers than threads that never read: they are dropped, and the next request is answered. */
static void test_readers_that_stop(void **state)
{
	enum { READERS = 8 };
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/large", NULL};
	const char *const quick[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/healthz", NULL};
	struct serve_options own_options = options;
	struct fcgi_server own;
	struct fcgi_reply reply;
	struct buf request;
	int fds[READERS];

	(void)state;
	own_options.idle_s = 600;
	own_options.send_idle_s = 1;
	fcgi_server_start(&own, &own_options);
	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, false, params, "", 0);
	for (int i = 0; i < READERS; i++) {
		fds[i] = fcgi_connect(own.socket);
		assert_true(fcgi_send(fds[i], request.data, request.length, 0));
	}
	fcgi_exchange(own.socket, quick, "", 0, &reply);
	assert_whole(&reply);
	fcgi_reply_free(&reply);
	for (int i = 0; i < READERS; i++) {
		struct pollfd hung = {.fd = fds[i], .events = POLLRDHUP};

		assert_int_equal(poll(&hung, 1, 60000), 1);
		fcgi_receive(fds[i], false, 20000, &reply);
		assert_true(reply.closed);
		assert_false(reply.ended);
		fcgi_reply_free(&reply);
		close(fds[i]);
	}
	assert_int_equal(fcgi_server_stop(&own), 0);
	buf_free(&request);
}

/* Never silent, and far slower than it must be. */
static void test_reader_that_dawdles(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/large", NULL};
	struct serve_options own_options = options;
	struct fcgi_server own;
	struct buf request;
	char bytes[4096];
	size_t total = 0;
	ssize_t got;
	int fd;

	(void)state;
	own_options.send_idle_s = 1;
	own_options.send_rate = 1 << 30;
	fcgi_server_start(&own, &own_options);
	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, false, params, "", 0);
	fd = fcgi_connect(own.socket);
	assert_true(fcgi_send(fd, request.data, request.length, 0));
	while ((got = read(fd, bytes, sizeof bytes)) > 0) {
		total += (size_t)got;
		usleep(5000);
	}
	assert_true(total > 0 && total < 160 * 65536);
	close(fd);
	assert_int_equal(fcgi_server_stop(&own), 0);
	buf_free(&request);
}

/* A body that comes byte by byte, each well within the silence that is borne. */
static void test_body_that_dawdles(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=POST", "REQUEST_URI=/swallow", "CONTENT_LENGTH=100000", NULL};
	struct serve_options own_options = options;
	struct pollfd answered;
	struct fcgi_server own;
	struct fcgi_reply reply;
	struct buf bytes;
	bool open;

	(void)state;
	own_options.idle_s = 1;
	own_options.receive_rate = 1 << 20;
	fcgi_server_start(&own, &own_options);
	buf_init(&bytes, 1 << 16);
	fcgi_put_request(&bytes, false, params, "", 0);
	answered = (struct pollfd){.fd = fcgi_connect(own.socket), .events = POLLIN};
	/* Without the empty record that ends the body. */
	open = fcgi_send(answered.fd, bytes.data, bytes.length - 8, 0);
	buf_clear(&bytes);
	fcgi_put_record(&bytes, 5, "x", 1);
	for (int i = 0; i < 100000 && open && poll(&answered, 1, 10) == 0; i++)
		open = fcgi_send(answered.fd, bytes.data, bytes.length, 0);
	fcgi_receive(answered.fd, false, 20000, &reply);
	assert_int_equal(cgi_status(&reply.out), 408);
	fcgi_reply_free(&reply);
	close(answered.fd);
	assert_int_equal(fcgi_server_stop(&own), 0);
	buf_free(&bytes);
}

static json_t *wire_cases(void)
{
	char name[4096];

	assert_true(vector_path("fastcgi/cases.json", name, sizeof name));
	return json_load_file(name, 0, NULL);
}

/* Sends the records of BYTES one by one (PIECE < 0), or pieces of PIECE bytes. */
static void send_wire(int fd, const unsigned char *bytes, size_t length, int piece)
{
	if (piece >= 0) {
		fcgi_send(fd, bytes, length, (size_t)piece);
		return;
	}
	while (length >= 8) {
		size_t record = 8 + ((size_t)bytes[4] << 8 | bytes[5]) + bytes[6];

		fcgi_send(fd, bytes, record, 0);
		bytes += record;
		length -= record;
	}
}

static void run_wire_case(json_t *test, int piece)
{
	const char *id = json_string_value(json_object_get(test, "id"));
	const char *hex = json_string_value(json_object_get(test, "hex"));
	size_t length = strlen(hex) / 2;
	unsigned char *bytes = malloc(length);
	int fd = fcgi_connect(server.socket);
	struct fcgi_reply reply;

	assert_true(hash_from_hex(hex, bytes, length));
	send_wire(fd, bytes, length, piece);
	fcgi_receive(fd, false, 5000, &reply);
	if (reply.fault != NULL)
		fail_msg("%s: %s", id, reply.fault);
	if (strcmp(id, "params-empty") == 0) {
		assert_int_equal(cgi_status(&reply.out), 400);
	} else if (strcmp(id, "params-no-begin") == 0) {
		assert_int_equal(reply.out.length, 0);
	} else if (strcmp(id, "params-after-end") == 0) {
		assert_true(reply.ended || reply.closed);
	} else {
		assert_whole(&reply);
		assert_int_equal(cgi_status(&reply.out), 200);
		assert_cgi_answer(&reply.out);
	}
	fcgi_reply_free(&reply);
	close(fd);
	free(bytes);
}

static void test_wire_cases(void **state)
{
	json_t *root = wire_cases();
	json_t *cases = json_object_get(root, "cases");

	(void)state;
	assert_true(json_array_size(cases) >= 6);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		run_wire_case(json_array_get(cases, i), 0);
		run_wire_case(json_array_get(cases, i), 1);
		run_wire_case(json_array_get(cases, i), -1);
	}
	json_decref(root);
}

static void test_socket_rules(void **state)
{
	struct fcgi_server other;
	struct serve_options own = options;
	struct err_info info = {0};
	struct stat status;
	char path[128];
	int fd;

	(void)state;
	assert_int_equal(stat(server.socket, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	own.socket = server.socket; /* served by another process */
	assert_int_equal(serve(&own, &info), ERR_IO);
	fcgi_server_start(&other, &own);
	kill(other.pid, SIGKILL);
	waitpid(other.pid, NULL, 0);
	assert_int_equal(lstat(other.socket, &status), 0); /* stale */
	snprintf(path, sizeof path, "%s", other.socket);
	own.socket = path;
	other.pid = fork();
	if (other.pid == 0)
		exit(serve(&own, &info) == ERR_OK ? 0 : 1);
	while ((fd = fcgi_connect(path)) < 0)
		usleep(2000);
	close(fd);
	kill(other.pid, SIGTERM);
	waitpid(other.pid, NULL, 0);
	assert_int_equal(lstat(path, &status), -1); /* it cleans up after itself */
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(serve(&own, &info), ERR_IO); /* a file of another kind is left alone */
	assert_int_equal(lstat(path, &status), 0);
	fs_remove_tree(other.folder, NULL);
}

/*
 * SIGTERM while a request is answered: it is answered whole, then serve() returns, also with an idle kept connection.
 */
static void test_stop(void **state)
{
	const char *const params[] = {"REQUEST_METHOD=POST", "REQUEST_URI=/swallow", "CONTENT_LENGTH=4", NULL};
	struct fcgi_server own;
	struct serve_options own_options = options;
	struct fcgi_reply reply;
	struct buf request;
	int idle, busy;

	(void)state;
	fcgi_server_start(&own, &own_options);
	idle = fcgi_connect(own.socket);
	assert_kept_request(idle, "GET", "/healthz", "", 200);
	buf_init(&request, 1 << 16);
	fcgi_put_request(&request, false, params, "body", 4);
	busy = fcgi_connect(own.socket);
	fcgi_send(busy, request.data, request.length - 20, 0); /* all but the body's two records */
	usleep(100000); /* a thread should have it by now; if not, the test is weaker but still right */
	kill(own.pid, SIGTERM);
	usleep(20000);
	fcgi_send(busy, request.data + request.length - 20, 20, 0);
	fcgi_receive(busy, false, 20000, &reply);
	assert_int_equal(cgi_status(&reply.out), 200);
	assert_true(reply.ended);
	fcgi_reply_free(&reply);
	buf_free(&request);
	close(busy);
	assert_int_equal(fcgi_server_stop(&own), 0);
	close(idle);
}

/* Runs serve() as a CGI program with PARAMS and BODY and collects what it prints. */
static int run_cgi(const char *const params[], const char *body, size_t length, struct buf *out)
{
	int in_pipe[2], out_pipe[2], status;
	char piece[4096];
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(in_pipe), 0);
	assert_int_equal(pipe(out_pipe), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct serve_options own = options;

		own.socket = NULL;
		clearenv();
		for (; *params != NULL; params++)
			putenv((char *)(uintptr_t)*params);
		dup2(in_pipe[0], STDIN_FILENO);
		dup2(out_pipe[1], STDOUT_FILENO);
		close(in_pipe[1]);
		close(out_pipe[0]);
		_exit(serve(&own, NULL) == ERR_OK ? 0 : 1);
	}
	close(in_pipe[0]);
	close(out_pipe[1]);
	assert_int_equal(write(in_pipe[1], body, length), (ssize_t)length);
	close(in_pipe[1]);
	buf_init(out, 1 << 24);
	while ((got = read(out_pipe[0], piece, sizeof piece)) > 0)
		buf_put(out, piece, (size_t)got);
	close(out_pipe[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_cgi(void **state)
{
	const char *const get[] = {"GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=GET",
		"REQUEST_URI=/cgi-bin/t.cgi/tell/x?q=%41", "QUERY_STRING=q=%41", "TONEARM_PREFIX=/cgi-bin/t.cgi", NULL};
	const char *const post[] = {"GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=POST", "SCRIPT_NAME=/swallow",
		"CONTENT_LENGTH=30000", NULL};
	const char *const big[] = {"GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=GET", "SCRIPT_NAME=/large", NULL};
	const char *const parts[] = {"GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=GET", "SCRIPT_NAME=/later",
		"HTTP_X_WORD=sesame", NULL};
	const char *const none[] = {"REQUEST_METHOD=GET", NULL};
	static char bytes[30000];
	struct buf out;
	size_t length;

	(void)state;
	assert_int_equal(run_cgi(get, "", 0, &out), 0);
	assert_string_equal(cgi_body(&out, &length), "GET|/tell/x|x|A|http");
	assert_cgi_answer(&out);
	buf_free(&out);
	fill(bytes, sizeof bytes);
	assert_int_equal(run_cgi(post, bytes, sizeof bytes, &out), 0);
	assert_hash(&out, bytes, sizeof bytes);
	buf_free(&out);
	assert_int_equal(run_cgi(post, bytes, 100, &out), 0);
	assert_int_equal(cgi_status(&out), 499);
	buf_free(&out);
	assert_int_equal(run_cgi(big, "", 0, &out), 0);
	assert_cgi_answer(&out);
	buf_free(&out);
	assert_int_equal(run_cgi(parts, "", 0, &out), 0);
	assert_parts(&out, "GET");
	buf_free(&out);
	assert_int_equal(run_cgi(none, "", 0, &out), 1); /* neither CGI nor FastCGI */
	assert_int_equal(out.length, 0);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_body_breaks_off),
		cmocka_unit_test(test_kept_connection),
		cmocka_unit_test(test_kept_at_the_end),
		cmocka_unit_test(test_gives_no_answer),
		cmocka_unit_test(test_short_answer_breaks_off),
		cmocka_unit_test(test_large_answer),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_later_unwanted),
		cmocka_unit_test(test_client_goes),
		cmocka_unit_test(test_readers_that_stop),
		cmocka_unit_test(test_reader_that_dawdles),
		cmocka_unit_test(test_body_that_dawdles),
		cmocka_unit_test(test_wire_cases),
		cmocka_unit_test(test_socket_rules),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_cgi),
	};

	return cmocka_run_group_tests_name("serve", tests, start, stop);
}
