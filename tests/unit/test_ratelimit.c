/* SPDX-License-Identifier: MIT */
/*
 * The rules of limits.rates and limits.robots: what counts, for whom, and what the answer tells; with a clock of our
 * own.
 */
#include "auth/ratelimit.h"
#include "fixture.h"
#include "memory_transport.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ALICE = 1001, BOB = 1002 };

static const int64_t began = INT64_C(1700000000000);

struct scene {
	struct fixture *fixture;
	struct conf conf;
	struct clock clock;
	int64_t now_ms;
	struct network exempt;
	struct ratelimit *limits;
	struct memory_transport transport;
	struct request request;
	struct err_info info;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	void *fixture;

	if (scene == NULL || fixture_dir(&fixture) != 0)
		return -1;
	scene->fixture = fixture;
	scene->now_ms = began;
	scene->clock = (struct clock){told_ms, &scene->now_ms};
	scene->conf = (struct conf){.ipv6_prefix = 64, .stream_idle_s = 20};
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	void *fixture = scene->fixture;

	ratelimit_close(scene->limits);
	free(scene);
	return fixture_remove(&fixture);
}

static void with_rules(struct scene *scene, struct conf_rate *rates, size_t count)
{
	const char *path = arena_printf(&scene->fixture->arena, "%s/limits", scene->fixture->dir);

	scene->conf.rates = rates;
	scene->conf.rate_count = count;
	assert_int_equal(
		ratelimit_open(&scene->conf, path, NULL, &scene->clock, &scene->limits, &scene->info), ERR_OK);
}

/* A request from REMOTE; PARAM ("HTTP_COOKIE=...") and QUERY may be NULL. */
static struct request *ask(struct scene *scene, const char *remote, const char *param, const char *query)
{
	const char **params = arena_array(&scene->fixture->arena, 2, sizeof *params);

	params[0] = param;
	memory_transport_init(&scene->transport, params, "", 0);
	scene->request = (struct request){.arena = &scene->fixture->arena,
		.transport = &scene->transport.base,
		.method = HTTP_GET,
		.query = query != NULL ? query : "",
		.remote = remote};
	return &scene->request;
}

static enum err admit(struct scene *scene, const char *remote, enum conf_route route)
{
	return ratelimit_admit(scene->limits, ask(scene, remote, NULL, NULL), route, &scene->info);
}

static enum err admit_with(struct scene *scene, const char *param, const char *query)
{
	return ratelimit_admit(
		scene->limits, ask(scene, "192.0.2.7", param, query), CONF_PLAYLIST, &scene->info);
}

