/* SPDX-License-Identifier: MIT */
/* Which credentials open what, with a clock of our own and requests from memory. */
#include "auth/access.h"
#include "auth/origin.h"
#include "auth/scope.h"
#include "auth/signed_url.h"
#include "auth/ticket.h"
#include "fixture.h"
#include "memory_transport.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1700000000 };

static const char track[] = "01aaaaaaaaaaaaaaaaaaaaaaaa";
static const struct conf conf = {
	.url_secret = "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
	.jwt_secret = "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj",
	.jwt_issuer = "",
	.jwt_audience = "",
	.jwks_file = "",
	.jwks_url = "",
	.jwks_algorithms = "",
	.grant_ttl_s = 3600,
	.run_dir = "/nonexistent",
	.geo_database = "",
	.geo_country_header = "CF-IPCountry",
	.geo_region_header = "CF-Region-Code",
	.geo_places = "*",
	.geo_unknown = "deny",
};
static int64_t now_ms = INT64_C(1000) * NOW_S;
static const struct track_audience public = {TRACK_PUBLIC, NULL}, private = {TRACK_PRIVATE, NULL};

static const struct clock at = {told_ms, &now_ms};

struct scene {
	struct access access;
	struct arena arena;
	struct memory_transport transport;
	struct request request;
	struct access_pass pass;
	struct err_info info;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	if (scene == NULL)
		return -1;
	*state = scene;
	return access_open(&scene->access, &conf, NULL, NULL, &at, &scene->info) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	access_close(&scene->access);
	buf_free(&scene->transport.out);
	arena_free(&scene->arena);
	free(scene);
	return 0;
}

/* The request of the scene: PARAM ("HTTP_COOKIE=...") may be NULL. */
static struct request *ask(struct scene *scene, const char *query, const char *param)
{
	const char **params = arena_array(&scene->arena, 2, sizeof *params);

	params[0] = param;
	memory_transport_init(&scene->transport, params, "", 0);
	scene->request = (struct request){
		.arena = &scene->arena, .transport = &scene->transport.base, .method = HTTP_GET, .query = query,
		.remote = "192.0.2.7"};
	return &scene->request;
}

static const char *token(struct scene *scene, const char *scope, int64_t expires)
{
	static const struct jwt_policy policy = {0};
	struct jwt_claims claims = {.subject = "alice", .scope = scope, .expires = expires};
	char *text;

	assert_int_equal(
		jwt_sign(scene->access.keys.keys[0], &claims, &policy, &scene->arena, &text, &scene->info), ERR_OK);
	return text;
}

static const char *with_token(struct scene *scene, const char *scope)
{
	return arena_printf(&scene->arena, "HTTP_AUTHORIZATION=Bearer %s", token(scene, scope, NOW_S + 60));
}

static const char *grant_query(struct scene *scene, const char *of, int64_t expires)
{
	char grant[HASH_HEX_SIZE];

	signed_url_grant(conf.url_secret, of, expires, grant);
	return arena_printf(&scene->arena, "expires=%lld&grant=%s", (long long)expires, grant);
}

static enum err listen(struct scene *scene, const char *query, const char *param, const char *file,
	const struct track_audience *audience)
{
	return access_listen(
		&scene->access, ask(scene, query, param), track, file, audience, &scene->pass, &scene->info);
}

static void a_public_track_needs_nothing(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(listen(scene, "", NULL, NULL, &public), ERR_OK);
	assert_int_equal(scene->pass.expires, 0);
	assert_string_equal(scene->pass.subject, "");
	assert_int_equal(listen(scene, "token=nonsense", "HTTP_AUTHORIZATION=Bearer x", NULL, &public), ERR_OK);
}

static void a_token_opens_wherever_it_stands(void **state)
{
	struct scene *scene = *state;
	const char *text = token(scene, SCOPE_STREAM_READ, NOW_S + 60);

	assert_int_equal(
		listen(scene, "", arena_printf(&scene->arena, "HTTP_AUTHORIZATION=Bearer %s", text), NULL, &private),
		ERR_OK);
	assert_true(scene->pass.by_token);
	assert_null(scene->pass.grant);
	assert_int_equal(scene->pass.expires, NOW_S + 60);
	assert_string_equal(scene->pass.subject, "alice");
	assert_int_equal(
		listen(scene, "", arena_printf(&scene->arena, "HTTP_AUTHORIZATION=bearer  %s", text), NULL, &private),
		ERR_OK);
	assert_int_equal(listen(scene, "", arena_printf(&scene->arena, "HTTP_COOKIE=a=b; tonearm_token=%s", text), NULL,
				 &private),
		ERR_OK);
	assert_int_equal(
		listen(scene, arena_printf(&scene->arena, "x=y&token=%s", text), NULL, NULL, &private), ERR_OK);
	assert_int_equal(
		listen(scene, "", arena_printf(&scene->arena, "HTTP_AUTHORIZATION=Basic %s", text), NULL, &private),
		ERR_UNAUTHORIZED);
	assert_int_equal(listen(scene, "", with_token(scene, "track:read jobs:read"), NULL, &private), ERR_FORBIDDEN);
}

