/* SPDX-License-Identifier: MIT */
/* The accept loop over a real Unix socket, and plain CGI in a forked process. */
#include "fcgi_client.h"

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
		response_problem(response, ERR_ABORTED, "the body broke off");
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

static const struct route routes[] = {
	{HTTP_GET, "/healthz", NULL, healthz},
	{HTTP_GET, "/tell/{what}", NULL, tell},
	{HTTP_POST, "/swallow", NULL, swallow},
	{HTTP_POST, "/refuse", NULL, refuse},
	{HTTP_GET, "/silent", NULL, silent},
	{HTTP_GET, "/shrunk", NULL, shrunk},
	{HTTP_GET, "/large", NULL, large},
};
static const struct router router = {routes, sizeof routes / sizeof *routes, NULL};
static struct serve_options options = {
	.program = "test", .router = &router, .threads = 4, .backlog = 64, .idle_s = 2};
static struct fcgi_server server;

static int start(void **state)
{
	(void)state;
	fcgi_server_start(&server, &options);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return fcgi_server_stop(&server);
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
	const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/tell/a%20b?q=1+2", "QUERY_STRING=q=1+2", NULL};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests_name("serve", tests, start, stop);
}
