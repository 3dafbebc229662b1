/* SPDX-License-Identifier: MIT */
#include "auth/signed_url.h"

#include "base/arena.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char secret[] = "a secret of more than thirty-two bytes";
static int64_t now_ms = INT64_C(1700000000000);

static const struct clock at = {told_ms, &now_ms};

static enum err stream(const char *file, const char *expires, const char *sig)
{
	struct err_info info;

	return signed_url_check_stream(secret, file, expires, sig, &at, &info);
}

/* From `printf 'song.mp4|1700000001' | openssl dgst -sha256 -hmac "$secret"`: what existing clients compute. */
static void is_what_clients_compute(void **state)
{
	char sig[HASH_HEX_SIZE];

	(void)state;
	signed_url_stream(secret, "song.mp4", 1700000001, sig);
	assert_string_equal(sig, "4094598ef05bcb95ef93233cdc8d37fbd23322bee7726430b2f864a983188898");
	signed_url_grant(secret, "song", 1700000001, sig);
	assert_string_equal(sig, "5144dff60a0d8f2126c8fca0d937175ae08c62efaa722e9fe9742b3e5b5d5c64");
}

static void accepts_its_own_until_it_expires(void **state)
{
	char sig[HASH_HEX_SIZE];

	(void)state;
	signed_url_stream(secret, "song.mp4", 1700000001, sig);
	assert_int_equal(stream("song.mp4", "1700000001", sig), ERR_OK);
	now_ms += 1000;
	assert_int_equal(stream("song.mp4", "1700000001", sig), ERR_FORBIDDEN);
	now_ms -= 1000;
}

static void refuses_what_differs(void **state)
{
	char sig[HASH_HEX_SIZE], other[HASH_HEX_SIZE];

	(void)state;
	signed_url_stream(secret, "song.mp4", 1700000001, sig);
	assert_int_equal(stream("song.mp3", "1700000001", sig), ERR_FORBIDDEN);
	assert_int_equal(stream("song.mp4", "1700000002", sig), ERR_FORBIDDEN);
	for (size_t i = 0; i < 2 * HASH_SIZE; i++) {
		strcpy(other, sig);
		other[i] = other[i] == '0' ? '1' : '0';
		assert_int_equal(stream("song.mp4", "1700000001", other), ERR_FORBIDDEN);
	}
	strcpy(other, sig);
	other[2 * HASH_SIZE - 1] = '\0';
	assert_int_equal(stream("song.mp4", "1700000001", other), ERR_FORBIDDEN);
	assert_int_equal(stream("song.mp4", "1700000001", ""), ERR_FORBIDDEN);
	signed_url_stream("another secret of more than 32 bytes", "song.mp4", 1700000001, other);
	assert_int_equal(stream("song.mp4", "1700000001", other), ERR_FORBIDDEN);
}

static void expires_is_a_plain_number(void **state)
{
	static const char *const wrong[] = {"", "x", "-1", "+1700000001", " 1700000001", "1700000001 ", "0x7fffffff",
		"1.7e9", "1700000001.0", "9223372036854775808", "99999999999999999999999"};
	char sig[HASH_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		signed_url_stream(secret, "song.mp4", strtoll(wrong[i], NULL, 0), sig);
		assert_int_equal(stream("song.mp4", wrong[i], sig), ERR_FORBIDDEN);
	}
	signed_url_stream(secret, "song.mp4", INT64_MAX, sig);
	assert_int_equal(stream("song.mp4", "9223372036854775807", sig), ERR_OK);
}

static void grant_and_signature_do_not_stand_for_each_other(void **state)
{
	char sig[HASH_HEX_SIZE], grant[HASH_HEX_SIZE];
	struct err_info info;

	(void)state;
	signed_url_stream(secret, "song", 1700000001, sig);
	signed_url_grant(secret, "song", 1700000001, grant);
	assert_int_equal(signed_url_check_grant(secret, "song", "1700000001", grant, &at, &info), ERR_OK);
	assert_int_equal(signed_url_check_grant(secret, "song", "1700000001", sig, &at, &info), ERR_FORBIDDEN);
	assert_int_equal(signed_url_check_grant(secret, "sing", "1700000001", grant, &at, &info), ERR_FORBIDDEN);
	assert_int_equal(stream("song", "1700000001", grant), ERR_FORBIDDEN);
	assert_int_equal(stream("grant/song", "1700000001", grant), ERR_FORBIDDEN);
}

static void names_of_any_length_are_survived(void **state)
{
	struct arena arena = {0};
	char *name = arena_alloc(&arena, 100001), sig[HASH_HEX_SIZE] = "00";
	struct err_info info;

	(void)state;
	memset(name, 'a', 100000);
	assert_int_equal(stream(name, "1700000001", sig), ERR_FORBIDDEN);
	assert_int_equal(signed_url_check_grant(secret, name, "1700000001", sig, &at, &info), ERR_FORBIDDEN);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_clients_compute),
		cmocka_unit_test(accepts_its_own_until_it_expires),
		cmocka_unit_test(refuses_what_differs),
		cmocka_unit_test(expires_is_a_plain_number),
		cmocka_unit_test(grant_and_signature_do_not_stand_for_each_other),
		cmocka_unit_test(names_of_any_length_are_survived),
	};

	return cmocka_run_group_tests_name("signed_url", tests, NULL, NULL);
}
