/* SPDX-License-Identifier: MIT */
#include "media/tags.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A value longer than this is cut before it is looked at: a tag can be as large as the file. */
enum { VALUE_MOST = 4096, NUMBER_DIGITS = 4 };

/* A year. */
#define TAG_CHAPTER_END_MS (366LL * 86400 * 1000)

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD, what text_to_utf8() puts in the place of bad bytes */

/* ISO 8859-1 as UTF-8 in a new heap string. */
static char *from_latin1(const char *bytes, size_t length)
{
	char *wide = malloc(2 * length + 1);
	size_t at = 0;
	char *clean;

	if (wide == NULL)
		abort();
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < 0x80) {
			wide[at++] = (char)c;
		} else {
			wide[at++] = (char)(0xC0 | c >> 6);
			wide[at++] = (char)(0x80 | (c & 0x3F));
		}
	}
	clean = text_to_utf8(wide, at);
	free(wide);
	return clean;
}

/* Line breaks and tabs to spaces, none at either end. */
static void one_line(char *text)
{
	size_t from = 0;
	size_t length;

	for (char *c = text; *c != '\0'; c++) {
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	}
	while (text[from] == ' ')
		from++;
	length = strlen(text + from);
	memmove(text, text + from, length + 1);
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
}

/* VALUE, of which at most LOOK bytes count, as clean text of at most MOST bytes into the empty OUT. */
static void set_text(char *out, size_t most, size_t look, bool lines, const char *value)
{
	size_t length = strnlen(value, look);
	char *clean;

	if (out[0] != '\0')
		return;
	clean = text_to_utf8(value, length);
	/* Cutting at LOOK may split a character: that alone does not make it another encoding. */
	if (length < look && strstr(clean, replacement) != NULL && strstr(value, replacement) == NULL) {
		free(clean);
		clean = from_latin1(value, length);
	}
	if (!lines)
		one_line(clean);
	text_cut_utf8(clean, most);
	memcpy(out, clean, strlen(clean) + 1);
	free(clean);
}

/* The digits at *VALUE, which moves behind them; 0 when there are none or too many. */
static int take_digits(const char **value)
{
	int number = 0, digits = 0;

	while (**value == ' ')
		++*value;
	for (; **value >= '0' && **value <= '9'; ++*value) {
		if (++digits <= NUMBER_DIGITS)
			number = number * 10 + (**value - '0');
	}
	return digits <= NUMBER_DIGITS ? number : 0;
}

/* "3/12", "03". */
static void set_position(int *number, int *of, const char *value)
{
	int first = take_digits(&value);

	if (*number != 0 || first == 0)
		return;
	*number = first;
	if (*value == '/') {
		value++;
		first = take_digits(&value);
		if (*of == 0)
			*of = first;
	}
}

static void set_date(struct tags *tags, const char *value)
{
	const char *at = value;
	int year = take_digits(&at);

	set_text(tags->date, TAG_BYTES, VALUE_MOST, false, value);
	if (tags->year == 0 && year >= 1000)
		tags->year = year;
}

/* Where a key's text goes; the first name of each is its member in JSON. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{"title", offsetof(struct tags, title)},
	{"artist", offsetof(struct tags, artist)},
	{"album", offsetof(struct tags, album)},
	{"album_artist", offsetof(struct tags, album_artist)},
	{"composer", offsetof(struct tags, composer)},
	{"genre", offsetof(struct tags, genre)},
	{"comment", offsetof(struct tags, comment)},
	{"copyright", offsetof(struct tags, copyright)},
	{"publisher", offsetof(struct tags, publisher)},
	{"isrc", offsetof(struct tags, isrc)},
	{"language", offsetof(struct tags, language)},
	{"author", offsetof(struct tags, artist)},
	{"originator", offsetof(struct tags, artist)},
	{"album artist", offsetof(struct tags, album_artist)},
	{"albumartist", offsetof(struct tags, album_artist)},
	{"description", offsetof(struct tags, comment)},
	{"organization", offsetof(struct tags, publisher)},
	{"label", offsetof(struct tags, publisher)},
	{"TSRC", offsetof(struct tags, isrc)},
};
enum { TEXT_MEMBERS = 11, TEXTS = sizeof texts / sizeof *texts };

static const struct {
	const char *name;
	size_t offset;
	int least;
} numbers[] = {
	{"track", offsetof(struct tags, track), 1},
	{"tracks", offsetof(struct tags, tracks), 1},
	{"disc", offsetof(struct tags, disc), 1},
	{"discs", offsetof(struct tags, discs), 1},
	{"year", offsetof(struct tags, year), 1000},
};
enum { NUMBERS = sizeof numbers / sizeof *numbers, NUMBER_MOST = 9999 };

static bool is_lyrics(const char *key)
{
	return strcasecmp(key, "lyrics") == 0 || strcasecmp(key, "unsyncedlyrics") == 0 ||
	       strncasecmp(key, "lyrics-", 7) == 0;
}

static bool is_date(const char *key)
{
	return strcasecmp(key, "date") == 0 || strcasecmp(key, "year") == 0 ||
	       strcasecmp(key, "origination_date") == 0;
}

void tags_set(struct tags *tags, const char *key, const char *value)
{
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcasecmp(key, texts[i].key) == 0) {
			set_text((char *)tags + texts[i].offset, TAG_BYTES, VALUE_MOST, false, value);
			if (strcasecmp(tags->language, "und") == 0) /* MP4's word for none */
				tags->language[0] = '\0';
			return;
		}
	}
	if (is_date(key))
		set_date(tags, value);
	else if (strcasecmp(key, "track") == 0)
		set_position(&tags->track, &tags->tracks, value);
	else if (strcasecmp(key, "disc") == 0)
		set_position(&tags->disc, &tags->discs, value);
	else if (strcasecmp(key, "tracktotal") == 0 || strcasecmp(key, "totaltracks") == 0)
		set_position(&tags->tracks, &(int){0}, value);
	else if (strcasecmp(key, "disctotal") == 0 || strcasecmp(key, "totaldiscs") == 0)
		set_position(&tags->discs, &(int){0}, value);
	else if (is_lyrics(key))
		set_text(tags->lyrics, TAG_LYRICS_BYTES, 2 * TAG_LYRICS_BYTES, true, value);
}

