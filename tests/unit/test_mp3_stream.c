/* SPDX-License-Identifier: MIT */
#include "media/mp3_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES = 4, LARGEST = 64 };

/* window_switching_flag, block_type, mixed_block_flag; where the first is 0, tables take the place of the others. */
enum { LONG = 7, START = 0xa, MIXED = 0xd, STOP = 0xe };

/* The second byte of a header, and the last one. */
enum { MPEG_1 = 0xfb, MPEG_1_CHECKED = 0xfa, MPEG_2 = 0xf3, STEREO = 0x40, MONO = 0xc0 };

/* What is at the beginning of a frame, and where in it. */
struct kind {
	uint8_t version, mode;
	size_t side, room;  /* bytes */
	unsigned reach;     /* bits of main_data_begin */
	size_t window[2];   /* bit at which the last granule of a channel tells its own; 0: there is no such channel */
};

/* The lengths of fields, added up: ISO/IEC 11172-3 section 2.4.1.7, 13818-3 section 2.4.1.7. */
static const struct kind kinds[] = {
	{MPEG_1, STEREO, 4, 36, 9, {20 + 2 * 59 + 33, 20 + 3 * 59 + 33}},
	{MPEG_1, MONO, 4, 21, 9, {18 + 59 + 33, 0}},
	{MPEG_1_CHECKED, STEREO, 6, 38, 9, {20 + 2 * 59 + 33, 20 + 3 * 59 + 33}},
	{MPEG_2, STEREO, 4, 21, 8, {10 + 38, 10 + 63 + 38}},
	{MPEG_2, MONO, 4, 13, 8, {9 + 38, 0}},
};

static void put(uint8_t *data, size_t at, unsigned count, unsigned value)
{
	for (; count > 0; at++) {
		unsigned bit = value >> --count & 1U;

		data[at / 8] = (uint8_t)((data[at / 8] & ~(0x80U >> at % 8)) | (bit ? 0x80U >> at % 8 : 0));
	}
}

/* A frame of KIND at DATA, whose side information has ones wherever nothing else is told. */
static void make(uint8_t *data, const struct kind *kind, unsigned reach, unsigned left, unsigned right)
{
	memset(data, 0xff, kind->room);
	data[1] = kind->version;
	data[2] = 0x90;
	data[3] = kind->mode;
	put(data + kind->side, 0, kind->reach, reach);
	put(data + kind->side, kind->window[0], 4, left);
	if (kind->window[1] != 0)
		put(data + kind->side, kind->window[1], 4, right);
}

static void reads_frames_of_all_kinds(void **state)
{
	uint8_t data[LARGEST];
	struct mp3_frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct kind *kind = &kinds[i];
		unsigned most = (1U << kind->reach) - 1;

		make(data, kind, most, START, MIXED);
		assert_true(mp3_frame_read(data, sizeof data, &frame));
		assert_int_equal(frame.reach, most);
		assert_ptr_equal(frame.room, data + kind->room);
		assert_int_equal(frame.size, sizeof data - kind->room);
		assert_int_equal(frame.window, kind->window[1] != 0 ? START << 4 | MIXED : START);
		make(data, kind, 0, LONG, STOP);
		assert_true(mp3_frame_read(data, sizeof data, &frame));
		assert_int_equal(frame.reach, 0);
		assert_int_equal(frame.window, kind->window[1] != 0 ? STOP : 0);
	}
}

/* In memory of its own, so that a byte too many is noticed. */
static void refuses_frames_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		uint8_t whole[LARGEST];

		make(whole, &kinds[i], 1, START, START);
		for (size_t size = 0; size <= kinds[i].room; size++) {
			uint8_t *data = malloc(size > 0 ? size : 1);
			struct mp3_frame frame;

			assert_non_null(data);
			memcpy(data, whole, size);
			assert_int_equal(mp3_frame_read(data, size, &frame), size == kinds[i].room);
			free(data);
		}
	}
}