static void what_requests_count_as(void **state)
{
	static const struct {
		enum http_method method;
		const char *pattern;
		enum conf_route route;
	} cases[] = {
		{HTTP_GET, "/hls/{track}/master.m3u8", CONF_PLAYLIST},
		{HTTP_GET, "/hls/{track}/{quality}/playlist.m3u8", CONF_PLAYLIST},
		{HTTP_GET, "/dash/{track}/manifest.mpd", CONF_PLAYLIST},
		{HTTP_GET, "/hls/{track}/{quality}/{n}.m4s", CONF_MEDIA},
		{HTTP_GET, "/stream/{file}", CONF_MEDIA},
		{HTTP_GET, "/media/{track}/{name}", CONF_MEDIA},
		{HTTP_POST, "/keys/clearkey", CONF_KEY},
		{HTTP_POST, "/auth/token", CONF_AUTH},
		{HTTP_POST, "/api/v1/tracks", CONF_UPLOAD},
		{HTTP_GET, "/api/v1/tracks", CONF_API},
		{HTTP_PATCH, "/uploads/{id}", CONF_UPLOAD},
		{HTTP_GET, "/internal/jobs", CONF_API},
		{HTTP_GET, "/healthz", CONF_ROUTES},
		{HTTP_GET, "/metrics", CONF_ROUTES},
		{HTTP_GET, "/auth/check", CONF_ROUTES},
		{HTTP_GET, "/robots.txt", CONF_ROUTES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (ratelimit_route(cases[i].method, cases[i].pattern) != cases[i].route)
			fail_msg("%s", cases[i].pattern);
	}
}

static void addresses(void **state)
{
	static struct conf_rate rates[] = {
		{"lists", 1 << CONF_PLAYLIST, CONF_BY_ADDRESS, .requests = 0.5, .burst = 2}};
	struct scene *scene = *state;

	with_rules(scene, rates, 1);
	assert_int_equal(admit(scene, "192.0.2.7", CONF_PLAYLIST), ERR_OK);
	assert_string_equal(scene->request.quota.policies, "\"lists\";q=2;w=4");
	assert_string_equal(scene->request.quota.states, "\"lists\";r=1;t=2");
	assert_int_equal(admit(scene, "::ffff:192.0.2.7", CONF_PLAYLIST), ERR_OK);
	scene->now_ms += 1500;
	assert_int_equal(admit(scene, "192.0.2.7", CONF_PLAYLIST), ERR_TOO_MANY);
	assert_string_equal(scene->request.quota.states, "\"lists\";r=0;t=1");
	assert_int_equal(scene->request.quota.retry_s, 1);
	assert_string_equal(scene->info.detail, "too many requests (limit lists): come again in 1 s");
	assert_int_equal(admit(scene, "192.0.2.8", CONF_PLAYLIST), ERR_OK);
	assert_int_equal(admit(scene, "192.0.2.7", CONF_MEDIA), ERR_OK);
	assert_null(scene->request.quota.policies);
	assert_int_equal(admit(scene, "192.0.2.7", CONF_ROUTES), ERR_OK);
	/* one subscriber has a /64 */
	assert_int_equal(admit(scene, "2001:db8::1", CONF_PLAYLIST), ERR_OK);
	assert_int_equal(admit(scene, "2001:db8::ffff:0:0:2", CONF_PLAYLIST), ERR_OK);
	assert_int_equal(admit(scene, "2001:db8:0:0:1::3", CONF_PLAYLIST), ERR_TOO_MANY);
	assert_int_equal(admit(scene, "2001:db8:0:1::1", CONF_PLAYLIST), ERR_OK);
	/* a server that tells no address */
	assert_int_equal(admit(scene, "", CONF_PLAYLIST), ERR_OK);
	assert_int_equal(admit(scene, "", CONF_PLAYLIST), ERR_OK);
	assert_int_equal(admit(scene, "", CONF_PLAYLIST), ERR_TOO_MANY);
}

static void some_are_exempt(void **state)
{
	static struct conf_rate rates[] = {{"all", 1 << CONF_API, CONF_BY_ALL, .requests = 1, .burst = 1}};
	struct scene *scene = *state;

	assert_true(network_read("127.0.0.0/8", &scene->exempt));
	scene->conf.exempt = (struct conf_networks){&scene->exempt, 1};
	with_rules(scene, rates, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(admit(scene, "127.0.0.1", CONF_API), ERR_OK);
	assert_int_equal(ratelimit_subject(scene->limits, &scene->request, ALICE, &scene->info), ERR_OK);
	assert_int_equal(admit(scene, "192.0.2.7", CONF_API), ERR_OK);
	assert_int_equal(admit(scene, "192.0.2.8", CONF_API), ERR_TOO_MANY);
}

/* Who is counted by his subject is not by any address, and counts once for each request. */
static void subjects(void **state)
{
	static struct conf_rate rates[] = {
		{"address", 1 << CONF_API, CONF_BY_ADDRESS, .requests = 1, .burst = 100},
		{"subject", 1 << CONF_API, CONF_BY_SUBJECT, .requests = 1, .burst = 2},
	};
	struct scene *scene = *state;

	with_rules(scene, rates, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(admit(scene, "192.0.2.7", CONF_API), ERR_OK);
		assert_int_equal(ratelimit_subject(scene->limits, &scene->request, ALICE, &scene->info), ERR_OK);
		assert_int_equal(ratelimit_subject(scene->limits, &scene->request, ALICE, &scene->info), ERR_OK);
	}
	assert_string_equal(scene->request.quota.policies, "\"address\";q=100;w=100, \"subject\";q=2;w=2");
	assert_string_equal(scene->request.quota.states, "\"address\";r=98;t=1, \"subject\";r=0;t=1");
	assert_int_equal(admit(scene, "192.0.2.8", CONF_API), ERR_OK);
	assert_int_equal(ratelimit_subject(scene->limits, &scene->request, ALICE, &scene->info), ERR_TOO_MANY);
	/* a second credential does not help */
	assert_int_equal(ratelimit_subject(scene->limits, &scene->request, BOB, &scene->info), ERR_TOO_MANY);
	assert_int_equal(admit(scene, "192.0.2.7", CONF_API), ERR_OK);
	assert_int_equal(ratelimit_subject(scene->limits, &scene->request, BOB, &scene->info), ERR_OK);
}

/* Requests for playlists one after the other that never bring a cookie. */
static void strangers(void **state)
{
	static struct conf_rate rates[] = {
		{"strangers", 1 << CONF_PLAYLIST, CONF_BY_STRANGER, .requests = 0.1, .burst = 1}};
	struct scene *scene = *state;

	with_rules(scene, rates, 1);
	assert_int_equal(admit_with(scene, NULL, "quality=high"), ERR_OK);
	assert_int_equal(admit_with(scene, NULL, "quality=high"), ERR_TOO_MANY);
	assert_int_equal(scene->request.quota.retry_s, 10);
	assert_int_equal(admit_with(scene, "HTTP_COOKIE=a=b", NULL), ERR_OK);
	assert_int_equal(admit_with(scene, "HTTP_AUTHORIZATION=Bearer x", NULL), ERR_OK);
	assert_int_equal(admit_with(scene, NULL, "expires=1&grant=00"), ERR_OK);
	assert_int_equal(admit_with(scene, NULL, "expires=1&sig=00"), ERR_OK);
	assert_int_equal(admit_with(scene, NULL, "token=x"), ERR_OK);
}

static void robots(void **state)
{
	static struct conf_robot list[] = {{"badbot", 0, 0}, {"GoodBot", 1, 2}};
	struct scene *scene = *state;

	scene->conf.robots = list;
	scene->conf.robot_count = 2;
	with_rules(scene, NULL, 0);
	assert_int_equal(admit_with(scene, "HTTP_USER_AGENT=Mozilla/5.0 (BadBot/2.1)", NULL), ERR_FORBIDDEN);
	assert_int_equal(admit_with(scene, "HTTP_USER_AGENT=Mozilla/5.0", NULL), ERR_OK);
	assert_int_equal(admit_with(scene, NULL, NULL), ERR_OK);
	assert_int_equal(admit_with(scene, "HTTP_USER_AGENT=goodbot", NULL), ERR_OK);
	assert_int_equal(admit_with(scene, "HTTP_USER_AGENT=GOODBOT/3", NULL), ERR_OK);
	assert_int_equal(admit_with(scene, "HTTP_USER_AGENT=goodbot", NULL), ERR_TOO_MANY);
	assert_int_equal(scene->request.quota.retry_s, 1);
}

static enum err play(struct scene *scene, const char *remote, const char *agent, uint64_t subject, const char *track,
	int64_t lasts_ms)
{
	const struct ratelimit_sound sound = {
		.track = track, .subject = subject, .lasts_ms = lasts_ms, .bytes = 1000};
	struct request *request = ask(scene, remote, agent, NULL);

	assert_int_equal(ratelimit_admit(scene->limits, request, CONF_MEDIA, &scene->info), ERR_OK);
	return ratelimit_sound(scene->limits, request, &sound, &scene->info);
}

static void streams(void **state)
{
	static struct conf_rate rates[] = {{"streams", 1 << CONF_MEDIA, CONF_BY_SUBJECT, .streams = 2}};
	static const char phone[] = "HTTP_USER_AGENT=phone", desk[] = "HTTP_USER_AGENT=desk";
	const struct ratelimit_sound song = {.track = "song", .subject = ALICE};
	struct scene *scene = *state;

	with_rules(scene, rates, 1);
	assert_int_equal(play(scene, "192.0.2.7", phone, ALICE, "song", 60000), ERR_OK);
	assert_string_equal(scene->request.quota.policies, "\"streams\";q=2;qu=\"concurrent-requests\"");
	assert_string_equal(scene->request.quota.states, "\"streams\";r=1;t=0");
	assert_int_equal(play(scene, "192.0.2.7", phone, ALICE, "song", 4000), ERR_OK);
	assert_int_equal(play(scene, "192.0.2.7", desk, ALICE, "song", 60000), ERR_OK);
	assert_int_equal(play(scene, "192.0.2.9", phone, ALICE, "song", 60000), ERR_TOO_MANY);
	assert_int_equal(scene->request.quota.retry_s, 80);
	assert_int_equal(play(scene, "192.0.2.9", phone, BOB, "song", 60000), ERR_OK);
	assert_int_equal(play(scene, "192.0.2.9", phone, 0, "song", 60000), ERR_OK);
	/* HEAD asks for nothing */
	ask(scene, "192.0.2.9", phone, NULL)->method = HTTP_HEAD;
	assert_int_equal(ratelimit_admit(scene->limits, &scene->request, CONF_MEDIA, &scene->info), ERR_OK);
	assert_int_equal(ratelimit_sound(scene->limits, &scene->request, &song, &scene->info), ERR_OK);
	/* the phone stops: its transfer broke off */
	ask(scene, "192.0.2.7", phone, NULL);
	assert_int_equal(ratelimit_admit(scene->limits, &scene->request, CONF_MEDIA, &scene->info), ERR_OK);
	ratelimit_silence(scene->limits, &scene->request, &song);
	scene->now_ms += 20001;
	assert_int_equal(play(scene, "192.0.2.9", phone, ALICE, "song", 60000), ERR_OK);
	assert_int_equal(play(scene, "192.0.2.7", phone, ALICE, "song", 60000), ERR_TOO_MANY);
	/* and the desk's file is over */
	scene->now_ms += 60001;
	assert_int_equal(play(scene, "192.0.2.7", phone, ALICE, "song", 60000), ERR_OK);
}

static void bytes(void **state)
{
	static struct conf_rate rates[] = {
		{"bytes", 1 << CONF_MEDIA, CONF_BY_ADDRESS, .bytes = 100, .burst = 1500}};
	struct scene *scene = *state;

	with_rules(scene, rates, 1);
	assert_int_equal(play(scene, "192.0.2.7", NULL, 0, "song", 0), ERR_OK);
	assert_string_equal(scene->request.quota.policies, "\"bytes\";q=1500;qu=\"content-bytes\";w=15");
	assert_string_equal(scene->request.quota.states, "\"bytes\";r=500;t=1");
	assert_int_equal(play(scene, "192.0.2.7", NULL, 0, "song", 0), ERR_OK);
	assert_int_equal(play(scene, "192.0.2.7", NULL, 0, "song", 0), ERR_TOO_MANY);
	assert_int_equal(scene->request.quota.retry_s, 6);
	assert_int_equal(play(scene, "192.0.2.8", NULL, 0, "song", 0), ERR_OK);
	scene->now_ms += 5011;
	assert_int_equal(play(scene, "192.0.2.7", NULL, 0, "song", 0), ERR_OK);
}

static void without_rules_there_is_nothing(void **state)
{
	struct scene *scene = *state;

	with_rules(scene, NULL, 0);
	assert_null(scene->limits);
	assert_int_equal(admit(scene, "192.0.2.7", CONF_API), ERR_OK);
	assert_int_equal(ratelimit_subject(NULL, &scene->request, ALICE, &scene->info), ERR_OK);
	assert_int_equal(
		ratelimit_sound(NULL, &scene->request, &(struct ratelimit_sound){.track = "x"}, &scene->info), ERR_OK);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_SCENE(what_requests_count_as),
		IN_SCENE(addresses),
		IN_SCENE(some_are_exempt),
		IN_SCENE(subjects),
		IN_SCENE(strangers),
		IN_SCENE(robots),
		IN_SCENE(streams),
		IN_SCENE(bytes),
		IN_SCENE(without_rules_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
