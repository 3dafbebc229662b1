/* SPDX-License-Identifier: MIT */
#include "package/cmaf_udta.h"

#include "package/bmff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct cmaf_gain NO_GAIN;

static struct bmff_span put(struct buf *out, const struct cmaf_tags *tags, const struct cmaf_gain *gain)
{
	buf_init(out, 1 << 16);
	cmaf_udta_put(out, tags, gain);
	assert_false(out->overflow);
	return (struct bmff_span){.bytes = (const unsigned char *)out->data, .length = out->length};
}

static struct bmff_span descend(struct bmff_span span, const char *path)
{
	for (; *path != '\0'; path += 4)
		span = bmff_only(span, path);
	return span;
}

/* The list of items, past hdlr, which bmff_only() cannot look into: meta has a version. */
static struct bmff_span items(struct bmff_span all)
{
	struct bmff_span meta = descend(all, "udtameta");

	bmff_take_span(&meta, 4);
	return bmff_only(meta, "ilst");
}

static void expect(struct bmff_span found, const char *bytes, size_t length)
{
	assert_false(found.bad);
	assert_int_equal(found.length, length);
	assert_memory_equal(found.bytes, bytes, length);
}

static void nothing_to_say(void **state)
{
	const struct cmaf_tags tags = {.title = "", .lyrics = ""};
	struct buf out;

	(void)state;
	put(&out, &tags, &NO_GAIN);
	assert_int_equal(out.length, 0);
	buf_free(&out);
}

static void short_ones(void **state)
{
	static const char wanted[] = "\0\0\0\0"
		"\0\0\0\41hdlr\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0"
		"\0\0\1\12ilst"
		"\0\0\0\35\xA9nam\0\0\0\25data\0\0\0\1\0\0\0\0K\xC3\xA4se"
		"\0\0\0\34\xA9" "cmt\0\0\0\24data\0\0\0\1\0\0\0\0nice"
		"\0\0\0\34\xA9" "day\0\0\0\24data\0\0\0\1\0\0\0\0001999"
		"\0\0\0\40trkn\0\0\0\30data\0\0\0\0\0\0\0\0\0\0\0\3\0\14\0\0"
		"\0\0\0\36disk\0\0\0\26data\0\0\0\0\0\0\0\0\0\0\0\1\0\2"
		"\0\0\0\120----\0\0\0\34mean\0\0\0\0com.apple.iTunes\0\0\0\20name\0\0\0\0ISRC"
		"\0\0\0\34data\0\0\0\1\0\0\0\0DEA129900001"
		"\0\0\0\37\xA9lyr\0\0\0\27data\0\0\0\1\0\0\0\0one\ntwo";
	const struct cmaf_tags tags = {.title = "K\xC3\xA4se",
		.artist = "",
		.comment = "nice",
		.number = 3,
		.numbers = 12,
		.disc = 1,
		.discs = 2,
		.year = 1999,
		.isrc = "DEA129900001",
		.lyrics = "one\ntwo"};
	struct buf out;

	(void)state;
	expect(descend(put(&out, &tags, &NO_GAIN), "udtameta"), wanted, sizeof wanted - 1);
	buf_free(&out);
}

static void chapters(void **state)
{
	static const char wanted[] = "\1\0\0\0\0\0\0\0\2"
		"\0\0\0\0\0\0\0\0\6Intr\xC3\xB6"
		"\0\0\0\0\0\x3D\x09\0\0"; /* 400 ms */
	const struct cmaf_chapter list[] = {{0, "Intr\xC3\xB6"}, {400, ""}};
	const struct cmaf_tags tags = {.chapters = list, .chapter_count = 2};
	struct buf out;

	(void)state;
	expect(descend(put(&out, &tags, &NO_GAIN), "udtachpl"), wanted, sizeof wanted - 1);
	buf_free(&out);
}

/* Of COUNT chapters of a title of LENGTH, and so many bytes of lyrics, what there is. */
static void expect_there(size_t count, size_t length, size_t lyrics, bool chapters_there, bool lyrics_there)
{
	static char title[256], words[CMAF_LONG_BYTES + 2];
	static struct cmaf_chapter list[300];
	const struct cmaf_tags tags = {.title = "x", .lyrics = words, .chapters = list, .chapter_count = count};
	struct bmff_span all, found;
	struct buf out;

	memset(title, 't', length);
	title[length] = '\0';
	memset(words, 'w', lyrics);
	words[lyrics] = '\0';
	for (size_t i = 0; i < count; i++)
		list[i] = (struct cmaf_chapter){1000 * i, title};
	all = put(&out, &tags, &NO_GAIN);
	found = descend(all, "udtachpl");
	assert_int_equal(!found.bad, chapters_there);
	if (chapters_there)
		assert_int_equal(found.length, 9 + count * (9 + length));
	found = bmff_only(items(all), "\xA9lyr");
	assert_int_equal(!found.bad, lyrics_there);
	if (lyrics_there)
		assert_int_equal(found.length, 16 + lyrics);
	assert_false(bmff_only(items(all), "\xA9nam").bad);
	buf_free(&out);
}

static void long_ones_are_bounded(void **state)
{
	(void)state;
	expect_there(0, 0, CMAF_LONG_BYTES, false, true);
	expect_there(0, 0, CMAF_LONG_BYTES + 1, false, false);
	expect_there(1, 7, CMAF_LONG_BYTES - 16, true, true);
	expect_there(1, 7, CMAF_LONG_BYTES - 15, true, false);
	expect_there(CMAF_LONG_BYTES / 64, 55, 1, true, false);
	expect_there(CMAF_LONG_BYTES / 64 + 1, 55, 1, false, true);
	expect_there(255, 1, 1, true, true);
	expect_there(256, 1, 1, false, true);
}

static void room_for_the_loudness_keeps_its_size(void **state)
{
	char most[CMAF_GAIN_BYTES + 1];
	const struct cmaf_gain gains[] = {
		NO_GAIN, {"-6.50 dB", "0.988553", " 00001173"}, {"", "1", NULL}, {most, most, most}};
	const struct cmaf_chapter chapter = {0, ""};
	const struct cmaf_tags tags = {.chapters = &chapter, .chapter_count = 1, .gain_room = true};
	struct buf out;
	size_t length;

	(void)state;
	memset(most, 'x', CMAF_GAIN_BYTES);
	most[CMAF_GAIN_BYTES] = '\0';
	put(&out, &tags, &gains[0]);
	length = out.length;
	assert_non_null(memmem(out.data, out.length, "\0\0\0\10ilst\0\0\2\200free", 16));
	buf_free(&out);
	for (size_t i = 1; i < sizeof gains / sizeof *gains; i++) {
		struct bmff_span all = put(&out, &tags, &gains[i]);

		assert_int_equal(out.length, length);
		assert_false(items(all).bad);
		assert_false(descend(all, "udtachpl").bad);
		buf_free(&out);
	}
	put(&out, &tags, &gains[1]);
	assert_non_null(memmem(out.data, out.length,
		"\0\0\0\135----\0\0\0\34mean\0\0\0\0com.apple.iTunes\0\0\0\41name\0\0\0\0replaygain_track_gain"
		"\0\0\0\30data\0\0\0\1\0\0\0\0-6.50 dB",
		93));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_say),
		cmocka_unit_test(short_ones),
		cmocka_unit_test(chapters),
		cmocka_unit_test(long_ones_are_bounded),
		cmocka_unit_test(room_for_the_loudness_keeps_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