static void nothing_and_wrong_look_the_same_for_no_track(void **state)
{
	struct scene *scene = *state;
	const char *grant = grant_query(scene, "01bbbbbbbbbbbbbbbbbbbbbbbb", NOW_S + 60);
	const char *queries[] = {"", "token=x", "expires=1&sig=00", "expires=9999999999&grant=00", grant};
	struct err_info first;

	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		enum err err = listen(scene, queries[i], NULL, "a.mp4", &private);

		assert_true(err == ERR_UNAUTHORIZED || err == ERR_FORBIDDEN);
		first = scene->info;
		assert_int_equal(listen(scene, queries[i], NULL, "a.mp4", NULL), err);
		assert_string_equal(scene->info.detail, first.detail);
	}
	assert_int_equal(listen(scene, "", with_token(scene, SCOPE_STREAM_READ), NULL, NULL), ERR_NOT_FOUND);
}

static void a_signature_opens_its_file_until_it_expires(void **state)
{
	struct scene *scene = *state;
	char sig[HASH_HEX_SIZE];
	const char *query;

	signed_url_stream(conf.url_secret, "a.mp4", NOW_S + 10, sig);
	query = arena_printf(&scene->arena, "expires=%d&sig=%s", NOW_S + 10, sig);
	assert_int_equal(listen(scene, query, NULL, "a.mp4", &private), ERR_OK);
	assert_int_equal(scene->pass.expires, NOW_S + 10);
	assert_false(scene->pass.by_token);
	assert_int_equal(listen(scene, query, NULL, "b.mp4", &private), ERR_FORBIDDEN);
	assert_int_equal(listen(scene, query, NULL, NULL, &private), ERR_UNAUTHORIZED); /* it is for /stream/ alone */
	now_ms += 10000;
	assert_int_equal(listen(scene, query, NULL, "a.mp4", &private), ERR_FORBIDDEN);
	now_ms -= 10000;
}

static void any_valid_credential_lets_in(void **state)
{
	struct scene *scene = *state;
	const char *stale =
		arena_printf(&scene->arena, "HTTP_COOKIE=tonearm_token=%s", token(scene, SCOPE_STREAM_READ, NOW_S));

	assert_int_equal(listen(scene, grant_query(scene, track, NOW_S + 60), stale, NULL, &private), ERR_OK);
	assert_non_null(scene->pass.grant);
	assert_int_equal(listen(scene, grant_query(scene, track, NOW_S), stale, NULL, &private), ERR_UNAUTHORIZED);
	assert_string_equal(scene->info.detail, "the token has expired");
}

static void children_get_a_grant_that_asking_does_not_prolong(void **state)
{
	struct scene *scene = *state;
	const char *query, *again;

	assert_int_equal(listen(scene, "", with_token(scene, SCOPE_STREAM_READ), NULL, &private), ERR_OK);
	query = access_child_query(&scene->access, &scene->pass, track, TRACK_PRIVATE, 90500, &scene->arena);
	assert_int_equal(strtoll(query + strlen("expires="), NULL, 10), (NOW_S + 90 + 3600 + 59) / 60 * 60);
	assert_int_equal(listen(scene, query, NULL, NULL, &private), ERR_OK);
	now_ms += 1000000;
	assert_int_equal(listen(scene, query, NULL, NULL, &private), ERR_OK);
	again = access_child_query(&scene->access, &scene->pass, track, TRACK_PRIVATE, 90500, &scene->arena);
	now_ms -= 1000000;
	assert_string_equal(again, query);
	assert_string_equal(
		access_child_query(&scene->access, &scene->pass, track, TRACK_PUBLIC, 90500, &scene->arena), "");
}