void tags_prefer(struct tags *tags, const struct tags *over)
{
	for (size_t i = 0; i < TEXT_MEMBERS; i++) {
		const char *text = (const char *)over + texts[i].offset;

		if (text[0] != '\0')
			memcpy((char *)tags + texts[i].offset, text, TAG_BYTES + 1);
	}
	for (size_t i = 0; i < NUMBERS; i++) {
		const int *number = (const int *)(const void *)((const char *)over + numbers[i].offset);

		if (*number != 0)
			*(int *)(void *)((char *)tags + numbers[i].offset) = *number;
	}
}

const char *tags_date(const struct tags *tags)
{
	return tags->year != 0 && strtol(tags->date, NULL, 10) == tags->year ? tags->date : NULL;
}

void tags_add_chapter(struct tags *tags, int64_t start_ms, int64_t end_ms, const char *title)
{
	struct tag_chapter *chapter = &tags->chapters[tags->chapter_count];

	if (tags->chapter_count == TAG_CHAPTERS || start_ms < 0 || end_ms < start_ms || end_ms > TAG_CHAPTER_END_MS)
		return;
	*chapter = (struct tag_chapter){.start_ms = start_ms, .end_ms = end_ms};
	if (title != NULL)
		set_text(chapter->title, TAG_CHAPTER_BYTES, VALUE_MOST, false, title);
	tags->chapter_count++;
}

static json_t *chapters_json(const struct tags *tags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tags->chapter_count; i++) {
		const struct tag_chapter *chapter = &tags->chapters[i];
		json_t *object = json_pack("{s:I, s:I}", "start_ms", (json_int_t)chapter->start_ms, "end_ms",
			(json_int_t)chapter->end_ms);

		if (chapter->title[0] != '\0')
			json_object_set_new(object, "title", json_string(chapter->title));
		json_array_append_new(list, object);
	}
	return list;
}

json_t *tags_json(const struct tags *tags)
{
	json_t *object = json_object();

	for (size_t i = 0; i < TEXT_MEMBERS; i++) {
		const char *text = (const char *)tags + texts[i].offset;

		if (text[0] != '\0')
			json_object_set_new(object, texts[i].key, json_string(text));
	}
	if (tags->date[0] != '\0')
		json_object_set_new(object, "date", json_string(tags->date));
	for (size_t i = 0; i < NUMBERS; i++) {
		int number = *(const int *)(const void *)((const char *)tags + numbers[i].offset);

		if (number != 0)
			json_object_set_new(object, numbers[i].name, json_integer(number));
	}
	if (tags->lyrics[0] != '\0')
		json_object_set_new(object, "lyrics", json_string(tags->lyrics));
	if (tags->chapter_count > 0)
		json_object_set_new(object, "chapters", chapters_json(tags));
	return object;
}

static void read_chapters(const json_t *list, struct tags *out)
{
	for (size_t i = 0; i < json_array_size(list) && i < TAG_CHAPTERS; i++) {
		const json_t *chapter = json_array_get(list, i);

		if (json_is_integer(json_object_get(chapter, "start_ms")) &&
			json_is_integer(json_object_get(chapter, "end_ms")))
			tags_add_chapter(out, json_integer_value(json_object_get(chapter, "start_ms")),
				json_integer_value(json_object_get(chapter, "end_ms")),
				json_string_value(json_object_get(chapter, "title")));
	}
}

void tags_read(const json_t *object, struct tags *out)
{
	static const char *const others[] = {"date", "lyrics"};

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < NUMBERS; i++) {
		json_int_t number = json_integer_value(json_object_get(object, numbers[i].name));

		if (number >= numbers[i].least && number <= NUMBER_MOST)
			*(int *)(void *)((char *)out + numbers[i].offset) = (int)number;
	}
	for (size_t i = 0; i < TEXT_MEMBERS + sizeof others / sizeof *others; i++) {
		const char *name = i < TEXT_MEMBERS ? texts[i].key : others[i - TEXT_MEMBERS];
		const char *text = json_string_value(json_object_get(object, name));

		if (text != NULL)
			tags_set(out, name, text);
	}
	read_chapters(json_object_get(object, "chapters"), out);
}
