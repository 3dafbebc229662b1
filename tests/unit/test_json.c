/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const members[] = {"text", "number", NULL};

static json_t *object_of(const char *text)
{
	struct err_info info = {0};
	json_t *object;

	assert_int_equal(json_read_object(text, strlen(text), &object, &info), ERR_OK);
	return object;
}

static void only_objects_are_read(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"{",
		"[]",
		"null",
		"7",
		"\"x\"",
		"{}{}",
		"{\"a\":1,\"a\":2}",
		"{'a':1}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":01}",
		"{\"a\":1e999}",
	};
	struct err_info info;
	json_t *object;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (json_read_object(wrong[i], strlen(wrong[i]), &object, &info) != ERR_BAD_REQUEST)
			fail_msg("accepted: %s", wrong[i]);
		assert_null(object);
	}
	json_decref(object_of(" {\"a\": [1, {}]} "));
	assert_int_equal(json_read_object("{}x", 2, &object, &info), ERR_OK); /* LENGTH decides, not a NUL */
	json_decref(object);
}

static void unknown_members_are_named(void **state)
{
	json_t *object = object_of("{\"text\": \"x\", \"txet\": 1}"), *array = json_array();
	struct err_info info;

	(void)state;
	assert_int_equal(json_read_members(object, members, &info), ERR_UNPROCESSABLE);
	assert_non_null(strstr(info.detail, "txet"));
	json_object_del(object, "txet");
	assert_int_equal(json_read_members(object, members, &info), ERR_OK);
	assert_int_equal(json_read_members(array, members, &info), ERR_UNPROCESSABLE);
	json_decref(array);
	json_decref(object);
}

static void text_is_text_within_its_limit(void **state)
{
	json_t *object = object_of("{\"text\": \"four\", \"number\": 4, \"nothing\": null}");
	const char *text = "before";
	struct err_info info;

	(void)state;
	assert_int_equal(json_read_text(object, "absent", 10, &text, &info), ERR_OK);
	assert_string_equal(text, "before");
	assert_int_equal(json_read_text(object, "text", 3, &text, &info), ERR_UNPROCESSABLE);
	assert_int_equal(json_read_text(object, "number", 10, &text, &info), ERR_UNPROCESSABLE);
	assert_int_equal(json_read_text(object, "nothing", 10, &text, &info), ERR_UNPROCESSABLE);
	assert_string_equal(text, "before");
	assert_int_equal(json_read_text(object, "text", 4, &text, &info), ERR_OK);
	assert_string_equal(text, "four");
	json_decref(object);
}

static void numbers_are_whole_and_within_their_range(void **state)
{
	json_t *object = object_of("{\"text\": \"4\", \"number\": 4, \"real\": 4.0, \"large\": 9223372036854775807}");
	int64_t number = -1;
	struct err_info info;

	(void)state;
	assert_int_equal(json_read_whole(object, "absent", 0, 9, &number, &info), ERR_OK);
	assert_int_equal(json_read_whole(object, "number", 5, 9, &number, &info), ERR_UNPROCESSABLE);
	assert_int_equal(json_read_whole(object, "number", 0, 3, &number, &info), ERR_UNPROCESSABLE);
	assert_int_equal(json_read_whole(object, "text", 0, 9, &number, &info), ERR_UNPROCESSABLE);
	assert_int_equal(json_read_whole(object, "real", 0, 9, &number, &info), ERR_UNPROCESSABLE);
	assert_int_equal(number, -1);
	assert_int_equal(json_read_whole(object, "number", 4, 4, &number, &info), ERR_OK);
	assert_int_equal(number, 4);
	assert_int_equal(json_read_whole(object, "large", 0, INT64_MAX, &number, &info), ERR_OK);
	assert_int_equal(number, INT64_MAX);
	json_decref(object);
}

static void the_only_text_is_copied(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{\"key\": 1}", "{\"key\": \"four\", \"more\": \"\"}", "{\"key\": \"fours\"}"};
	char text[5] = "last";

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_not_equal(json_read_only_text(bad[i], "key", text, sizeof text, NULL), ERR_OK);
		assert_string_equal(text, "");
		assert_int_equal(json_read_only_text("{\"key\": \"four\"}", "key", text, sizeof text, NULL), ERR_OK);
		assert_string_equal(text, "four");
	}
	assert_int_equal(json_read_only_text("{}", "key", text, sizeof text, NULL), ERR_OK);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_objects_are_read),
		cmocka_unit_test(unknown_members_are_named),
		cmocka_unit_test(text_is_text_within_its_limit),
		cmocka_unit_test(numbers_are_whole_and_within_their_range),
		cmocka_unit_test(the_only_text_is_copied),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