static const char *with_tracks(struct scene *scene, const char *id)
{
	static const struct jwt_policy policy = {0};
	struct jwt_claims claims = {.scope = SCOPE_STREAM_READ " " SCOPE_TRACK_WRITE,
		.expires = NOW_S + 60,
		.bounded = true,
		.tracks = &id,
		.track_count = 1};
	char *text;

	assert_int_equal(
		jwt_sign(scene->access.keys.keys[0], &claims, &policy, &scene->arena, &text, &scene->info), ERR_OK);
	return arena_printf(&scene->arena, "HTTP_AUTHORIZATION=Bearer %s", text);
}

static void a_token_for_tracks_reaches_no_further(void **state)
{
	struct scene *scene = *state;
	const char *ours = with_tracks(scene, track), *others = with_tracks(scene, "01bbbbbbbbbbbbbbbbbbbbbbbb");
	struct jwt_claims claims;

	assert_int_equal(listen(scene, "", ours, NULL, &private), ERR_OK);
	assert_int_equal(listen(scene, "", ours, NULL, NULL), ERR_NOT_FOUND);
	assert_int_equal(listen(scene, "", others, NULL, &private), ERR_FORBIDDEN);
	assert_int_equal(listen(scene, "", others, NULL, NULL), ERR_FORBIDDEN); /* whether there is one stays untold */
	assert_int_equal(listen(scene, "", others, NULL, &public), ERR_OK);
	assert_int_equal(
		access_scope(&scene->access, ask(scene, "", ours), SCOPE_TRACK_WRITE, &claims, &scene->info), ERR_OK);
	assert_int_equal(
		access_scope_all(&scene->access, ask(scene, "", ours), SCOPE_TRACK_WRITE, &claims, &scene->info),
		ERR_FORBIDDEN);
}

static void scopes_are_asked_for(void **state)
{
	struct scene *scene = *state;
	struct jwt_claims claims;

	assert_int_equal(access_scope(&scene->access, ask(scene, "", NULL), SCOPE_TRACK_WRITE, &claims, &scene->info),
		ERR_UNAUTHORIZED);
	assert_int_equal(access_scope(&scene->access, ask(scene, "", with_token(scene, SCOPE_TRACK_READ)),
				 SCOPE_TRACK_WRITE, &claims, &scene->info),
		ERR_FORBIDDEN);
	assert_int_equal(access_scope(&scene->access, ask(scene, "", with_token(scene, SCOPE_TRACK_READ)), NULL,
				 &claims, &scene->info),
		ERR_OK);
	assert_string_equal(claims.subject, "alice");
	assert_false(access_has_token(ask(scene, "", NULL)));
	assert_true(access_has_token(ask(scene, "token=x", NULL)));
}

static enum err listen_in(struct scene *scene, const char *places, const char *country, enum track_visibility visibility)
{
	const struct track_audience audience = {visibility, places};

	return listen(scene, "", country, NULL, &audience);
}

static void a_place_is_asked_for_where_it_matters(void **state)
{
	static const char germany[] = "TONEARM_COUNTRY=DE", france[] = "TONEARM_COUNTRY=FR", client[] = "HTTP_CF_IPCOUNTRY=DE";
	struct scene *scene = *state;

	assert_int_equal(listen_in(scene, NULL, france, TRACK_PUBLIC), ERR_OK);
	assert_false(scene->pass.placed);
	assert_int_equal(listen_in(scene, "DE AT", germany, TRACK_PUBLIC), ERR_OK);
	assert_true(scene->pass.placed);
	assert_int_equal(scene->pass.expires, 0);
	assert_int_equal(listen_in(scene, "DE AT", france, TRACK_PUBLIC), ERR_PLACE);
	assert_non_null(strstr(scene->info.detail, "FR"));
	assert_int_equal(listen_in(scene, "!FR", NULL, TRACK_PUBLIC), ERR_PLACE);
	assert_int_equal(listen_in(scene, "DE", client, TRACK_PUBLIC), ERR_PLACE);
	assert_true(scene->pass.placed);
	/* Who may not listen at all does not learn where others may. */
	assert_int_equal(listen_in(scene, "DE", france, TRACK_PRIVATE), ERR_UNAUTHORIZED);
	assert_int_equal(listen_in(scene, "DE", germany, TRACK_PRIVATE), ERR_UNAUTHORIZED);
}

