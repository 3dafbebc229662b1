/* SPDX-License-Identifier: MIT */
/* Who the client is, behind proxies that are trusted and others. */
#include "http/client.h"
#include "memory_transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PROXIES = 3, LINES_MOST = 4 };

static struct network proxies[PROXIES];

static int read_proxies(void **state)
{
	static const char *const texts[PROXIES] = {"10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"};

	(void)state;
	for (size_t i = 0; i < PROXIES; i++)
		assert_true(network_read(texts[i], &proxies[i]));
	return 0;
}

struct seen {
	char remote[64];
	bool proxied, https;
};

/* What is made of PARAMS from the machine PEER, when FIELD is the one that proxies set. */
static struct seen see(const char *field, const char *peer, const char *const *params)
{
	const struct client_trust trust = {proxies, PROXIES, field};
	struct memory_transport transport;
	struct arena arena = {0};
	struct request request = {.arena = &arena, .transport = &transport.base, .remote = peer};
	struct seen seen;

	memory_transport_init(&transport, params, "", 0);
	assert_int_equal(client_settle(&request, &trust, NULL), ERR_OK);
	seen = (struct seen){.proxied = request.proxied, .https = request.https};
	snprintf(seen.remote, sizeof seen.remote, "%s", request.remote);
	arena_free(&arena);
	buf_free(&transport.out);
	return seen;
}

static void assert_remote(const char *field, const char *peer, const char *param, const char *expected)
{
	const char *const params[] = {param, NULL};
	struct seen seen = see(field, peer, params);

	if (strcmp(seen.remote, expected) != 0)
		fail_msg("%s from %s: %s in place of %s", param, peer, seen.remote, expected);
}

