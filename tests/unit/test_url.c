/* SPDX-License-Identifier: MIT */
#include "http/request.h"
#include "http/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_paths(void **state)
{
	static const struct {
		const char *raw, *want; /* NULL: refused */
	} cases[] = {
		{"/", "/"},
		{"/a/b.m3u8", "/a/b.m3u8"},
		{"/a/", "/a/"},
		{"/a%20b+c", "/a b+c"},
		{"/%E2%82%AC", "/\xE2\x82\xAC"},
		{"/...", "/..."},
		{"/%252e", "/%2e"},
		{"", NULL},
		{"a", NULL},
		{"//a", NULL},
		{"/a//b", NULL},
		{"/.", NULL},
		{"/a/../b", NULL},
		{"/a/%2e%2E/b", NULL},
		{"/a%2Fb", NULL},
		{"/a%00", NULL},
		{"/a%0a", NULL},
		{"/a\x7F", NULL},
		{"/a%", NULL},
		{"/a%4", NULL},
		{"/a%zz", NULL},
		{"/%C0%AF", NULL},
		{"/%ED%A0%80", NULL},
		{"/\xFF", NULL},
		{"/%C2%85", NULL}, /* a C1 control */
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err_info info = {0};
		char *path;
		enum err code = url_decode_path(cases[i].raw, strlen(cases[i].raw), &arena, &path, &info);

		if (cases[i].want == NULL) {
			assert_int_equal(code, ERR_BAD_REQUEST);
			assert_int_equal(info.code, ERR_BAD_REQUEST);
			assert_null(path);
		} else {
			assert_int_equal(code, ERR_OK);
			assert_string_equal(path, cases[i].want);
		}
	}
	arena_free(&arena);
}

static void test_long_path(void **state)
{
	struct arena arena = {0};
	char *raw = malloc(REQUEST_URI_MOST + 1);
	char *path;

	(void)state;
	memset(raw, 'a', REQUEST_URI_MOST + 1);
	raw[0] = '/';
	assert_int_equal(url_decode_path(raw, REQUEST_URI_MOST, &arena, &path, NULL), ERR_OK);
	assert_int_equal(url_decode_path(raw, REQUEST_URI_MOST + 1, &arena, &path, NULL), ERR_URI_TOO_LONG);
	free(raw);
	arena_free(&arena);
}

static void test_query(void **state)
{
	static const struct {
		const char *query, *name, *want;
	} cases[] = {
		{"a=1&b=2", "b", "2"},
		{"a=1&a=2", "a", "1"},
		{"a", "a", ""},
		{"a=", "a", ""},
		{"ab=1&a=2", "a", "2"},
		{"%61=x%3D%26+y", "a", "x=& y"},
		{"&&a=1", "a", "1"},
		{"a=b=c", "a", "b=c"},
		{"a=%", "a", NULL},
		{"a=%00", "a", NULL},
		{"%=1&a=2", "a", "2"},
		{"", "a", NULL},
		{"b=1", "a", NULL},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *value = url_query_value(cases[i].query, cases[i].name, &arena);

		if (cases[i].want == NULL)
			assert_null(value);
		else
			assert_string_equal(value, cases[i].want);
	}
	arena_free(&arena);
}

static void test_encode(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(url_encode("aZ09-._~", &arena), "aZ09-._~");
	assert_string_equal(url_encode("a/b c%\xC3\xA9|", &arena), "a%2Fb%20c%25%C3%A9%7C");
	assert_string_equal(url_encode("", &arena), "");
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
