/* SPDX-License-Identifier: MIT */
#include "media/ape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* Title, a binary item, Album Artist with two values; their lengths in the footer. */
static const char items[] = "\x05\0\0\0\0\0\0\0Title\0Hello"
			    "\x03\0\0\0\x02\0\0\0Cover Art (Front)\0abc"
			    "\x07\0\0\0\0\0\0\0Album Artist\0One\0Two"
			    "\x04\0\0\0\0\0\0\0Year\0" "2001";

enum { ITEMS_SIZE = sizeof items - 1, FOOTER = 32, ID3V1 = 128 };

/* A file with the tag, of which the footer says SIZE bytes and COUNT items, then TAIL bytes. Read into TAGS. */
static void read_file(uint32_t size, uint32_t count, size_t tail, struct tags *tags)
{
	unsigned char bytes[16 + ITEMS_SIZE + FOOTER + ID3V1] = "sound of a kind";
	unsigned char *footer = bytes + 16 + ITEMS_SIZE;
	int fd = memfd_create("ape", MFD_CLOEXEC);

	memcpy(bytes + 16, items, ITEMS_SIZE);
	memcpy(footer, "APETAGEX\xD0\x07\0\0", 12);
	for (size_t i = 0; i < 4; i++) {
		footer[12 + i] = (unsigned char)(size >> 8 * i);
		footer[16 + i] = (unsigned char)(count >> 8 * i);
	}
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, sizeof bytes - ID3V1 + tail), sizeof bytes - ID3V1 + tail);
	memset(tags, 0, sizeof *tags);
	ape_read(fd, tags);
	close(fd);
}

static void is_read_at_the_end(void **state)
{
	struct tags tags;

	(void)state;
	for (size_t tail = 0; tail <= ID3V1; tail += ID3V1) {
		read_file(ITEMS_SIZE + FOOTER, 4, tail, &tags);
		assert_string_equal(tags.title, "Hello");
		assert_string_equal(tags.album_artist, "One");
		assert_int_equal(tags.year, 2001);
	}
}

static void is_not_read_elsewhere(void **state)
{
	struct tags tags;

	(void)state;
	read_file(ITEMS_SIZE + FOOTER, 4, 1, &tags);
	assert_string_equal(tags.title, "");
}

static void damage_ends_it(void **state)
{
	struct tags tags;

	(void)state;
	for (uint32_t size = 0; size < ITEMS_SIZE + FOOTER + 40; size++)
		read_file(size, 4, 0, &tags);
	read_file(UINT32_MAX, 4, 0, &tags);
	assert_string_equal(tags.title, "");
	read_file(ITEMS_SIZE + FOOTER, UINT32_MAX, 0, &tags);
	assert_string_equal(tags.title, "");
	read_file(ITEMS_SIZE + FOOTER, 200, 0, &tags);
	assert_string_equal(tags.title, "Hello");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_at_the_end),
		cmocka_unit_test(is_not_read_elsewhere),
		cmocka_unit_test(damage_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
