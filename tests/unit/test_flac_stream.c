/* SPDX-License-Identifier: MIT */
#include "media/flac_stream.h"

#include <libavutil/channel_layout.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 64 };

/* RFC 9639 appendix D.1: one stereo sample at 44.1 kHz, its block size behind the number. */
static const uint8_t example[] = {
	0xff, 0xf8, 0x69, 0x18, 0x00, 0x00, 0xbf, 0x03, 0x58, 0xfd, 0x03, 0x12, 0x8b, 0xaa, 0x9a};

static void leaves_a_frame_that_has_its_number(void **state)
{
	uint8_t out[ROOM];

	(void)state;
	assert_int_equal(flac_frame_number(example, sizeof example, 0, out), sizeof example);
	assert_memory_equal(out, example, sizeof example);
}

/* Numbers are written as UTF-8 writes characters: U+00A2, U+20AC, U+10348, and what it once had beyond. */
static void writes_numbers_of_all_lengths(void **state)
{
	const struct {
		uint32_t number;
		const char *bytes;
	} cases[] = {{0x7f, "\x7f"}, {0xa2, "\xc2\xa2"}, {0x20ac, "\xe2\x82\xac"}, {0x10348, "\xf0\x90\x8d\x88"},
		{0x200000, "\xf8\x88\x80\x80\x80"}, {0x7fffffff, "\xfd\xbf\xbf\xbf\xbf\xbf"}};
	uint8_t out[ROOM], back[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t length = strlen(cases[i].bytes), size = sizeof example + length - 1;

		assert_int_equal(flac_frame_number(example, sizeof example, cases[i].number, out), size);
		assert_memory_equal(out + 4, cases[i].bytes, length);
		assert_int_equal(flac_frame_number(out, size, 0, back), sizeof example);
		assert_memory_equal(back, example, sizeof example);
	}
}

static void refuses_what_is_no_frame(void **state)
{
	uint8_t out[ROOM], other[sizeof example];

	(void)state;
	for (size_t size = 0; size < 9; size++)
		assert_int_equal(flac_frame_number(example, size, 0, out), 0);
	memcpy(other, example, sizeof other);
	other[1] = 0xf9; /* blocks of any size, whose samples are counted instead */
	assert_int_equal(flac_frame_number(other, sizeof other, 0, out), 0);
	memcpy(other, example, sizeof other);
	other[4] = 0x80; /* the middle of a number */
	assert_int_equal(flac_frame_number(other, sizeof other, 0, out), 0);
}

/* The same example: its STREAMINFO, and the sample that the checksum in there is of. */
static void tells_of_the_whole(void **state)
{
	static const uint8_t streaminfo[FLAC_STREAMINFO_BYTES] = {0x10, 0x00, 0x10, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00,
		0x0f, 0x0a, 0xc4, 0x42, 0xf0, 0x00, 0x00, 0x00, 0x01, 0x3e, 0x84, 0xb4, 0x18, 0x07, 0xdc, 0x69, 0x03,
		0x07, 0x58, 0x6a, 0x3d, 0xad, 0x1a, 0x2e, 0x0f};
	int16_t samples[] = {25588, 10416};
	uint8_t unknown[FLAC_STREAMINFO_BYTES] = {0};
	AVFrame *frame = av_frame_alloc();
	struct flac_whole whole;
	struct err_info info;

	(void)state;
	assert_non_null(frame);
	frame->nb_samples = 1;
	frame->format = AV_SAMPLE_FMT_S16;
	av_channel_layout_default(&frame->ch_layout, 2);
	frame->data[0] = (uint8_t *)samples;
	assert_int_equal(flac_whole_init(&whole, &info), ERR_OK);
	flac_whole_sound(&whole, frame);
	flac_whole_frame(&whole, sizeof example);
	memcpy(unknown, streaminfo, 4);
	memcpy(unknown + 10, streaminfo + 10, 4);
	flac_whole_finish(&whole, unknown);
	assert_memory_equal(unknown, streaminfo, sizeof unknown);
	flac_whole_free(&whole);
	av_frame_free(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_a_frame_that_has_its_number),
		cmocka_unit_test(writes_numbers_of_all_lengths),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(tells_of_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
