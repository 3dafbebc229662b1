/* SPDX-License-Identifier: MIT */
#include "auth/jwt.h"
#include "auth/scope.h"
#include "told_clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

static int64_t now_ms = INT64_C(1700000000000);
static struct clock at = {told_ms, &now_ms};
static struct jwt_policy policy = {.clock = &at};

struct fixture {
	struct arena arena;
	struct jwt_key *key; /* the one on the ring */
	struct keyring keys;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct err_info info;

	if (fixture == NULL)
		return -1;
	*state = fixture;
	if (jwt_key_new(secret, &fixture->key, &info) != ERR_OK)
		return -1;
	return keyring_add(&fixture->keys, fixture->key, &info) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	keyring_clear(&fixture->keys);
	arena_free(&fixture->arena);
	free(fixture);
	return 0;
}

/* A token whose payload is PAYLOAD, signed with the fixture's key. */
static const char *token_of(struct fixture *fixture, const char *payload)
{
	struct err_info info;
	char *token;

	assert_int_equal(jws_sign(fixture->key, payload, strlen(payload), &fixture->arena, &token, &info), ERR_OK);
	return token;
}

static enum err verify(struct fixture *fixture, const char *payload)
{
	struct jwt_claims claims;
	struct err_info info = {0};

	return jwt_verify(&fixture->keys, &policy, token_of(fixture, payload), &fixture->arena, &claims, &info);
}

static void signs_what_it_verifies(void **state)
{
	struct fixture *fixture = *state;
	struct jwt_claims claims = {.subject = "alice",
		.scope = "track:read track:write",
		.id = "id-1",
		.expires = 1700000100,
		.not_before = 1699999990,
		.issued = 1699999995};
	struct jwt_claims back;
	struct err_info info;
	char *token;

	assert_int_equal(
		jwt_sign(fixture->key, &claims, &(struct jwt_policy){.issuer = "me"}, &fixture->arena, &token, &info),
		ERR_OK);
	assert_int_equal(jwt_verify(&fixture->keys, &policy, token, &fixture->arena, &back, &info), ERR_OK);
	assert_string_equal(back.subject, "alice");
	assert_string_equal(back.scope, "track:read track:write");
	assert_string_equal(back.id, "id-1");
	assert_int_equal(back.expires, 1700000100);
	assert_int_equal(back.not_before, 1699999990);
	assert_int_equal(back.issued, 1699999995);
}

static void absent_claims_are_empty(void **state)
{
	struct fixture *fixture = *state;
	struct jwt_claims back;
	struct err_info info;

	assert_int_equal(jwt_verify(&fixture->keys, &policy, token_of(fixture, "{\"exp\":1700000001}"), &fixture->arena,
				 &back, &info),
		ERR_OK);
	assert_string_equal(back.subject, "");
	assert_string_equal(back.scope, "");
	assert_string_equal(back.id, "");
	assert_int_equal(back.not_before, 0);
}

static void times_bound_a_token(void **state)
{
	assert_int_equal(verify(*state, "{\"exp\":1700000001}"), ERR_OK);
	assert_int_equal(verify(*state, "{\"exp\":1700000001.5}"), ERR_OK);
	assert_int_equal(verify(*state, "{\"exp\":1700000000}"), ERR_UNAUTHORIZED);
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"nbf\":1700000000}"), ERR_OK);
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"nbf\":1700000001}"), ERR_UNAUTHORIZED);
	policy.leeway_s = 10;
	assert_int_equal(verify(*state, "{\"exp\":1699999991}"), ERR_OK);
	assert_int_equal(verify(*state, "{\"exp\":1699999990}"), ERR_UNAUTHORIZED);
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"nbf\":1700000010}"), ERR_OK);
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"nbf\":1700000011}"), ERR_UNAUTHORIZED);
	policy.leeway_s = 0;
}

