/* SPDX-License-Identifier: MIT */
/* Signed queries with all their terms, keys that follow each other, and networks. */
#include "auth/origin.h"
#include "auth/signed_url.h"
#include "auth/ticket.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct conf_key keys[] = {
	{.id = "new", .secret = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"},
	{.id = "old", .secret = "oooooooooooooooooooooooooooooooo"},
};
static const struct conf plain = {.url_secret = "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"};
static int64_t now_ms = INT64_C(1700000000000);

static const struct clock at = {told_ms, &now_ms};

static struct conf with_keys(size_t first, size_t count)
{
	return (struct conf){.url_secret = plain.url_secret, .url_keys = {&keys[first], count}};
}

/* What is read lives until the end of the program. */
static struct arena readings;

static enum err check(const struct conf *conf, enum ticket_kind kind, const char *name, const char *query,
	const char *address, struct ticket *out)
{
	struct ticket ticket;
	struct err_info info = {0};
	enum err err =
		ticket_read(conf, kind, name, query, address, &at, &readings, out != NULL ? out : &ticket, &info);

	if (err != ERR_OK)
		assert_true(info.code == err && info.detail[0] != '\0');
	return err;
}

static void plain_ones_are_what_clients_compute(void **state)
{
	struct arena arena = {0};
	char sig[HASH_HEX_SIZE];
	const struct ticket ticket = {TICKET_STREAM, "song.mp4", 1700000001, 0, "", "", NULL};

	(void)state;
	signed_url_stream(plain.url_secret, "song.mp4", 1700000001, sig);
	assert_string_equal(
		ticket_write(&plain, &ticket, &arena), arena_printf(&arena, "expires=1700000001&sig=%s", sig));
	assert_int_equal(check(&plain, TICKET_STREAM, "song.mp4",
				 arena_printf(&arena, "expires=1700000001&sig=%s", sig), "", NULL),
		ERR_OK);
	assert_int_equal(check(&plain, TICKET_GRANT, "song.mp4",
				 arena_printf(&arena, "expires=1700000001&grant=%s", sig), "", NULL),
		ERR_FORBIDDEN);
	assert_int_equal(check(&plain, TICKET_STREAM, "song.mp4", "", "", NULL), ERR_NOT_FOUND);
	assert_int_equal(check(&plain, TICKET_STREAM, "song.mp4", "sig=00", "", NULL), ERR_NOT_FOUND);
	arena_free(&arena);
}

static void every_term_is_signed(void **state)
{
	static const struct ticket ticket = {TICKET_GRANT, "track", 1700000100, 1699999990, "192.0.2.0/24", "AAAA", NULL};
	static const char *const changes[][2] = {{"expires=17", "expires=18"}, {"from=16", "from=15"}, {"/24", "/2"},
		{"by=AAAA", "by=AAAB"}, {"key=new", "key=old"}, {"&from=1699999990", ""}, {"&net=192.0.2.0/24", ""},
		{"&by=AAAA", ""}, {"&key=new", ""}, {"grant=", "grant=0"}, {"net=192", "net=|192"}};
	struct conf conf = with_keys(0, 2);
	struct arena arena = {0};
	const char *query = ticket_write(&conf, &ticket, &arena);
	struct ticket back;

	(void)state;
	assert_int_equal(check(&conf, TICKET_GRANT, "track", query, "192.0.2.200", &back), ERR_OK);
	assert_int_equal(back.expires, 1700000100);
	assert_int_equal(back.from, 1699999990);
	assert_string_equal(back.network, "192.0.2.0/24");
	assert_string_equal(back.origin, "AAAA");
	assert_int_equal(check(&conf, TICKET_GRANT, "tracks", query, "192.0.2.200", NULL), ERR_FORBIDDEN);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		const char *found = strstr(query, changes[i][0]);
		const char *changed;

		assert_non_null(found);
		changed = arena_printf(&arena, "%.*s%s%s", (int)(found - query), query, changes[i][1],
			found + strlen(changes[i][0]));
		if (check(&conf, TICKET_GRANT, "track", changed, "192.0.2.200", NULL) != ERR_FORBIDDEN)
			fail_msg("taken: %s", changed);
	}
	arena_free(&arena);
}

