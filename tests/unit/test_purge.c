/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "fixture.h"
#include "http_stub.h"
#include "model/rendition.h"
#include "model/stored.h"
#include "storage/purge.h"
#include "storage/purge_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define FIRST "01hzy3v9k8m2n4p6q8r0s2t4v6"
#define SECOND "01jd5w3k9q2m8x7c4b6v0n1ztr"

/* What a cache was asked, a line for each request, and what it answers. */
struct stage {
	struct fixture *fixture;
	struct http_stub *stub;
	struct buf asked;
	const char *name; /* of the header that is noted, too */
	const char *status;
	struct conf_purge target;
};

static struct stage stage;

static const struct purge tracks[] = {{FIRST, "low.mp4 high.mp4", "low high", 7}, {SECOND, "", "", 8}};

static void handle(void *context, const struct http_stub_request *request, struct buf *answer)
{
	char value[256];

	(void)context;
	buf_printf(&stage.asked, "%s %s %s%.*s\n", request->method, request->target,
		http_stub_header(request, stage.name, value, sizeof value), (int)request->body_length, request->body);
	http_stub_answer(answer, stage.status, "", "{}");
}

static const char *key_file(const char *text, mode_t mode)
{
	const char *path = arena_printf(&stage.fixture->arena, "%s/key", stage.fixture->dir);

	assert_int_equal(fs_write_file(path, text, strlen(text), mode, NULL), ERR_OK);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static int set_up(void **state)
{
	memset(&stage, 0, sizeof stage);
	if (fixture_dir(state) != 0)
		return -1;
	stage.fixture = *state;
	stage.status = "200 OK";
	buf_init(&stage.asked, 1 << 20);
	stage.stub = http_stub_start(handle, NULL);
	stage.target = (struct conf_purge){.name = "edge", .url = http_stub_url(stage.stub), .zone = "zone",
		.key_file = key_file("word\n", 0600)};
	return 0;
}

static int tear_down(void **state)
{
	http_stub_stop(stage.stub);
	buf_free(&stage.asked);
	return fixture_remove(state);
}

/* Tells a cache of KIND the first COUNT tracks; ASKED is what it was asked then, with its header NAME. */
static enum err told(const char *kind, const char *name, size_t count, const char *asked)
{
	struct err_info info = {0};
	enum err err;

	buf_clear(&stage.asked);
	stage.target.kind = kind;
	stage.name = name;
	err = purge_tell(&stage.target, tracks, count, NULL, NULL, &info);
	if (asked != NULL)
		assert_string_equal(buf_text(&stage.asked), asked);
	return err;
}

static void several_go_in_one_request(void **state)
{
	(void)state;
	assert_int_equal(told("varnish", "xkey-purge", 2, "PURGE / " FIRST " " SECOND "\n"), ERR_OK);
	assert_int_equal(told("varnish", "x-tonearm-purge", 1, "PURGE / word\n"), ERR_OK);
	assert_int_equal(told("varnish-ban", "x-ban-tags", 2, "PURGE / " FIRST "|" SECOND "\n"), ERR_OK);
	assert_int_equal(told("fastly", "surrogate-key", 2, "POST /service/zone/purge " FIRST " " SECOND "\n"), ERR_OK);
	assert_int_equal(told("fastly", "fastly-key", 1, "POST /service/zone/purge word\n"), ERR_OK);
	assert_int_equal(told("cloudflare", "authorization", 2,
				 "POST /client/v4/zones/zone/purge_cache Bearer word{\"tags\":[\"" FIRST "\",\"" SECOND
				 "\"]}\n"),
		ERR_OK);
}

static void addresses_are_those_of_the_files(void **state)
{
	static const char *const places[] = {"/media/" FIRST "/low.mp4", "/media/" FIRST "/high.mp4",
		"/hls/" FIRST "/low/playlist.m3u8", "/hls/" FIRST "/high/playlist.m3u8", "/hls/" FIRST "/master.m3u8",
		"/dash/" FIRST "/manifest.mpd", "/hls/" SECOND "/master.m3u8", "/dash/" SECOND "/manifest.mpd"};
	char expected[2048] = "", refreshed[2048] = "";

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "PURGE %s word\n", places[i]);
		snprintf(refreshed + strlen(refreshed), sizeof refreshed - strlen(refreshed), "GET %s word\n", places[i]);
	}
	assert_int_equal(told("nginx", "x-tonearm-purge", 2, expected), ERR_OK);
	assert_int_equal(told("nginx-refresh", "x-tonearm-purge", 2, refreshed), ERR_OK);
	/* What it does not have is purged, and what the origin refuses is kept as refused. */
	stage.status = "404 Not Found";
	assert_int_equal(told("nginx", "x-tonearm-purge", 2, expected), ERR_OK);
	stage.status = "403 Forbidden";
	assert_int_equal(told("nginx-refresh", "x-tonearm-purge", 2, refreshed), ERR_OK);
	assert_int_equal(told("nginx", "x-tonearm-purge", 2, NULL), ERR_FORBIDDEN);
}

