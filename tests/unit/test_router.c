/* SPDX-License-Identifier: MIT */
/* Router, request and response over a transport in memory. */
#include "fcgi_client.h"
#include "memory_transport.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void say(struct response *response, const char *text)
{
	response_status(response, 200);
	response_body(response, "text/plain", text, strlen(text));
}

static void captures(struct request *request, struct response *response)
{
	say(response, arena_printf(request->arena, "%s,%s,%s", request->capture[0], request->capture[1],
			      request->capture[2] == NULL ? "-" : request->capture[2]));
}

static void inspect(struct request *request, struct response *response)
{
	const char *cookie = request_cookie(request, "session");
	const char *authorization = request_header(request, "authorization");

	say(response, arena_printf(request->arena, "%s|%s|%s|%s|%lld|%s|%d", request->path, request->prefix,
			      cookie == NULL ? "-" : cookie, authorization == NULL ? "-" : authorization,
			      (long long)request->content_length, request->content_type, request->https));
}

static void injected(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_header(response, "X-Thing", "a\r\nSet-Cookie: b=c\x7F");
	response_header(response, "X-Thing", "later\r\n\r\nbody");
	response_header(response, "Set-Cookie", "a=1");
	response_header(response, "Set-Cookie", "b=2");
	response_body(response, "text/plain", "x", 1);
}

static void empty(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 204);
	response_header(response, "Content-Length", "0");
	response_begin(response);
}

static void failing(struct request *request, struct response *response)
{
	struct err_info info = {0};

	(void)request;
	err_set(&info, ERR_IO, "the secret place /var/x is full");
	response_status(response, 200);
	response_header(response, "ETag", "\"x\"");
	response_error(response, &info);
}

static void busy(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_header(response, "Retry-After", "17");
	response_problem(response, ERR_BUSY, "the queue is full");
}

static void quoting(struct request *request, struct response *response)
{
	(void)request;
	response_problem(response, ERR_UNPROCESSABLE, "the form has no field \"\xFF\xC3\" or \xE6\x9D");
}

static void late(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_begin(response);
	response_write(response, "abc", 3);
	response_problem(response, ERR_IO, "too late");
}

