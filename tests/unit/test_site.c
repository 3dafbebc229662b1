/* SPDX-License-Identifier: MIT */
/* What pages of other sites may do, and the fields that each answer has. */
#include "http/site.h"
#include "memory_transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HOST "HTTP_HOST=audio.example.org"
#define FROM(where) "HTTP_SEC_FETCH_SITE=" where
#define ORIGIN(who) "HTTP_ORIGIN=" who

static const struct site known = {"https://audio.example.org/music", "https://a.example https://b.example:8443"};
static const struct site unknown = {"", ""};

static bool may(const struct site *site, bool https, const char *const *params)
{
	struct memory_transport transport;
	struct request request = {.transport = &transport.base, .method = HTTP_POST, .site = site, .https = https};

	memory_transport_init(&transport, params, "", 0);
	return site_may_change(&request);
}

static void a_change_comes_from_our_pages(void **state)
{
	static const struct {
		const struct site *site;
		bool https, may;
		const char *params[4];
	} rows[] = {
		{&known, true, true, {FROM("same-origin"), NULL}},
		{&known, true, true, {FROM("none"), NULL}},
		{&known, true, false, {FROM("cross-site"), NULL}},
		{&known, true, false, {FROM("same-site"), ORIGIN("https://other.example.org"), NULL}},
		{&known, true, false, {FROM("cross-site"), ORIGIN("https://audio.example.org"), NULL}},
		{&known, true, true, {FROM("cross-site"), ORIGIN("https://a.example"), NULL}},
		{&known, true, true, {FROM("cross-site"), ORIGIN("https://b.example:8443"), NULL}},
		{&known, true, false, {FROM("cross-site"), ORIGIN("https://b.example"), NULL}},
		{&known, true, false, {FROM("cross-site"), ORIGIN("https://a.example.evil"), NULL}},
		{&known, true, false, {FROM("cross-site"), ORIGIN("https://a.exampl"), NULL}},
		{&known, true, false, {FROM("cross-site"), ORIGIN("https://a.example https://b.example:8443"), NULL}},
		{&known, true, false, {FROM("cross-site"), ORIGIN(""), NULL}},
		{&known, true, false, {FROM("nonsense"), NULL}},
		{&known, true, true, {ORIGIN("https://audio.example.org"), NULL}},
		{&known, true, false, {ORIGIN("http://audio.example.org"), NULL}},
		{&known, true, false, {ORIGIN("https://audio.example.org.evil"), NULL}},
		{&known, true, false, {ORIGIN("null"), NULL}},
		{&known, true, false, {HOST, NULL}},
		/* Of a site that does not know its name the Host of the request is it, but not for a page of plain HTTP. */
		{&unknown, true, true, {HOST, ORIGIN("https://audio.example.org"), NULL}},
		{&unknown, true, false, {HOST, ORIGIN("http://audio.example.org"), NULL}},
		{&unknown, false, true, {HOST, ORIGIN("http://audio.example.org"), NULL}},
		{&unknown, false, false, {HOST, ORIGIN("http://audio.example.org:81"), NULL}},
		{&unknown, false, false, {HOST, ORIGIN("null"), NULL}},
		{&unknown, false, false, {HOST, ORIGIN("ftp://audio.example.org"), NULL}},
		{&unknown, false, false, {"HTTP_HOST=", ORIGIN("http://"), NULL}},
		{&unknown, false, false, {ORIGIN("http://audio.example.org"), NULL}},
		{NULL, true, false, {FROM("same-origin"), NULL}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (may(rows[i].site, rows[i].https, rows[i].params) != rows[i].may)
			fail_msg("row %zu", i);
	}
}

static void expect(const struct site *site, bool shared, const char *const *params, const char *type, const char *text, bool there)
{
	struct memory_transport transport;
	struct arena arena = {0};
	struct request request = {.arena = &arena, .transport = &transport.base, .method = HTTP_GET, .site = site};
	struct response response;

	memory_transport_init(&transport, params, "", 0);
	response_init(&response, &request);
	response.shared = shared;
	response_status(&response, 200);
	response_body(&response, type, "", 0);
	if ((strstr(buf_text(&transport.out), text) != NULL) != there)
		fail_msg("\"%s\" %s in: %s", text, there ? "lacks" : "stands", buf_text(&transport.out));
	buf_free(&transport.out);
	arena_free(&arena);
}

static void every_answer_is_on_the_safe_side(void **state)
{
	static const char *const none[] = {NULL};

	(void)state;
	expect(&known, true, none, "application/json", "\r\nX-Content-Type-Options: nosniff\r\n", true);
	expect(NULL, true, none, "application/json", "\r\nReferrer-Policy: no-referrer\r\n", true);
	expect(&known, true, none, "application/json", "default-src 'none'; frame-ancestors 'none'", true);
	expect(&known, true, none, "image/svg+xml", "default-src 'none'", true);
	expect(&known, true, none, "audio/mp4", "default-src", false);
	expect(&known, true, none, "application/vnd.apple.mpegurl", "default-src", false);
	expect(&known, true, none, "audio/mp4", "Cross-Origin-Resource-Policy: cross-origin", true);
	expect(&known, false, none, "application/json", "Cross-Origin-Resource-Policy: same-origin", true);
	expect(&known, true, none, "audio/mp4", "Strict-Transport-Security: max-age=31536000", true);
	expect(&unknown, true, none, "audio/mp4", "Strict-Transport-Security", false);
}

static void cookies_are_for_pages_of_allowed_origins(void **state)
{
	static const char *const a[] = {ORIGIN("https://a.example"), NULL}, *const evil[] = {ORIGIN("https://evil.example"), NULL};

	(void)state;
	expect(&known, true, a, "application/json", "\r\nAccess-Control-Allow-Origin: https://a.example\r\n", true);
	expect(&known, false, a, "application/json", "\r\nAccess-Control-Allow-Credentials: true\r\n", true);
	expect(&known, true, a, "application/json", "\r\nVary: Origin\r\n", true);
	expect(&known, true, evil, "application/json", "\r\nAccess-Control-Allow-Origin: *\r\n", true);
	expect(&known, true, evil, "application/json", "\r\nVary: Origin\r\n", true);
	expect(&known, true, evil, "application/json", "Allow-Credentials", false);
	expect(&known, false, evil, "application/json", "Access-Control", false);
	expect(&unknown, true, evil, "application/json", "Allow-Credentials", false);
	expect(&unknown, true, evil, "application/json", "Vary", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_comes_from_our_pages),
		cmocka_unit_test(every_answer_is_on_the_safe_side),
		cmocka_unit_test(cookies_are_for_pages_of_allowed_origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