static void a_place_counts_for_whoever_may_listen(void **state)
{
	const struct track_audience audience = {TRACK_PRIVATE, "DE"};
	struct scene *scene = *state;
	const char *grant = grant_query(scene, track, NOW_S + 60);

	assert_int_equal(listen(scene, grant, "TONEARM_COUNTRY=DE", NULL, &audience), ERR_OK);
	assert_true(scene->pass.placed && scene->pass.grant != NULL);
	assert_int_equal(listen(scene, grant, "TONEARM_COUNTRY=AT", NULL, &audience), ERR_PLACE);
	assert_int_equal(listen(scene, grant, NULL, NULL, &audience), ERR_PLACE);
	assert_int_equal(listen(scene, "", with_token(scene, "stream:read"), NULL, &audience), ERR_PLACE);
}

/* As listen(), for a request that limits concern, from ADDRESS. */
static enum err listen_limited(struct scene *scene, const char *address, const char *query, const char *param)
{
	struct request *request = ask(scene, query, param);

	request->remote = address;
	assert_int_equal(ratelimit_admit(scene->access.limits, request, CONF_MEDIA, &scene->info), ERR_OK);
	return access_listen(&scene->access, request, track, NULL, &private, &scene->pass, &scene->info);
}

/* Whom a credential counts for: see payer in access.h. */
static void limits_are_of_whom_a_credential_stands_for(void **state)
{
	static struct conf_rate rate = {
		"mine", 1 << CONF_MEDIA, CONF_BY_SUBJECT, .requests = 0.001, .burst = 2};
	const struct conf limited = {.rates = &rate, .rate_count = 1, .ipv6_prefix = 64};
	struct origin handed = {.token = 7, .subject = origin_tag("alice")};
	struct origin signed_by_hand = {.token = ORIGIN_SIGNED, .subject = origin_tag("alice")};
	struct ticket ticket = {.kind = TICKET_GRANT, .name = track, .expires = NOW_S + 60, .network = ""};
	struct scene *scene = *state;
	struct ratelimit *limits;
	const char *child, *link;
	void *fixture;

	assert_int_equal(fixture_dir(&fixture), 0);
	assert_int_equal(ratelimit_open(&limited,
				 arena_printf(&scene->arena, "%s/limits", ((struct fixture *)fixture)->dir), NULL, &at,
				 &limits, &scene->info),
		ERR_OK);
	scene->access.limits = limits;
	ticket.origin = origin_write(&handed, &scene->arena);
	child = ticket_write(&conf, &ticket, &scene->arena);
	ticket.origin = origin_write(&signed_by_hand, &scene->arena);
	link = ticket_write(&conf, &ticket, &scene->arena);
	/* a token, and what a manifest handed out for it, from anywhere */
	assert_int_equal(listen_limited(scene, "192.0.2.1", "", with_token(scene, SCOPE_STREAM_READ)), ERR_OK);
	assert_int_equal(listen_limited(scene, "192.0.2.2", child, NULL), ERR_OK);
	assert_int_equal(listen_limited(scene, "192.0.2.3", child, NULL), ERR_TOO_MANY);
	assert_int_equal(
		listen_limited(scene, "192.0.2.4", child, with_token(scene, SCOPE_STREAM_READ)), ERR_TOO_MANY);
	/* what does not let in counts for nobody */
	assert_int_equal(listen_limited(scene, "192.0.2.5", "expires=1&grant=00", NULL), ERR_FORBIDDEN);
	/* a signed address counts for each address that uses it, whatever else its query says */
	for (int i = 0; i < 2; i++)
		assert_int_equal(listen_limited(scene, "192.0.2.6",
					 arena_printf(&scene->arena, "%s&x=%d", link, i), NULL),
			ERR_OK);
	assert_int_equal(listen_limited(scene, "192.0.2.6", link, NULL), ERR_TOO_MANY);
	assert_int_equal(listen_limited(scene, "192.0.2.7", link, NULL), ERR_OK);
	scene->access.limits = NULL;
	ratelimit_close(limits);
	fixture_remove(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_public_track_needs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_opens_wherever_it_stands, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_and_wrong_look_the_same_for_no_track, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signature_opens_its_file_until_it_expires, setup, teardown),
		cmocka_unit_test_setup_teardown(any_valid_credential_lets_in, setup, teardown),
		cmocka_unit_test_setup_teardown(children_get_a_grant_that_asking_does_not_prolong, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_for_tracks_reaches_no_further, setup, teardown),
		cmocka_unit_test_setup_teardown(a_place_is_asked_for_where_it_matters, setup, teardown),
		cmocka_unit_test_setup_teardown(a_place_counts_for_whoever_may_listen, setup, teardown),
		cmocka_unit_test_setup_teardown(scopes_are_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_are_of_whom_a_credential_stands_for, setup, teardown),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
