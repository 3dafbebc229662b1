/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers(void **state)
{
	static const char *const wrong[] = {
		"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "18446744073709551616", "a", "99999999999999999999999999"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(text_to_u64(wrong[i], UINT64_MAX, &value));
	assert_false(text_to_u64("101", 100, &value));
	assert_int_equal(value, 7);
	assert_true(text_to_u64("100", 100, &value));
	assert_int_equal(value, 100);
	assert_true(text_to_u64("0", 0, &value));
	assert_int_equal(value, 0);
	assert_true(text_to_u64("0042", 100, &value));
	assert_int_equal(value, 42);
	assert_true(text_to_u64("18446744073709551615", UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
}

static void assert_cleans(const char *bytes, size_t length, const char *want)
{
	char *clean = text_to_utf8(bytes, length);

	assert_string_equal(clean, want);
	free(clean);
}

#define BAD "\xef\xbf\xbd"
#define CLEANS(bytes, want) assert_cleans(bytes, sizeof(bytes) - 1, want)

static void test_utf8_is_known(void **state)
{
	(void)state;
	assert_true(text_is_utf8(""));
	assert_true(text_is_utf8("a\nK\xc3\xa4se\xf0\x9f\x8e\xb5"));
	assert_false(text_is_utf8("K\xe4se"));
	assert_false(text_is_utf8("K\xc3"));
	assert_false(text_is_utf8("\xff"));
}

static void test_valid_utf8_stays(void **state)
{
	(void)state;
	CLEANS("", "");
	CLEANS("a\tb\nc", "a\tb\nc");
	CLEANS("\xc3\xa9", "\xc3\xa9");
	CLEANS("\xe2\x82\xac", "\xe2\x82\xac");
	CLEANS("\xf0\x9f\x8e\xb5", "\xf0\x9f\x8e\xb5");
	CLEANS("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

static void test_invalid_utf8_is_replaced(void **state)
{
	(void)state;
	CLEANS("\x80", BAD);
	CLEANS("a\xff"
	       "b",
		"a" BAD "b");
	CLEANS("\xc0\xaf", BAD BAD); /* overlong slash */
	CLEANS("\xe0\x80\xaf", BAD BAD BAD);
	CLEANS("\xed\xa0\x80", BAD BAD BAD);         /* a surrogate */
	CLEANS("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* past U+10FFFF */
	CLEANS("\xe2\x82", BAD BAD);                 /* cut short */
	CLEANS("\xe2\x82"
	       "a",
		BAD BAD "a");
}

static void test_controls_are_dropped(void **state)
{
	(void)state;
	CLEANS("a\0b\rc\x1b[31m\x7f", "abc[31m");
	CLEANS("a\xc2\x85\xc2\x9f\xc2\xa0", "a\xc2\xa0");
}

static void test_cut(void **state)
{
	char text[] = "a\xe2\x82\xac"
		      "b";

	(void)state;
	text_cut_utf8(text, 5);
	assert_string_equal(text, "a\xe2\x82\xac"
				  "b");
	text_cut_utf8(text, 4);
	assert_string_equal(text, "a\xe2\x82\xac");
	text_cut_utf8(text, 3);
	assert_string_equal(text, "a");
	text_cut_utf8(text, 0);
	assert_string_equal(text, "");
}

static void test_clean(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_null(text_clean(NULL, 10, &arena));
	assert_null(text_clean("", 10, &arena));
	assert_null(text_clean(" \t\n\r", 10, &arena));
	assert_string_equal(text_clean("a\xff", 10, &arena), "a" BAD);
	assert_string_equal(text_clean("a\xc3\xa9", 2, &arena), "a");
	arena_free(&arena);
}

static void test_words(void **state)
{
	(void)state;
	assert_true(text_is_word("a-1", 3));
	assert_false(text_is_word("a-1", 2));
	assert_false(text_is_word("", 3));
	assert_false(text_is_word("A", 3));
	assert_false(text_is_word("a/", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_utf8_is_known),
		cmocka_unit_test(test_valid_utf8_stays),
		cmocka_unit_test(test_invalid_utf8_is_replaced),
		cmocka_unit_test(test_controls_are_dropped),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
