/* SPDX-License-Identifier: MIT */
/*
 * What is revoked is known within the time of a look, to whoever holds the view; refresh tokens, attempts and
 * passwords.
 */
#include "auth/password.h"
#include "auth/revoked.h"
#include "fixture.h"
#include "model/account.h"
#include "model/login.h"
#include "model/revocation.h"
#include "told_clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1700000000 };

static int64_t now_ms = INT64_C(1000) * NOW_S;

static const struct clock at = {told_ms, &now_ms};

static struct db_pool *open_pool(const struct fixture *fixture)
{
	struct db_options options = {.path = fixture->path, .journal_mode = "wal", .busy_ms = 1000};
	struct db_pool *pool;

	assert_int_equal(db_pool_open(&options, 4, &pool, NULL), ERR_OK);
	return pool;
}

static void revoke(struct fixture *fixture, enum revocation_kind kind, const char *value, int64_t before)
{
	const struct revocation revocation = {kind, value, before, NOW_S + 100};

	assert_int_equal(revocation_put(fixture->db, &revocation, NULL), ERR_OK);
}

static enum err check(struct revoked *revoked, const char *jti, const char *subject, const char *track, int64_t issued)
{
	const struct origin origin = {origin_tag(jti), origin_tag(subject), issued};
	struct err_info info = {0};

	return revoked_check(revoked, &origin, track, &info);
}

static void each_kind_ends_what_it_names(void **state)
{
	struct fixture *fixture = *state;
	struct db_pool *pool = open_pool(fixture);
	struct revoked *revoked;

	revoke(fixture, REVOKE_TOKEN, "j1", NOW_S);
	revoke(fixture, REVOKE_SUBJECT, "bob", NOW_S - 10);
	revoke(fixture, REVOKE_TRACK, "t1", NOW_S);
	assert_int_equal(revoked_open(pool, &at, &revoked, NULL), ERR_OK);
	assert_int_equal(check(revoked, "j1", "alice", "t2", NOW_S), ERR_UNAUTHORIZED);
	assert_int_equal(check(revoked, "j1", "alice", "t2", NOW_S + 20), ERR_UNAUTHORIZED); /* by an issuer's clock that is ahead */
	assert_int_equal(check(revoked, "j2", "alice", "t2", NOW_S), ERR_OK);
	assert_int_equal(check(revoked, "bob", "j1", "t2", 0), ERR_OK); /* a name is of its kind alone */
	assert_int_equal(check(revoked, "j2", "bob", "t2", NOW_S - 10), ERR_UNAUTHORIZED);
	assert_int_equal(check(revoked, "j2", "bob", "t2", NOW_S - 9), ERR_OK);
	assert_int_equal(check(revoked, "", "", "t1", 0), ERR_UNAUTHORIZED);
	assert_int_equal(check(revoked, "", "", "", 0), ERR_OK);
	assert_int_equal(check(NULL, "j1", "bob", "t1", 0), ERR_OK);
	revoked_close(revoked);
	db_pool_close(pool);
}

static void news_arrive_within_a_look(void **state)
{
	struct fixture *fixture = *state;
	struct db_pool *pool = open_pool(fixture);
	struct revoked *revoked;

	assert_int_equal(revoked_open(pool, &at, &revoked, NULL), ERR_OK);
	assert_int_equal(check(revoked, "j1", "", "", NOW_S), ERR_OK);
	revoke(fixture, REVOKE_TOKEN, "j1", NOW_S);
	now_ms += REVOKED_LOOK_MS;
	assert_int_equal(check(revoked, "j1", "", "", NOW_S), ERR_UNAUTHORIZED);
	revoke(fixture, REVOKE_ALL, "", NOW_S - 1);
	now_ms += REVOKED_LOOK_MS;
	assert_int_equal(check(revoked, "j2", "", "", NOW_S), ERR_OK);
	assert_int_equal(check(revoked, "j2", "", "", NOW_S - 1), ERR_UNAUTHORIZED);
	now_ms -= 100000; /* the clock is set back */
	revoke(fixture, REVOKE_TOKEN, "j3", NOW_S);
	assert_int_equal(check(revoked, "j3", "", "", NOW_S), ERR_UNAUTHORIZED);
	now_ms = INT64_C(1000) * NOW_S;
	revoked_close(revoked);
	db_pool_close(pool);
}

