/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_table_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_COUNT; i++) {
		enum err code = (enum err)i;

		assert_true(err_http_status(code) >= 200 && err_http_status(code) <= 504);
		assert_true(err_exit_code(code) >= 0 && err_exit_code(code) <= 5);
		assert_int_equal(err_slug(code)[strspn(err_slug(code), "abcdefghijklmnopqrstuvwxyz-")], '\0');
		assert_true(err_title(code)[0] >= 'A' && err_title(code)[0] <= 'Z');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(err_slug(code), err_slug((enum err)j));
	}
	assert_int_equal(err_http_status(ERR_OK), 200);
	assert_int_equal(err_exit_code(ERR_OK), 0);
	assert_int_equal(err_http_status(ERR_NOT_FOUND), 404);
	assert_string_equal(err_slug(ERR_NOT_FOUND), "not-found");
	assert_string_equal(err_title(ERR_NOT_FOUND), "Not found");
	assert_int_equal(err_exit_code(ERR_BUSY), 5);
}

static void test_set(void **state)
{
	struct err_info info = {0};
	char longer[400];

	(void)state;
	assert_int_equal(err_set(NULL, ERR_RANGE, "x"), ERR_RANGE);
	assert_int_equal(err_set(&info, ERR_RANGE, "of %d", 7), ERR_RANGE);
	assert_int_equal(info.code, ERR_RANGE);
	assert_string_equal(info.detail, "of 7");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	err_set(&info, ERR_IO, "%s", longer);
	assert_int_equal(strlen(info.detail), sizeof info.detail - 1);
}

static void test_why(void **state)
{
	struct err_info info = {0};

	(void)state;
	assert_int_equal(err_set_why(NULL, ERR_FORBIDDEN, "expired", "x"), ERR_FORBIDDEN);
	assert_int_equal(err_set_why(&info, ERR_FORBIDDEN, "expired", "since %d", 7), ERR_FORBIDDEN);
	assert_string_equal(info.detail, "since 7");
	assert_string_equal(err_why(ERR_FORBIDDEN, &info), "expired");
	assert_string_equal(err_why(ERR_OK, &info), "ok");
	err_set(&info, ERR_FORBIDDEN, "x"); /* another reason, not told */
	assert_string_equal(err_why(ERR_FORBIDDEN, &info), "forbidden");
	assert_string_equal(err_why(ERR_FORBIDDEN, NULL), "forbidden");
}

static void test_set_errno(void **state)
{
	struct err_info info = {0};
	char longer[400];

	(void)state;
	assert_int_equal(err_set_errno(&info, ERR_IO, ENOENT, "cannot open %s", "x"), ERR_IO);
	assert_string_equal(info.detail, "cannot open x: No such file or directory");
	assert_int_equal(err_set_errno(&info, ERR_IO, ENOSPC, "x"), ERR_NO_SPACE);
	assert_int_equal(info.code, ERR_NO_SPACE);
	assert_int_equal(err_set_errno(NULL, ERR_IO, EDQUOT, "x"), ERR_NO_SPACE);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	err_set_errno(&info, ERR_IO, EIO, "%s", longer);
	assert_int_equal(strlen(info.detail), sizeof info.detail - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_set_errno),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
