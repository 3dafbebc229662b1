/* SPDX-License-Identifier: MIT */
#include "package/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 6716 section 3.1, table 2: configurations by their frame size. */
static void opus(void **state)
{
	static const uint32_t each[32] = {480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960,
		480, 960, 120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960};

	(void)state;
	for (unsigned config = 0; config < 32; config++) {
		unsigned char packet[2] = {(unsigned char)(config << 3), 0};

		assert_int_equal(frame_opus(packet, 1), each[config]);
		packet[0] |= 1;
		assert_int_equal(frame_opus(packet, 1), 2 * each[config]);
		packet[0] |= 3;
		packet[1] = 2;
		assert_int_equal(frame_opus(packet, 2), 2 * each[config]);
		assert_int_equal(frame_opus(packet, 1), 0);
		packet[1] = 0;
		assert_int_equal(frame_opus(packet, 2), 0);
		packet[1] = 63;
		assert_int_equal(frame_opus(packet, 2), 0);
		packet[1] = 0xc2;
		assert_int_equal(frame_opus(packet, 2), 2 * each[config]);
	}
	assert_int_equal(frame_opus(NULL, 0), 0);
	assert_int_equal(frame_opus((const unsigned char[]){0x83, 48}, 2), 5760);
	assert_int_equal(frame_opus((const unsigned char[]){0x83, 49}, 2), 0);
}

/* RFC 9639 section 9.1.1. */
static void flac(void **state)
{
	static const uint32_t sizes[16] = {
		0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
	unsigned char frame[16] = {0xff, 0xf8};

	(void)state;
	for (unsigned code = 0; code < 16; code++) {
		frame[2] = (unsigned char)(code << 4 | 9);
		frame[4] = 0x11;
		frame[5] = 0x12;
		frame[6] = 0x34;
		assert_int_equal(frame_flac(frame, 10), code == 6 ? 0x13 : code == 7 ? 0x1235 : sizes[code]);
	}
	frame[2] = 0x79;
	frame[4] = 0xc2; /* a number of two bytes */
	frame[7] = 0x56;
	assert_int_equal(frame_flac(frame, 10), 0x3457);
	frame[4] = 0xfe; /* of seven: what follows is too short */
	assert_int_equal(frame_flac(frame, 10), 0);
	frame[4] = 0x80;
	assert_int_equal(frame_flac(frame, 10), 0);
	frame[4] = 0xff;
	assert_int_equal(frame_flac(frame, 10), 0);
	frame[4] = 0;
	assert_int_equal(frame_flac(frame, 5), 0);
	frame[1] = 0xf9;
	assert_int_equal(frame_flac(frame, 10), 0x1235);
	frame[1] = 0xfa;
	assert_int_equal(frame_flac(frame, 10), 0);
}

static void mp3(void **state)
{
	(void)state;
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0xfb, 0x90, 0}, 4), 1152);
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0xf3, 0x90, 0}, 4), 576);
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0xe3, 0x90, 0}, 4), 576);
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0xfd, 0x90, 0}, 4), 0); /* layer II */
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0xeb, 0x90, 0}, 4), 0); /* no such version */
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0x1b, 0x90, 0}, 4), 0);
	assert_int_equal(frame_mp3((const unsigned char[]){0xff, 0xfb, 0x90}, 3), 0);
}

/* Packets that end anywhere, on the heap so that a reader beyond is seen. */
static void reads_no_further(void **state)
{
	(void)state;
	for (size_t length = 0; length < 16; length++) {
		for (unsigned first = 0; first < 256; first++) {
			unsigned char *bytes = malloc(length + (length == 0));

			assert_non_null(bytes);
			memset(bytes, (int)first, length);
			if (length > 2) {
				bytes[0] = 0xff;
				bytes[1] = 0xf8;
				bytes[2] = (unsigned char)first;
			}
			frame_flac(bytes, length);
			frame_opus(bytes, length);
			frame_mp3(bytes, length);
			free(bytes);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opus),
		cmocka_unit_test(flac),
		cmocka_unit_test(mp3),
		cmocka_unit_test(reads_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