static void x_forwarded_for(void **state)
{
	static const struct {
		const char *value, *client;
	} cases[] = {
		{"203.0.113.9", "203.0.113.9"},
		{" 203.0.113.9 ", "203.0.113.9"},
		{"6.6.6.6, 203.0.113.9", "203.0.113.9"},
		{"6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"6.6.6.6,203.0.113.9,10.1.1.1 , 10.0.0.2", "203.0.113.9"},
		{"\", 203.0.113.9", "203.0.113.9"},
		{"no address, 203.0.113.9", "203.0.113.9"},
		{"203.0.113.9:4711", "203.0.113.9"},
		{"2001:DB8::9", "2001:db8::9"},
		{"[2001:db8::9]:443", "2001:db8::9"},
		{"[2001:db8::9]", "2001:db8::9"},
		{"::ffff:203.0.113.9", "203.0.113.9"},
		{"10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"203.0.113.9, 2001:db8:ffff::1", "203.0.113.9"},
		/* what is no address ends it */
		{"203.0.113.9, unknown", "10.0.0.1"},
		{"203.0.113.9, unknown, 10.0.0.2", "10.0.0.1"},
		{"203.0.113.9,", "10.0.0.1"},
		{"", "10.0.0.1"},
		{",", "10.0.0.1"},
		{"203.0.113.0/24", "10.0.0.1"},
		{"[2001:db8::9", "10.0.0.1"},
		{"[2001:db8::9]x", "10.0.0.1"},
		{"fe80::1%eth0", "10.0.0.1"},
		{"\"203.0.113.9\"", "10.0.0.1"},
		{"0000000000000000000000000000000000000000000000000000000000001", "10.0.0.1"},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_remote("X-Forwarded-For", "10.0.0.1",
			arena_printf(&arena, "HTTP_X_FORWARDED_FOR=%s", cases[i].value), cases[i].client);
	arena_free(&arena);
}

static void forwarded(void **state)
{
	static const struct {
		const char *value, *client;
	} cases[] = {
		{"for=203.0.113.9", "203.0.113.9"},
		{"For=203.0.113.9;Proto=https;by=10.0.0.1", "203.0.113.9"},
		{"proto=http; for=203.0.113.9", "203.0.113.9"},
		{"for=\"[2001:db8::9]:4711\"", "2001:db8::9"},
		{"for=\"[2001:db8::9]\";host=\"a,b;for=6.6.6.6\"", "2001:db8::9"},
		{"for=6.6.6.6, for=203.0.113.9, for=10.0.0.2", "203.0.113.9"},
		{"for=\", for=203.0.113.9", "203.0.113.9"},
		{"for=6.6.6.6;x=\", for=\"[2001:db8::9]\"", "2001:db8::9"},
		{"for=unknown", "10.0.0.1"},
		{"for=_hidden, for=10.0.0.2", "10.0.0.1"},
		{"for=203.0.113.9, by=10.0.0.2", "10.0.0.1"},
		{"203.0.113.9", "10.0.0.1"},
		{"fore=203.0.113.9", "10.0.0.1"},
		{"for=", "10.0.0.1"},
		{"", "10.0.0.1"},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_remote("Forwarded", "10.0.0.1", arena_printf(&arena, "HTTP_FORWARDED=%s", cases[i].value),
			cases[i].client);
	arena_free(&arena);
}

static void only_the_field_of_the_proxies_counts(void **state)
{
	(void)state;
	assert_remote("X-Forwarded-For", "10.0.0.1", "HTTP_X_REAL_IP=203.0.113.9", "10.0.0.1");
	assert_remote("X-Real-IP", "10.0.0.1", "HTTP_X_FORWARDED_FOR=203.0.113.9", "10.0.0.1");
	assert_remote("X-Real-IP", "10.0.0.1", "HTTP_X_REAL_IP=203.0.113.9", "203.0.113.9");
}

static void nobody_else_is_believed(void **state)
{
	static const char *const params[] = {"HTTP_X_FORWARDED_FOR=203.0.113.9", "HTTP_X_FORWARDED_PROTO=https", NULL};
	static const char *const peers[] = {"198.51.100.1", "11.0.0.1", "2001:db8:fffe::1", "127.0.0.2", "", "unix:"};
	struct memory_transport transport = {0};
	struct request request = {.transport = &transport.base, .remote = "10.0.0.1"};

	(void)state;
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
		struct seen seen = see("X-Forwarded-For", peers[i], params);

		assert_string_equal(seen.remote, peers[i]);
		assert_false(seen.proxied || seen.https);
	}
	assert_int_equal(client_settle(&request, NULL, NULL), ERR_OK);
	assert_string_equal(request.remote, "10.0.0.1");
	assert_false(request.proxied);
}

static void the_peer_is_known_in_any_spelling(void **state)
{
	(void)state;
	assert_remote("X-Forwarded-For", "::ffff:10.0.0.1", "HTTP_X_FORWARDED_FOR=203.0.113.9", "203.0.113.9");
	assert_remote("X-Forwarded-For", "2001:DB8:FFFF:0::1", "HTTP_X_FORWARDED_FOR=203.0.113.9", "203.0.113.9");
}

/* A proxy may add a line of its own below the client's. */
static void lines_are_one_list(void **state)
{
	static const char *const params[] = {
		"HTTP_X_FORWARDED_FOR=6.6.6.6", "REMOTE_PORT=1", "HTTP_X_FORWARDED_FOR=203.0.113.9", NULL};

	(void)state;
	assert_string_equal(see("X-Forwarded-For", "10.0.0.1", params).remote, "203.0.113.9");
}

/* The first line is the proxy's, the second one a client's X_Forwarded_For; another order tells no more. */
static void a_second_spelling_is_refused_where_it_passes_for_the_field(void **state)
{
	static const struct {
		const char *server;
		enum err err;
	} cases[] = {{"SERVER_SOFTWARE=lighttpd/1.4.69", ERR_BAD_REQUEST}, {"SERVER_SOFTWARE=its tag", ERR_BAD_REQUEST},
		{"SERVER_SOFTWARE=nginx/1.22.1", ERR_OK}, {"SERVER_NAME=nginx, by our example", ERR_OK}};
	const struct client_trust trust = {proxies, PROXIES, "X-Forwarded-For"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const params[] = {
			cases[i].server, "HTTP_X_FORWARDED_FOR=203.0.113.9", "HTTP_X_FORWARDED_FOR=203.0.113.10", NULL};
		struct memory_transport transport;
		struct arena arena = {0};
		struct request request = {.arena = &arena, .transport = &transport.base, .remote = "10.0.0.1"};

		memory_transport_init(&transport, params, "", 0);
		assert_int_equal(client_settle(&request, &trust, NULL), cases[i].err);
		assert_string_equal(request.remote, cases[i].err == ERR_OK ? "203.0.113.10" : "10.0.0.1");
		request.remote = "203.0.113.1";
		assert_int_equal(client_settle(&request, &trust, NULL), ERR_OK);
		assert_string_equal(request.remote, "203.0.113.1");
		assert_string_equal(see("X-Real-IP", "10.0.0.1", params).remote, "10.0.0.1");
		arena_free(&arena);
	}
}

static void the_scheme(void **state)
{
	static const struct {
		const char *field, *param;
		bool https;
	} cases[] = {
		{"X-Forwarded-For", "HTTP_X_FORWARDED_PROTO=https", true},
		{"X-Forwarded-For", "HTTP_X_FORWARDED_PROTO=HTTPS", true},
		{"X-Forwarded-For", "HTTP_X_FORWARDED_PROTO=http, https", true},
		{"X-Forwarded-For", "HTTP_X_FORWARDED_PROTO=https, http", false},
		{"X-Forwarded-For", "HTTP_X_FORWARDED_PROTO=httpsx", false},
		{"X-Forwarded-For", "HTTP_FORWARDED=for=203.0.113.9;proto=https", false},
		{"Forwarded", "HTTP_X_FORWARDED_PROTO=https", false},
		{"Forwarded", "HTTP_FORWARDED=for=203.0.113.9;proto=https", true},
		{"Forwarded", "HTTP_FORWARDED=for=203.0.113.9;proto=https, for=10.0.0.2;proto=http", true},
		{"Forwarded", "HTTP_FORWARDED=for=6.6.6.6;proto=https, for=203.0.113.9;proto=http", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const params[] = {cases[i].param, NULL};
		struct seen seen = see(cases[i].field, "10.0.0.1", params);

		assert_true(seen.proxied);
		if (seen.https != cases[i].https)
			fail_msg("%s: %s", cases[i].field, cases[i].param);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x_forwarded_for),
		cmocka_unit_test(forwarded),
		cmocka_unit_test(only_the_field_of_the_proxies_counts),
		cmocka_unit_test(nobody_else_is_believed),
		cmocka_unit_test(the_peer_is_known_in_any_spelling),
		cmocka_unit_test(lines_are_one_list),
		cmocka_unit_test(a_second_spelling_is_refused_where_it_passes_for_the_field),
		cmocka_unit_test(the_scheme),
	};

	return cmocka_run_group_tests(tests, read_proxies, NULL);
}
