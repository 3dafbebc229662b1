/* SPDX-License-Identifier: MIT */
#include "media/tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *title_of(struct tags *tags, const char *value)
{
	memset(tags, 0, sizeof *tags);
	tags_set(tags, "title", value);
	return tags->title;
}

static void keeps_clean_text(void **state)
{
	struct tags tags;

	(void)state;
	assert_string_equal(title_of(&tags, "Käse 音楽"), "Käse 音楽");
	assert_string_equal(title_of(&tags, ""), "");
	assert_string_equal(title_of(&tags, "  two\r\nlines\t "), "two lines");
	assert_string_equal(title_of(&tags, "be\x07ll\x1b[31m"), "bell[31m");
}

static void reads_other_bytes_as_latin1(void **state)
{
	struct tags tags;

	(void)state;
	assert_string_equal(title_of(&tags, "K\xE4se"), "Käse");
	assert_string_equal(title_of(&tags, "\xFF\xFE"), "ÿþ");
	assert_string_equal(title_of(&tags, "given \xEF\xBF\xBD"), "given \xEF\xBF\xBD");
}

static void cuts_between_characters(void **state)
{
	struct tags tags;
	char value[5000];

	(void)state;
	memset(value, 'a', sizeof value);
	value[sizeof value - 1] = '\0';
	assert_int_equal(strlen(title_of(&tags, value)), TAG_BYTES);
	memcpy(value + TAG_BYTES - 1, "\xC3\xA4", 2);
	assert_int_equal(strlen(title_of(&tags, value)), TAG_BYTES - 1);
}

static void first_of_a_kind_wins(void **state)
{
	struct tags tags = {0};

	(void)state;
	tags_set(&tags, "ARTIST", "one");
	tags_set(&tags, "author", "two");
	tags_set(&tags, "Album", "three");
	tags_set(&tags, "comment", "four");
	assert_string_equal(tags.artist, "one");
	assert_string_equal(tags.album, "three");
	assert_string_equal(tags.title, "");
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *key, *value;
		int track, year;
	} cases[] = {
		{"track", "3", 3, 0},
		{"track", "03/12", 3, 0},
		{"track", "0", 0, 0},
		{"track", "-1", 0, 0},
		{"track", "12345", 0, 0},
		{"track", "99999999999999999999", 0, 0},
		{"track", "A1", 0, 0},
		{"date", "1999-05-01", 0, 1999},
		{"year", "2024", 0, 2024},
		{"date", "99", 0, 0},
		{"date", "19990501", 0, 0},
		{"date", "", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tags tags = {0};

		tags_set(&tags, cases[i].key, cases[i].value);
		assert_int_equal(tags.track, cases[i].track);
		assert_int_equal(tags.year, cases[i].year);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_clean_text),
		cmocka_unit_test(reads_other_bytes_as_latin1),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(first_of_a_kind_wins),
		cmocka_unit_test(reads_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
