/* SPDX-License-Identifier: MIT */
#include "media/magic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A literal with NULs in it, and its length. */
#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

static void knows_the_formats(void **state)
{
	(void)state;
	assert_int_equal(magic_find(BYTES("fLaC\0\0\0\x22")), MAGIC_FLAC);
	assert_int_equal(magic_find(BYTES("OggS\0\2")), MAGIC_OGG);
	assert_int_equal(magic_find(BYTES("RIFF\x24\0\0\0WAVEfmt ")), MAGIC_WAV);
	assert_int_equal(magic_find(BYTES("RF64\xff\xff\xff\xffWAVEds64")), MAGIC_RF64);
	assert_int_equal(magic_find(BYTES("BW64\xff\xff\xff\xffWAVEds64")), MAGIC_RF64);
	assert_int_equal(magic_find(BYTES("riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0")), MAGIC_W64);
	assert_int_equal(magic_find(BYTES("FORM\0\0\0\0AIFFCOMM")), MAGIC_AIFF);
	assert_int_equal(magic_find(BYTES("FORM\0\0\0\0AIFCFVER")), MAGIC_AIFF);
	assert_int_equal(magic_find(BYTES("\0\0\0\x20"
					  "ftypM4A ")),
		MAGIC_MP4);
	assert_int_equal(magic_find(BYTES("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm")), MAGIC_WEBM);
	assert_int_equal(magic_find(BYTES("\xff\xfb\x90\x00")), MAGIC_MP3);
	assert_int_equal(magic_find(BYTES("\xff\xf3\x40\xc0")), MAGIC_MP3);
	assert_int_equal(magic_find(BYTES("\xff\xf1\x50\x80\x02\x1f\xfc")), MAGIC_AAC);
}

static void refuses_what_only_looks_like_it(void **state)
{
	(void)state;
	assert_int_equal(magic_find(NULL, 0), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("#EXTM3U\n#EXT-X-")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("ffconcat version 1.0\n")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("MZ\0\0\0\0\0\0")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("RIFF\0\0\0\0AVI ")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("fLa")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("\x1a\x45\xdf\xa3\x42\x82\x88matroska")), MAGIC_UNKNOWN);
	/* free format, bad rate, reserved version, layer II */
	assert_int_equal(magic_find(BYTES("\xff\xfb\x00\x00")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("\xff\xfb\x9c\x00")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("\xff\xeb\x90\x00")), MAGIC_UNKNOWN);
	assert_int_equal(magic_find(BYTES("\xff\xfd\x90\x00")), MAGIC_UNKNOWN);
	/* an ADTS frame of length 0 */
	assert_int_equal(magic_find(BYTES("\xff\xf1\x50\x80\x00\x1f\xfc")), MAGIC_UNKNOWN);
}

static void measures_id3(void **state)
{
	(void)state;
	assert_int_equal(magic_id3_size(BYTES("ID3\4\0\0\0\0\x01\x7f")), 255 + 10);
	assert_int_equal(magic_id3_size(BYTES("ID3\4\0\x10\0\0\0\x05")), 5 + 20);
	assert_int_equal(magic_id3_size(BYTES("ID3\4\0\0\0\0\x80\x00")), 0);
	assert_int_equal(magic_id3_size(BYTES("ID3\4\0\0\0\0")), 0);
	assert_int_equal(magic_id3_size(BYTES("TAG\4\0\0\0\0\0\0")), 0);
}

static enum magic of_file(const unsigned char *bytes, size_t length)
{
	FILE *file = tmpfile();
	enum magic found;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fflush(file), 0);
	found = magic_find_file(fileno(file));
	fclose(file);
	return found;
}

static void looks_behind_tags(void **state)
{
	(void)state;
	assert_int_equal(of_file(BYTES("ID3\4\0\0\0\0\0\2..fLaC\0\0\0\x22")), MAGIC_FLAC);
	assert_int_equal(of_file(BYTES("ID3\4\0\0\0\0\0\0ID3\3\0\0\0\0\0\1.\xff\xfb\x90\x00")), MAGIC_MP3);
	assert_int_equal(of_file(BYTES("ID3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xfb\x90\x00")), MAGIC_MP3);
	assert_int_equal(of_file(BYTES("ID3\4\0\0\0\0\x7f\x7f")), MAGIC_UNKNOWN);
	assert_int_equal(of_file(BYTES("\0\0\0\0\0\0\0\0\xff\xfb\x90\x00")), MAGIC_UNKNOWN);
	assert_int_equal(of_file(BYTES("")), MAGIC_UNKNOWN);
}

static void names_every_format(void **state)
{
	(void)state;
	for (int i = 0; i < MAGIC_COUNT; i++)
		assert_non_null(magic_name((enum magic)i));
	assert_string_equal(magic_name(MAGIC_MP4), "m4a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_formats),
		cmocka_unit_test(refuses_what_only_looks_like_it),
		cmocka_unit_test(measures_id3),
		cmocka_unit_test(looks_behind_tags),
		cmocka_unit_test(names_every_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