static void wrong_claims_are_refused(void **state)
{
	static const char *const payloads[] = {
		"{}",
		"[]",
		"null",
		"5",
		"\"x\"",
		"foo",
		"{\"exp\":1700000009",
		"{\"exp\":1700000009}x",
		"{\"exp\":\"1700000009\"}",
		"{\"exp\":true}",
		"{\"exp\":null}",
		"{\"exp\":-1}",
		"{\"exp\":1e300}",
		"{\"exp\":9007199254740993}",
		"{\"exp\":99999999999999999999}",
		"{\"exp\":1700000009,\"nbf\":\"0\"}",
		"{\"exp\":1700000009,\"iat\":\"0\"}",
		"{\"exp\":1700000009,\"iat\":{}}",
		"{\"exp\":1700000009,\"iat\":1700000001}",
		"{\"exp\":1700000009,\"nbf\":1700000000.5e3}",
		"{\"exp\":\"1700000009.5\"}",
		"{\"exp\":[1700000009]}",
		"{\"exp\":1700000009,\"tracks\":\"a\"}",
		"{\"exp\":1700000009,\"tracks\":{}}",
		"{\"exp\":1700000009,\"tracks\":null}",
		"{\"exp\":1700000009,\"tracks\":[1]}",
		"{\"exp\":1700000009,\"tracks\":[\"a\",[\"b\"]]}",
		"{\"exp\":1,\"exp\":1700000009}",
		"{\"exp\":1700000009,\"exp\":1700000009}",
		"{\"exp\":1700000009,\"sub\":7}",
		"{\"exp\":1700000009,\"scope\":[\"track:read\"]}",
		"{\"exp\":1700000009,\"jti\":1}",
		"{\"exp\":1700000009,\"iss\":1}",
		"{\"exp\":1700000009,\"aud\":\"x\"}",
		"{\"exp\":1700000009,\"aud\":[\"x\"]}",
		"{\"exp\":1700000009,\"sub\":\"a\\u0000b\"}",
	};

	for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
		if (verify(*state, payloads[i]) != ERR_UNAUTHORIZED)
			fail_msg("accepted: %s", payloads[i]);
	}
}

static void issuer_must_fit_when_set(void **state)
{
	policy.issuer = "us";
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"iss\":\"us\"}"), ERR_OK);
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"iss\":\"them\"}"), ERR_UNAUTHORIZED);
	assert_int_equal(verify(*state, "{\"exp\":1700000009}"), ERR_UNAUTHORIZED);
	policy.issuer = "";
	assert_int_equal(verify(*state, "{\"exp\":1700000009,\"iss\":\"them\"}"), ERR_OK);
	policy.issuer = NULL;
}

static void audience_must_be_ours(void **state)
{
	static const char *const good[] = {"\"us\"", "[\"them\",\"us\"]"};
	static const char *const bad[] = {
		"\"them\"", "[]", "[\"them\"]", "[[\"us\"]]", "{\"us\":1}", "null", "\"us \"", "7"};
	struct fixture *fixture = *state;

	policy.audience = "us";
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(
			verify(fixture, arena_printf(&fixture->arena, "{\"exp\":1700000009,\"aud\":%s}", good[i])),
			ERR_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
			verify(fixture, arena_printf(&fixture->arena, "{\"exp\":1700000009,\"aud\":%s}", bad[i])),
			ERR_UNAUTHORIZED);
	assert_int_equal(verify(fixture, "{\"exp\":1700000009}"), ERR_UNAUTHORIZED);
	policy.audience = NULL;
}

