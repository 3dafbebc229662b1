/* SPDX-License-Identifier: MIT */
#include "media/tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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
		{"disc", "7", 0, 0},
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

static void reads_the_rest(void **state)
{
	static const struct {
		const char *key, *value;
	} pairs[] = {{"ALBUMARTIST", "a"}, {"composer", "b"}, {"GENRE", "c"}, {"comment", "d"}, {"copyright", "e"},
		{"organization", "f"}, {"TSRC", "g"}, {"language", "h"}, {"disc", "2/3"}, {"TOTALTRACKS", "12"},
		{"lyrics-eng", "la\nla"}};
	struct tags tags = {0}, again;
	json_t *object;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		tags_set(&tags, pairs[i].key, pairs[i].value);
	tags_add_chapter(&tags, 0, 1000, "One\n");
	tags_add_chapter(&tags, 1000, 1500, NULL);
	tags_add_chapter(&tags, -1, 5, "no");
	tags_add_chapter(&tags, 5, 4, "no");
	object = tags_json(&tags);
	text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text,
		"{\"album_artist\":\"a\",\"chapters\":[{\"end_ms\":1000,\"start_ms\":0,\"title\":\"One\"},"
		"{\"end_ms\":1500,\"start_ms\":1000}],\"comment\":\"d\",\"composer\":\"b\",\"copyright\":\"e\","
		"\"disc\":2,\"discs\":3,\"genre\":\"c\",\"isrc\":\"g\",\"language\":\"h\",\"lyrics\":\"la\\nla\","
		"\"publisher\":\"f\",\"tracks\":12}");
	tags_read(object, &again);
	assert_memory_equal(&tags, &again, sizeof tags);
	free(text);
	json_decref(object);
}

static void mistrusts_json(void **state)
{
	struct tags tags;
	json_t *object = json_loads(
		"{\"title\": 5, \"artist\": \"a\\tb\", \"track\": 0, \"year\": 12, \"disc\": 10000, \"chapters\": "
		"[1, {\"start_ms\": 0}, {\"start_ms\": 1, \"end_ms\": 9e20}, {\"start_ms\": 1, \"end_ms\": 2}], \"x\": "
		"1}",
		0, NULL);

	(void)state;
	assert_non_null(object);
	tags_read(object, &tags);
	assert_string_equal(tags.title, "");
	assert_string_equal(tags.artist, "a b");
	assert_int_equal(tags.track + tags.year + tags.disc, 0);
	assert_int_equal(tags.chapter_count, 1);
	json_decref(object);
	tags_read(NULL, &tags);
	assert_int_equal(tags.chapter_count, 0);
}

/* However it is written, what is left of it when it is clean counts. */
static void no_language_is_none(void **state)
{
	static const char *const words[] = {"und", "UND", "und ", "und\x81"};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		static struct tags tags;

		tags_set(&tags, "language", words[i]);
		assert_string_equal(tags.language, "");
	}
}

static void is_bounded(void **state)
{
	static struct tags tags;
	static char long_text[100000];
	json_t *object;
	char *text;

	(void)state;
	memset(long_text, '"', sizeof long_text - 1);
	for (int i = 0; i < 1000; i++)
		tags_add_chapter(&tags, i, i, long_text);
	for (size_t i = 0; i < 16; i++) {
		static const char *const keys[] = {"title", "artist", "album", "album_artist", "composer", "genre",
			"comment", "copyright", "publisher", "isrc", "language", "date", "track", "disc", "year",
			"lyrics"};

		tags_set(&tags, keys[i], long_text);
	}
	object = tags_json(&tags);
	text = json_dumps(object, JSON_COMPACT);
	assert_int_equal(tags.chapter_count, TAG_CHAPTERS);
	assert_int_equal(strlen(tags.lyrics), TAG_LYRICS_BYTES);
	assert_in_range(strlen(text), 1, 120000); /* a line of the worker's, worker_protocol.h */
	free(text);
	json_decref(object);
}

static void others_are_preferred(void **state)
{
	static struct tags tags, over;

	(void)state;
	tags_set(&tags, "title", "Of the file");
	tags_set(&tags, "artist", "B");
	tags_set(&tags, "track", "3/9");
	tags_set(&over, "title", "Of the upload");
	tags_set(&over, "disc", "2");
	tags_prefer(&tags, &over);
	assert_string_equal(tags.title, "Of the upload");
	assert_string_equal(tags.artist, "B");
	assert_int_equal(tags.track, 3);
	assert_int_equal(tags.disc, 2);
}

static void dates_follow_the_year(void **state)
{
	struct tags tags = {0}, over = {.year = 2001};

	(void)state;
	assert_null(tags_date(&tags));
	tags_set(&tags, "date", "1999-05-01");
	assert_string_equal(tags_date(&tags), "1999-05-01");
	tags_prefer(&tags, &over);
	assert_null(tags_date(&tags));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_clean_text),
		cmocka_unit_test(reads_other_bytes_as_latin1),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(first_of_a_kind_wins),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(reads_the_rest),
		cmocka_unit_test(mistrusts_json),
		cmocka_unit_test(no_language_is_none),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(others_are_preferred),
		cmocka_unit_test(dates_follow_the_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
