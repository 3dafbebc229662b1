/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "storage/presign.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2013-05-24, of the example in "Authenticating Requests: Using Query Parameters" of the S3 API reference. */
static int64_t now_ms = INT64_C(1369353600000);
static const struct clock told_clock = {told_ms, &now_ms};

#define SCOPE "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"

static struct conf conf_of(const char *style)
{
	return (struct conf){.store_endpoint = "https://s3.amazonaws.com",
		.store_bucket = "examplebucket",
		.store_region = "us-east-1",
		.store_style = style,
		.store_credentials = "",
		.store_profile = ""};
}

static struct presign *open_with_keys(const struct conf *conf)
{
	struct presign *presign;

	setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 1);
	assert_int_equal(presign_open(conf, &told_clock, &presign, NULL), ERR_OK);
	return presign;
}

static void signs_as_the_reference_does(void **state)
{
	struct conf conf = conf_of("host");
	struct arena arena = {0};
	struct presign *presign = open_with_keys(&conf);
	const char *url;

	(void)state;
	assert_int_equal(presign_url(presign, "GET", "test.txt", 86400, &arena, &url, NULL), ERR_OK);
	assert_string_equal(url,
		"https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&" SCOPE
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	presign_close(presign);
	arena_free(&arena);
}

static void no_longer_than_a_week(void **state)
{
	struct conf conf = conf_of("path");
	struct arena arena = {0};
	struct presign *presign = open_with_keys(&conf);
	const char *url;

	(void)state;
	assert_int_equal(presign_url(presign, "GET", "a b", INT64_MAX, &arena, &url, NULL), ERR_OK);
	assert_non_null(strstr(url, "https://s3.amazonaws.com/examplebucket/a%20b?"));
	assert_non_null(strstr(url, "X-Amz-Expires=604800&"));
	assert_int_equal(presign_url(presign, "GET", "a", 0, &arena, &url, NULL), ERR_BAD_REQUEST);
	presign_close(presign);
	arena_free(&arena);
}

static void needs_a_store_and_keys(void **state)
{
	struct conf conf = conf_of("path");
	struct arena arena = {0};
	struct presign *presign;
	const char *url;

	(void)state;
	unsetenv("AWS_ACCESS_KEY_ID");
	conf.store_credentials = "/nonexistent";
	assert_int_equal(presign_open(&conf, NULL, &presign, NULL), ERR_OK);
	assert_int_equal(presign_url(presign, "GET", "a", 60, &arena, &url, NULL), ERR_UNAUTHORIZED);
	presign_close(presign);
	conf.store_endpoint = "ftp://example";
	assert_int_equal(presign_open(&conf, NULL, &presign, NULL), ERR_BAD_REQUEST);
	assert_null(presign);
	conf.store_endpoint = "";
	assert_int_equal(presign_open(&conf, NULL, &presign, NULL), ERR_OK);
	assert_null(presign);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_as_the_reference_does),
		cmocka_unit_test(no_longer_than_a_week),
		cmocka_unit_test(needs_a_store_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