static void tracks_bound_a_token(void **state)
{
	static const char *const tracks[] = {"a", "b"};
	struct fixture *fixture = *state;
	struct jwt_claims claims = {.expires = 1700000009, .bounded = true, .tracks = tracks, .track_count = 2}, back;
	char *token;

	assert_int_equal(jwt_sign(fixture->key, &claims, &policy, &fixture->arena, &token, NULL), ERR_OK);
	assert_int_equal(jwt_verify(&fixture->keys, &policy, token, &fixture->arena, &back, NULL), ERR_OK);
	assert_true(back.bounded && back.track_count == 2);
	assert_true(jwt_reaches(&back, "a") && jwt_reaches(&back, "b"));
	assert_false(jwt_reaches(&back, "c") || jwt_reaches(&back, ""));
	assert_int_equal(jwt_verify(&fixture->keys, &policy, token_of(fixture, "{\"exp\":1700000009,\"tracks\":[]}"),
				 &fixture->arena, &back, NULL),
		ERR_OK);
	assert_true(back.bounded);
	assert_false(jwt_reaches(&back, "a"));
	assert_int_equal(jwt_verify(&fixture->keys, &policy, token_of(fixture, "{\"exp\":1700000009}"), &fixture->arena,
				 &back, NULL),
		ERR_OK);
	assert_true(jwt_reaches(&back, "a"));
}

static void keys_need_their_length(void **state)
{
	struct jwt_key *key;
	struct err_info info;

	(void)state;
	assert_int_equal(jwt_key_new("0123456789abcdef0123456789abcde", &key, &info), ERR_BAD_REQUEST);
	assert_null(key);
}

static void size_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct jwt_claims claims = {.subject = "", .expires = 1700000009};
	struct err_info info;
	char *token, *text = arena_alloc(&fixture->arena, JWT_MOST + 2);

	memset(text, 'a', JWT_MOST + 1);
	assert_int_equal(jwt_verify(&fixture->keys, &policy, text, &fixture->arena, &claims, &info), ERR_UNAUTHORIZED);
	claims = (struct jwt_claims){.subject = text, .expires = 1700000009};
	assert_int_equal(jwt_sign(fixture->key, &claims, &policy, &fixture->arena, &token, &info), ERR_INTERNAL);
}

static void *verify_often(void *context)
{
	struct fixture *fixture = context;
	struct arena arena = {0};
	struct jwt_claims claims;
	struct err_info info;
	char *token;
	intptr_t failures = 0;

	for (int i = 0; i < 500; i++) {
		claims = (struct jwt_claims){.subject = "thread", .expires = 1700000009};
		failures += jwt_sign(fixture->key, &claims, &policy, &arena, &token, &info) != ERR_OK;
		failures += jwt_verify(&fixture->keys, &policy, token, &arena, &claims, &info) != ERR_OK;
		failures += strcmp(claims.subject, "thread") != 0;
		arena_reset(&arena);
	}
	arena_free(&arena);
	return (void *)failures;
}

static void threads_share_a_key(void **state)
{
	pthread_t threads[4];
	void *failures;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify_often, *state), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], &failures);
		assert_null(failures);
	}
}

static void scopes_are_whole_words(void **state)
{
	(void)state;
	assert_true(scope_has("track:write", SCOPE_TRACK_WRITE));
	assert_true(scope_has("jobs:read  track:write", SCOPE_TRACK_WRITE));
	assert_true(scope_has("track:write jobs:read", SCOPE_TRACK_WRITE));
	assert_false(scope_has("track:writer", SCOPE_TRACK_WRITE));
	assert_false(scope_has("xtrack:write", SCOPE_TRACK_WRITE));
	assert_false(scope_has("track:write,jobs:read", SCOPE_TRACK_WRITE));
	assert_false(scope_has("Track:write", SCOPE_TRACK_WRITE));
	assert_false(scope_has("", SCOPE_TRACK_WRITE));
	assert_false(scope_has(NULL, SCOPE_TRACK_WRITE));
	assert_false(scope_has("a b", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(signs_what_it_verifies, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_claims_are_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(times_bound_a_token, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_claims_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(issuer_must_fit_when_set, setup, teardown),
		cmocka_unit_test_setup_teardown(audience_must_be_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(tracks_bound_a_token, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_need_their_length, setup, teardown),
		cmocka_unit_test_setup_teardown(size_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_share_a_key, setup, teardown),
		cmocka_unit_test(scopes_are_whole_words),
	};

	return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