static void body(struct request *request, struct response *response)
{
	struct err_info info = {0};
	char *text;
	size_t length;

	if (request_body(request, 5000, &text, &length, &info) != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_json(response, 201, json_pack("{s:i, s:i}", "length", (int)length, "nul", text[length]));
}

static void nothing(struct request *request, struct response *response)
{
	(void)request;
	(void)response;
}

static enum err authorize(struct request *request, const char *scope, struct err_info *info)
{
	const char *token = request_header(request, "authorization");

	if (token == NULL)
		return err_set(info, ERR_UNAUTHORIZED, "no token");
	return strcmp(token, scope) == 0 ? ERR_OK : err_set(info, ERR_FORBIDDEN, "wrong scope");
}

static const struct route routes[] = {
	{HTTP_GET, "/inspect", NULL, inspect},
	{HTTP_GET, "/stream/{file}", NULL, captures},
	{HTTP_GET, "/hls/{track}/{quality}/playlist.m3u8", NULL, captures},
	{HTTP_GET, "/hls/{track}/{quality}/{n}.m4s", NULL, captures},
	{HTTP_GET, "/injected", NULL, injected},
	{HTTP_GET | HTTP_DELETE, "/empty", NULL, empty},
	{HTTP_POST, "/empty", NULL, body},
	{HTTP_GET, "/failing", NULL, failing},
	{HTTP_GET, "/busy", NULL, busy},
	{HTTP_GET, "/quoting", NULL, quoting},
	{HTTP_GET, "/late", NULL, late},
	{HTTP_GET, "/nothing", NULL, nothing},
	{HTTP_GET, "/metrics", NULL, empty},
	{HTTP_POST, "/scoped", "track:write", empty},
};
static const struct router router = {routes, sizeof routes / sizeof *routes, authorize, NULL};
static const struct serve_options options = {.program = "test", .router = &router};
static struct memory_transport answer;

/* One request; the answer stays in `answer` until the next. Parameters up to a NULL follow. */
static int ask(const char *method, const char *uri, ...)
{
	char lines[2][9000];
	const char *params[12] = {lines[0], lines[1]};
	size_t count = 2;
	va_list args;

	snprintf(lines[0], sizeof lines[0], "REQUEST_METHOD=%s", method);
	snprintf(lines[1], sizeof lines[1], "REQUEST_URI=%s", uri);
	va_start(args, uri);
	while ((params[count] = va_arg(args, const char *)) != NULL)
		count++;
	va_end(args);
	buf_free(&answer.out);
	memory_exchange(&answer, &options, params, "", 0);
	return cgi_status(&answer.out);
}

static const char *text(void)
{
	size_t length;

	return cgi_body(&answer.out, &length);
}

static void assert_header(const char *name, const char *want)
{
	const char *value = cgi_header(&answer.out, name);

	if (want == NULL) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_string_equal(value, want);
}

static void test_patterns(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/stream/a.b.mp3", NULL), 200);
	assert_string_equal(text(), "a.b.mp3,(null),-");
	assert_int_equal(ask("GET", "/hls/t/high/playlist.m3u8", NULL), 200);
	assert_string_equal(text(), "t,high,-");
	assert_int_equal(ask("GET", "/hls/t/high/12.m4s", NULL), 200);
	assert_string_equal(text(), "t,high,12");
	assert_int_equal(ask("GET", "/hls/t/high/1.m4s.m4s", NULL), 200);
	assert_string_equal(text(), "t,high,1.m4s");
	assert_int_equal(ask("GET", "/hls/t/high/.m4s", NULL), 404);
	assert_int_equal(ask("GET", "/hls/t/high/1.m4sx", NULL), 404);
	assert_int_equal(ask("GET", "/hls/t/1.m4s", NULL), 404);
	assert_int_equal(ask("GET", "/stream/", NULL), 404);
	assert_int_equal(ask("GET", "/stream/a/b", NULL), 404);
	assert_int_equal(ask("GET", "/", NULL), 404);
}

static void test_methods(void **state)
{
	(void)state;
	assert_int_equal(ask("PUT", "/empty", NULL), 405);
	assert_header("Allow", "GET, HEAD, POST, DELETE, OPTIONS");
	assert_int_equal(ask("BREW", "/empty", NULL), 405);
	assert_int_equal(ask("PUT", "/none", NULL), 404);
	assert_int_equal(ask("HEAD", "/inspect", NULL), 200);
	assert_string_equal(text(), "");
	assert_header("Content-Length", "19");
	assert_int_equal(ask("DELETE", "/empty", NULL), 204);
	assert_header("Content-Length", NULL);
}

static void test_other_sites(void **state)
{
	(void)state;
	assert_int_equal(ask("OPTIONS", "/empty", NULL), 204);
	assert_header("Allow", "GET, HEAD, POST, DELETE, OPTIONS");
	assert_header("Access-Control-Allow-Origin", "*");
	assert_header("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE, OPTIONS");
	assert_non_null(strstr(cgi_header(&answer.out, "Access-Control-Allow-Headers"), "Authorization"));
	assert_non_null(strstr(cgi_header(&answer.out, "Access-Control-Allow-Headers"), "Range"));
	assert_header("Access-Control-Max-Age", "7200");
	assert_header("Access-Control-Allow-Credentials", NULL);
	ask("GET", "/inspect", NULL);
	assert_header("Access-Control-Allow-Origin", "*");
	assert_non_null(strstr(cgi_header(&answer.out, "Access-Control-Expose-Headers"), "Content-Range"));
	ask("GET", "/none", NULL);
	assert_header("Access-Control-Allow-Origin", "*");
	ask("GET", "/metrics", NULL);
	assert_header("Access-Control-Allow-Origin", NULL);
	ask("OPTIONS", "/metrics", NULL);
	assert_header("Access-Control-Allow-Methods", NULL);
}

static void test_scopes(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/scoped", NULL), 401);
	assert_header("WWW-Authenticate", "Bearer");
	assert_int_equal(ask("POST", "/scoped", "HTTP_AUTHORIZATION=other", NULL), 403);
	assert_int_equal(ask("POST", "/scoped", "HTTP_AUTHORIZATION=track:write", NULL), 204);
	assert_int_equal(ask("POST", "/scoped", "REDIRECT_HTTP_AUTHORIZATION=track:write", NULL), 204);
}

static void test_request_parts(void **state)
{
	(void)state;
	ask("GET", "/inspect", "HTTP_COOKIE=a=b; session=\"x y\";session=z", "HTTPS=on", "CONTENT_LENGTH=", NULL);
	assert_string_equal(text(), "/inspect||x y|-|-1||1");
	ask("GET", "/inspect", "HTTP_COOKIE=xsession=1; session=", "CONTENT_TYPE=a/b", "CONTENT_LENGTH=7", "HTTPS=off",
		NULL);
	assert_string_equal(text(), "/inspect|||-|7|a/b|0");
	assert_false(answer.body_read);
	ask("GET", "http://host.example:80/inspect?x=http://y/", NULL);
	assert_string_equal(text(), "/inspect||-|-|-1||0");
	assert_int_equal(ask("GET", "http://host.example", NULL), 404);
	ask("GET", "/music/inspect", "TONEARM_PREFIX=/music/", NULL);
	assert_string_equal(text(), "/inspect|/music|-|-|-1||0");
	assert_int_equal(ask("GET", "/musical/inspect", "TONEARM_PREFIX=/music", NULL), 404);
	assert_int_equal(ask("GET", "/music", "TONEARM_PREFIX=/music", NULL), 404);
	ask("GET", "", "SCRIPT_NAME=/", "PATH_INFO=/inspect", NULL);
	assert_string_equal(text(), "/inspect||-|-|-1||0");
	ask("GET", "", "SCRIPT_NAME=/stream", "PATH_INFO=/50%25?.mp3", NULL);
	assert_string_equal(text(), "50%25?.mp3,(null),-");
}

static void test_refused_requests(void **state)
{
	char uri[REQUEST_URI_MOST + 100];
	const char *const bare[] = {"REQUEST_URI=/inspect", NULL};

	(void)state;
	assert_int_equal(ask("GET", "/a/../inspect", NULL), 400);
	assert_int_equal(ask("GET", "/inspect%00", NULL), 400);
	assert_int_equal(ask("GET", "*", NULL), 400);
	assert_int_equal(ask("GET", "/inspect", "CONTENT_LENGTH=-1", NULL), 400);
	assert_int_equal(ask("GET", "/inspect", "CONTENT_LENGTH=99999999999999999999", NULL), 400);
	memset(uri, 'a', sizeof uri);
	uri[0] = '/';
	uri[sizeof uri - 1] = '\0';
	assert_int_equal(ask("GET", uri, NULL), 414);
	buf_free(&answer.out);
	memory_exchange(&answer, &options, bare, "", 0);
	assert_int_equal(cgi_status(&answer.out), 400);
}

static void test_id(void **state)
{
	(void)state;
	ask("GET", "/inspect", "HTTP_X_REQUEST_ID=abcDEF12_-", NULL);
	assert_header("X-Request-Id", "abcDEF12_-");
	ask("GET", "/inspect", "HTTP_X_REQUEST_ID=short", NULL);
	assert_int_equal(strlen(cgi_header(&answer.out, "X-Request-Id")), 32);
	ask("GET", "/inspect", "HTTP_X_REQUEST_ID=with space and so on", NULL);
	assert_int_equal(strlen(cgi_header(&answer.out, "X-Request-Id")), 32);
	ask("GET", "/inspect", "HTTP_X_REQUEST_ID=123456789012345678901234567890123", NULL);
	assert_int_equal(strspn(cgi_header(&answer.out, "X-Request-Id"), "0123456789abcdef"), 32);
}

static void test_fields(void **state)
{
	(void)state;
	ask("GET", "/injected", NULL);
	assert_header("X-Thing", "later    body");
	assert_int_equal(cgi_header_count(&answer.out, "X-Thing"), 1);
	assert_int_equal(cgi_header_count(&answer.out, "Set-Cookie"), 2);
	assert_int_equal(cgi_header_count(&answer.out, "Content-Type"), 1);
	assert_string_equal(text(), "x");
}

static json_t *problem(void)
{
	json_t *object = json_loads(text(), 0, NULL);

	assert_non_null(object);
	assert_header("Content-Type", "application/problem+json");
	assert_header("Cache-Control", "no-store");
	return object;
}

static void test_problems(void **state)
{
	json_t *object;

	(void)state;
	assert_int_equal(ask("GET", "/failing", NULL), 500);
	assert_header("ETag", NULL);
	object = problem();
	assert_string_equal(json_string_value(json_object_get(object, "type")), "urn:tonearm:problem:io");
	assert_int_equal(json_integer_value(json_object_get(object, "status")), 500);
	assert_string_equal(
		json_string_value(json_object_get(object, "instance")), cgi_header(&answer.out, "X-Request-Id"));
	assert_null(strstr(text(), "secret"));
	json_decref(object);
	assert_int_equal(ask("GET", "/busy", NULL), 503);
	assert_header("Retry-After", "17");
	object = problem();
	assert_string_equal(json_string_value(json_object_get(object, "detail")), "the queue is full");
	json_decref(object);
	assert_int_equal(ask("GET", "/quoting", NULL), 422);
	object = problem();
	assert_string_equal(json_string_value(json_object_get(object, "detail")),
		"the form has no field \"\xEF\xBF\xBD\xEF\xBF\xBD\" or \xEF\xBF\xBD\xEF\xBF\xBD");
	json_decref(object);
	assert_int_equal(ask("GET", "/nothing", NULL), 500);
	json_decref(problem());
	assert_int_equal(ask("GET", "/late", NULL), 200);
	assert_string_equal(text(), "abc");
	assert_false(answer.complete);
}

static int post(const char *length, const char *bytes, size_t size)
{
	const char *const params[] = {"REQUEST_METHOD=POST", "REQUEST_URI=/empty", length, NULL};

	buf_free(&answer.out);
	memory_exchange(&answer, &options, params, bytes, size);
	return cgi_status(&answer.out);
}

static void test_bodies(void **state)
{
	static char bytes[6000];

	(void)state;
	assert_int_equal(post("CONTENT_LENGTH=4500", bytes, 6000), 201);
	assert_string_equal(text(), "{\"length\":4500,\"nul\":0}");
	assert_int_equal(answer.body_at, 4500);
	assert_true(answer.body_read);
	assert_int_equal(post("CONTENT_LENGTH=0", bytes, 0), 201);
	assert_int_equal(post("CONTENT_LENGTH=4500", bytes, 4499), 499);
	assert_int_equal(post("CONTENT_LENGTH=5001", bytes, 6000), 413);
	assert_false(answer.body_read);
	assert_int_equal(post("X=", bytes, 10), 411);
	buf_free(&answer.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_other_sites),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_request_parts),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