static void refuses_what_is_no_frame_of_layer_3(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} odd[] = {{0, 0xfe}, {1, 0x1b}, {1, 0xeb} /* reserved version */, {1, 0xfd} /* layer II */, {1, 0xff},
		{1, 0xf9}};
	uint8_t data[LARGEST];
	struct mp3_frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		make(data, &kinds[0], 0, START, START);
		data[odd[i].at] = odd[i].value;
		assert_false(mp3_frame_read(data, sizeof data, &frame));
	}
}

/* FRAMES of main data alone: of sizes that differ, each byte with the number of its own from AT on. */
struct stream {
	uint8_t bytes[FRAMES][8];
	struct mp3_frame frames[FRAMES];
};

static struct mp3_frame *number(struct stream *stream, uint8_t at, const size_t *sizes)
{
	for (size_t i = 0; i < FRAMES; i++) {
		stream->frames[i] = (struct mp3_frame){.room = stream->bytes[i], .size = sizes[i]};
		for (size_t b = 0; b < sizeof stream->bytes[i]; b++)
			stream->bytes[i][b] = b < sizes[i] ? at++ : 0xff;
	}
	return stream->frames;
}

static void takes_what_a_frame_needs_along(void **state)
{
	static const size_t sizes[] = {3, 2, 4, 8}, others[] = {4, 3, 3, 8};
	struct stream old, fresh;
	struct mp3_frame *a = number(&old, 10, sizes), *b = number(&fresh, 100, others);

	(void)state;
	a[3].reach = 8;
	b[3].reach = 7;
	assert_true(mp3_join(a, b, 3));
	assert_memory_equal(old.bytes[0], ((uint8_t[]){10, 11, 103, 0xff}), 4);
	assert_memory_equal(old.bytes[1], ((uint8_t[]){104, 105, 0xff}), 3);
	assert_memory_equal(old.bytes[2], ((uint8_t[]){106, 107, 108, 109, 0xff}), 5);
	assert_memory_equal(old.bytes[3], ((uint8_t[]){19, 20, 21}), 3);
	assert_memory_equal(fresh.bytes[1], ((uint8_t[]){104, 105, 106}), 3);
}

static void takes_nothing_along_where_nothing_is_needed(void **state)
{
	static const size_t sizes[] = {3, 2, 4, 8};
	struct stream old, fresh;
	struct mp3_frame *a = number(&old, 10, sizes), *b = number(&fresh, 100, sizes);

	(void)state;
	a[2].reach = 4;
	assert_true(mp3_join(a, b, 2));
	assert_memory_equal(old.bytes[1], ((uint8_t[]){13, 14}), 2);
}

static void refuses_what_does_not_fit(void **state)
{
	static const size_t sizes[] = {3, 2, 4, 8};
	struct stream old, fresh, before;
	struct mp3_frame *a = number(&old, 10, sizes), *b = number(&fresh, 100, sizes);

	(void)state;
	before = old;
	a[2].reach = 3;
	b[2].reach = 4;
	assert_false(mp3_join(a, b, 2)); /* further back than the other */
	a[2].reach = b[2].reach = 6;
	assert_false(mp3_join(a, b, 2)); /* than all that is there */
	a[2].reach = b[2].reach = 5;
	a[1].window = 9;
	assert_false(mp3_join(a, b, 2)); /* another window */
	assert_false(mp3_join(a, b, 0)); /* nothing is known of the one before */
	assert_memory_equal(old.bytes, before.bytes, sizeof before.bytes);
	b[1].window = 9;
	assert_true(mp3_join(a, b, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_frames_of_all_kinds),
		cmocka_unit_test(refuses_frames_cut_short),
		cmocka_unit_test(refuses_what_is_no_frame_of_layer_3),
		cmocka_unit_test(takes_what_a_frame_needs_along),
		cmocka_unit_test(takes_nothing_along_where_nothing_is_needed),
		cmocka_unit_test(refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