static void *check_once(void *revoked)
{
	return (void *)(intptr_t)check(revoked, "j1", "", "", NOW_S);
}

static void who_asks_waits_for_the_lock(void **state)
{
	struct fixture *fixture = *state;
	const struct db_options options = {.path = fixture->path, .journal_mode = "delete", .busy_ms = 60000};
	struct revoked *revoked;
	struct db_pool *pool;
	pthread_t thread;
	void *lock, *said;

	assert_int_equal(db_pool_open(&options, 1, &pool, NULL), ERR_OK);
	assert_int_equal(revoked_open(pool, &at, &revoked, NULL), ERR_OK);
	for (int i = 0; i < 2; i++) {
		now_ms += REVOKED_LOOK_MS;
		assert_int_equal(check(revoked, "j1", "", "", NOW_S), ERR_OK);
	}
	now_ms += REVOKED_LOOK_MS;
	lock = fixture_lock(fixture);
	assert_int_equal(pthread_create(&thread, NULL, check_once, revoked), 0);
	fixture_unlock(lock, "INSERT INTO revocation (kind, value, before_s, expires_s) "
			     "VALUES ('token', 'j1', 9999999999, 9999999999)");
	assert_int_equal(pthread_join(thread, &said), 0);
	assert_int_equal((intptr_t)said, ERR_UNAUTHORIZED);
	now_ms = INT64_C(1000) * NOW_S;
	revoked_close(revoked);
	db_pool_close(pool);
}

/* Nobody is let in on the strength of not knowing. */
static void what_cannot_be_known_is_refused(void **state)
{
	const struct db_options options = {.path = "/nonexistent/tonearm.db", .journal_mode = "wal", .busy_ms = 1};
	struct db_pool *pool;
	struct revoked *revoked;

	(void)state;
	assert_int_equal(db_pool_open(&options, 1, &pool, NULL), ERR_OK);
	assert_int_equal(revoked_open(pool, &at, &revoked, NULL), ERR_OK);
	assert_int_not_equal(check(revoked, "j1", "", "", NOW_S), ERR_OK);
	revoked_close(revoked);
	db_pool_close(pool);
}