static void terms_are_kept(void **state)
{
	struct ticket ticket = {TICKET_GRANT, "track", 1700000100, 1700000050, "", "", NULL};
	struct arena arena = {0};
	const char *query = ticket_write(&plain, &ticket, &arena);

	(void)state;
	assert_int_equal(check(&plain, TICKET_GRANT, "track", query, "", NULL), ERR_FORBIDDEN);
	now_ms += 50000;
	assert_int_equal(check(&plain, TICKET_GRANT, "track", query, "", NULL), ERR_OK);
	now_ms += 50000;
	assert_int_equal(check(&plain, TICKET_GRANT, "track", query, "", NULL), ERR_FORBIDDEN);
	now_ms -= 100000;
	ticket = (struct ticket){TICKET_GRANT, "track", 1700000100, 0, "2001:db8::/32", "", NULL};
	query = ticket_write(&plain, &ticket, &arena);
	assert_int_equal(check(&plain, TICKET_GRANT, "track", query, "2001:db8:1::7", NULL), ERR_OK);
	assert_int_equal(check(&plain, TICKET_GRANT, "track", query, "2001:db9::7", NULL), ERR_FORBIDDEN);
	assert_int_equal(check(&plain, TICKET_GRANT, "track", query, "", NULL), ERR_FORBIDDEN);
	arena_free(&arena);
}

static void keys_follow_each_other(void **state)
{
	static const struct ticket ticket = {TICKET_STREAM, "song.mp4", 1700000100, 0, "", "", NULL};
	struct conf before = with_keys(1, 1), both = with_keys(0, 2), after = with_keys(0, 1);
	struct arena arena = {0};
	const char *old = ticket_write(&before, &ticket, &arena), *new = ticket_write(&both, &ticket, &arena);

	(void)state;
	assert_non_null(strstr(old, "key=old"));
	assert_non_null(strstr(new, "key=new"));
	assert_int_equal(check(&both, TICKET_STREAM, "song.mp4", old, "", NULL), ERR_OK);
	assert_int_equal(
		check(&both, TICKET_STREAM, "song.mp4", ticket_write(&plain, &ticket, &arena), "", NULL), ERR_OK);
	assert_int_equal(check(&after, TICKET_STREAM, "song.mp4", old, "", NULL), ERR_FORBIDDEN);
	assert_int_equal(check(&after, TICKET_STREAM, "song.mp4", new, "", NULL), ERR_OK);
	arena_free(&arena);
}

static void origins_go_there_and_back(void **state)
{
	const struct jwt_claims claims = {.id = "j", .subject = "", .issued = 1700000000};
	struct origin origin = origin_of(&claims), back;
	struct arena arena = {0};
	char *text = origin_write(&origin, &arena);

	(void)state;
	assert_int_equal(strlen(text) + 1, ORIGIN_TEXT);
	assert_true(origin_read(text, &arena, &back));
	assert_true(back.token == origin_tag("j") && back.token != 0 && back.subject == 0 && back.issued == 1700000000);
	assert_false(origin_read("", &arena, &back));
	assert_false(origin_read("AAAA", &arena, &back));
	assert_false(origin_read(arena_printf(&arena, "%sAAAA", text), &arena, &back));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_ones_are_what_clients_compute),
		cmocka_unit_test(every_term_is_signed),
		cmocka_unit_test(terms_are_kept),
		cmocka_unit_test(keys_follow_each_other),
		cmocka_unit_test(origins_go_there_and_back),
	};

	int failed = cmocka_run_group_tests_name("ticket", tests, NULL, NULL);

	arena_free(&readings);
	return failed;
}