/* The same asked for again is the same invalidation; asked for anew it is another. */
static void an_invalidation_has_a_name(void **state)
{
	struct purge anew = tracks[0];
	const char *first;

	(void)state;
	stage.target.key_file =
		key_file("[default]\naws_access_key_id = AKID\naws_secret_access_key = very secret\n", 0600);
	assert_int_equal(told("cloudfront", "content-type", 1, NULL), ERR_OK);
	first = arena_strdup(&stage.fixture->arena, buf_text(&stage.asked));
	assert_non_null(strstr(first, "POST /2020-05-31/distribution/zone/invalidation text/xml"));
	assert_non_null(strstr(first, "<Quantity>4</Quantity><Items><Path>/media/" FIRST "/*</Path>"));
	assert_int_equal(told("cloudfront", "content-type", 1, first), ERR_OK);
	anew.asked_ms++;
	buf_clear(&stage.asked);
	assert_int_equal(purge_tell(&stage.target, &anew, 1, NULL, NULL, NULL), ERR_OK);
	assert_string_not_equal(buf_text(&stage.asked), first);
	assert_int_equal(strlen(buf_text(&stage.asked)), strlen(first));
}

static void what_does_not_accept_is_told_of(void **state)
{
	static const struct {
		const char *status;
		enum err err;
	} cases[] = {{"204 No Content", ERR_OK}, {"301 Moved", ERR_IO}, {"401 Unauthorized", ERR_FORBIDDEN},
		{"403 Forbidden", ERR_FORBIDDEN}, {"404 Not Found", ERR_IO}, {"429 Slow", ERR_BUSY}, {"503 Busy", ERR_BUSY}};
	atomic_bool stop = true;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage.status = cases[i].status;
		assert_int_equal(told("fastly", "accept", 1, NULL), cases[i].err);
	}
	assert_int_equal(purge_tell(&stage.target, tracks, 1, NULL, &stop, NULL), ERR_ABORTED);
}

static void a_key_that_others_may_read_is_none(void **state)
{
	(void)state;
	stage.target.key_file = key_file("word\n", 0644);
	assert_int_equal(told("fastly", "accept", 1, ""), ERR_FORBIDDEN);
	assert_int_equal(told("varnish", "accept", 1, ""), ERR_FORBIDDEN);
	stage.target.key_file = "";
	assert_int_equal(told("varnish", "x-tonearm-purge", 1, "PURGE / \n"), ERR_OK);
}

/* What a cache has of it is whole. */
static void a_damaged_file_is_to_be_forgotten_too(void **state)
{
	struct conf_purge edge = {.name = "edge", .kind = "nginx"};
	const struct conf conf = {.purges = &edge, .purge_count = 1};
	struct rendition low = {.track = FIRST, .quality = "low", .codec = "aac", .container = "cmaf", .file = "low.mp4"};
	const struct stored stored = {.what = STORED_RENDITION, .track = FIRST, .name = "low"};
	struct fixture *fixture = *state;
	struct track track = {.id = FIRST, .owner = ""};
	struct purge *list;
	size_t count;
	bool news;

	assert_int_equal(track_insert(fixture->db, &track, NULL), ERR_OK);
	assert_int_equal(rendition_put(fixture->db, &low, NULL), ERR_OK);
	assert_int_equal(stored_mark(fixture->db, &stored, DAMAGE_ALTERED, "", 1, &news, NULL), ERR_OK);
	assert_true(news);
	assert_int_equal(purge_order(&conf, fixture->db, NULL, FIRST, &fixture->arena, NULL), ERR_OK);
	assert_int_equal(purge_list(fixture->db, "edge", 2, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].files, "low.mp4");
	assert_string_equal(list[0].qualities, "low");
}

static void a_request_has_its_bounds(void **state)
{
	static const struct {
		const char *kind;
		size_t most;
	} cases[] = {{"varnish", 100}, {"nginx", 100}, {"fastly", 100}, {"cloudflare", 30}, {"cloudfront", 3}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage.target.kind = cases[i].kind;
		assert_int_equal(purge_at_once(&stage.target), cases[i].most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(several_go_in_one_request, set_up, tear_down),
		cmocka_unit_test_setup_teardown(addresses_are_those_of_the_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_invalidation_has_a_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_accept_is_told_of, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_that_others_may_read_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_to_be_forgotten_too, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_request_has_its_bounds, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