static void the_later_time_counts_and_the_end_comes(void **state)
{
	struct fixture *fixture = *state;
	struct revocation *list;
	size_t count;

	revoke(fixture, REVOKE_SUBJECT, "bob", NOW_S);
	revoke(fixture, REVOKE_SUBJECT, "bob", NOW_S - 50);
	assert_int_equal(revocation_list(fixture->db, NOW_S, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].before, NOW_S);
	assert_int_equal(revocation_prune(fixture->db, NOW_S + 99, NULL), ERR_OK);
	assert_int_equal(revocation_list(fixture->db, NOW_S, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(revocation_prune(fixture->db, NOW_S + 100, NULL), ERR_OK);
	assert_int_equal(revocation_list(fixture->db, NOW_S, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
}

static void a_refresh_token_is_used_once(void **state)
{
	struct fixture *fixture = *state;
	struct refresh_token token = {.hash = "h1",
				     .family = "f",
				     .subject = "alice",
				     .scope = "s",
				     .expires = NOW_S + 10},
			     back;

	assert_int_equal(refresh_token_put(fixture->db, &token, NULL), ERR_OK);
	assert_int_equal(refresh_token_use(fixture->db, "h2", NOW_S, &fixture->arena, &back, NULL), ERR_NOT_FOUND);
	assert_int_equal(refresh_token_use(fixture->db, "h1", NOW_S + 10, &fixture->arena, &back, NULL), ERR_NOT_FOUND);
	assert_int_equal(refresh_token_use(fixture->db, "h1", NOW_S, &fixture->arena, &back, NULL), ERR_OK);
	assert_string_equal(back.subject, "alice");
	assert_null(back.tracks);
	assert_int_equal(refresh_token_use(fixture->db, "h1", NOW_S, &fixture->arena, &back, NULL), ERR_CONFLICT);
	assert_string_equal(back.family, "f");
	assert_int_equal(refresh_token_drop_subject(fixture->db, "bob", NULL), ERR_OK);
	assert_int_equal(refresh_token_use(fixture->db, "h1", NOW_S, &fixture->arena, &back, NULL), ERR_CONFLICT);
	assert_int_equal(refresh_token_drop_subject(fixture->db, NULL, NULL), ERR_OK);
	assert_int_equal(refresh_token_use(fixture->db, "h1", NOW_S, &fixture->arena, &back, NULL), ERR_NOT_FOUND);
}

static void attempts_are_counted_in_windows(void **state)
{
	struct fixture *fixture = *state;
	int64_t count, until;

	for (int64_t i = 1; i <= 3; i++) {
		assert_int_equal(
			login_attempt(fixture->db, "subject", "a", NOW_S + i, 60, &count, &until, NULL), ERR_OK);
		assert_int_equal(count, i);
		assert_int_equal(until, NOW_S + 61);
	}
	assert_int_equal(login_attempt(fixture->db, "address", "a", NOW_S, 60, &count, &until, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(login_attempt(fixture->db, "subject", "a", NOW_S + 61, 60, &count, &until, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(login_forgive(fixture->db, "address", "a", NULL), ERR_OK);
	assert_int_equal(login_attempt(fixture->db, "address", "a", NOW_S, 60, &count, &until, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(login_prune(fixture->db, NOW_S + 1000, 60, NULL), ERR_OK);
}

static void accounts_and_keys(void **state)
{
	struct fixture *fixture = *state;
	struct account account = {.name = "alice", .password = "p", .scope = "s", .created_ms = 1}, back, *accounts;
	struct api_key key = {.hash = "h", .subject = "app", .scope = "s", .tracks = "[]", .expires = NOW_S + 1}, found,
		       *list;
	size_t count;

	assert_int_equal(account_put(fixture->db, &account, NULL), ERR_OK);
	account.password = "q";
	assert_int_equal(account_put(fixture->db, &account, NULL), ERR_OK);
	assert_int_equal(account_get(fixture->db, "alice", &fixture->arena, &back, NULL), ERR_OK);
	assert_string_equal(back.password, "q");
	assert_int_equal(account_list(fixture->db, &fixture->arena, &accounts, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_null(accounts[0].password);
	assert_int_equal(account_delete(fixture->db, "alice", NULL), ERR_OK);
	assert_int_equal(account_delete(fixture->db, "alice", NULL), ERR_NOT_FOUND);
	for (int i = 0; i < 20; i++) {
		snprintf(key.id, sizeof key.id, "%026d", i);
		assert_int_equal(api_key_put(fixture->db, &key, NULL), ERR_OK);
	}
	assert_int_equal(api_key_list(fixture->db, &fixture->arena, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 20);
	assert_string_equal(list[19].id, key.id);
	assert_int_equal(api_key_get(fixture->db, key.id, NOW_S, &fixture->arena, &found, NULL), ERR_OK);
	assert_string_equal(found.tracks, "[]");
	assert_int_equal(api_key_get(fixture->db, key.id, NOW_S + 1, &fixture->arena, &found, NULL), ERR_NOT_FOUND);
	assert_int_equal(api_key_delete(fixture->db, key.id, NULL), ERR_OK);
	assert_int_equal(api_key_delete(fixture->db, key.id, NULL), ERR_NOT_FOUND);
}

static void passwords_are_recognised(void **state)
{
	struct fixture *fixture = *state;
	char *form, *again;
	bool good;

	assert_int_equal(password_make("short", &fixture->arena, &form, NULL), ERR_UNPROCESSABLE);
	assert_int_equal(password_make("a password", &fixture->arena, &form, NULL), ERR_OK);
	assert_int_equal(password_make("a password", &fixture->arena, &again, NULL), ERR_OK);
	assert_string_not_equal(form, again);
	assert_int_equal(password_check("a password", form, &good, NULL), ERR_OK);
	assert_true(good);
	assert_int_equal(password_check("a passwork", form, &good, NULL), ERR_OK);
	assert_false(good);
	assert_int_equal(password_check("", NULL, &good, NULL), ERR_OK);
	assert_false(good);
	assert_int_equal(password_check("a password", "plain", &good, NULL), ERR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_kind_ends_what_it_names, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(news_arrive_within_a_look, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(who_asks_waits_for_the_lock, fixture_db_delete, fixture_remove),
		cmocka_unit_test(what_cannot_be_known_is_refused),
		cmocka_unit_test_setup_teardown(the_later_time_counts_and_the_end_comes, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_refresh_token_is_used_once, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(attempts_are_counted_in_windows, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(accounts_and_keys, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(passwords_are_recognised, fixture_dir, fixture_remove),
	};

	return cmocka_run_group_tests_name("revoked", tests, NULL, NULL);
}
