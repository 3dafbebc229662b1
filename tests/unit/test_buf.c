/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_appending(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1 << 20);
	assert_string_equal(buf_text(&buf), "");
	buf_puts(&buf, "a");
	buf_putc(&buf, 'b');
	buf_put(&buf, "cd", 2);
	buf_printf(&buf, "-%d", 7);
	assert_string_equal(buf_text(&buf), "abcd-7");
	assert_int_equal(buf.length, 6);
	for (int i = 0; i < 10000; i++)
		buf_puts(&buf, "0123456789");
	assert_int_equal(buf.length, 100006);
	assert_int_equal(strlen(buf_text(&buf)), 100006);
	assert_false(buf.overflow);
	buf_clear(&buf);
	assert_string_equal(buf_text(&buf), "");
	buf_free(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.limit, 1 << 20);
}

static void test_the_limit(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4);
	buf_puts(&buf, "abcd");
	assert_false(buf.overflow);
	buf_put(&buf, "", 0);
	assert_false(buf.overflow);
	buf_putc(&buf, 'e');
	assert_true(buf.overflow);
	assert_string_equal(buf_text(&buf), "abcd");
	buf_clear(&buf);
	assert_false(buf.overflow);
	buf_puts(&buf, "ab");
	buf_printf(&buf, "%s", "cde");
	assert_true(buf.overflow);
	assert_string_equal(buf_text(&buf), "ab");
	/* What comes after an overflow would make no sense without what was dropped. */
	buf_putc(&buf, 'c');
	assert_string_equal(buf_text(&buf), "ab");
	buf_free(&buf);
	buf_init(&buf, 0);
	buf_putc(&buf, 'x');
	assert_true(buf.overflow);
	assert_string_equal(buf_text(&buf), "");
	buf_free(&buf);
}

static void test_numbers(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 64);
	buf_reserve(&buf, SIZE_MAX); /* more than it may hold */
	assert_false(buf.overflow);
	buf_put_number(&buf, 0, 1);
	buf_putc(&buf, ' ');
	buf_put_number(&buf, 41, 6);
	buf_putc(&buf, ' ');
	buf_put_number(&buf, 1234567, 6);
	buf_putc(&buf, ' ');
	buf_put_number(&buf, UINT64_MAX, 20);
	assert_string_equal(buf_text(&buf), "0 000041 1234567 18446744073709551615");
	buf_free(&buf);
}

static void test_formats_at_every_room(void **state)
{
	char text[700], word[300];
	struct buf buf;

	(void)state;
	for (size_t before = 0; before < 300; before++) {
		buf_init(&buf, 500);
		memset(word, 'x', sizeof word);
		word[before] = '\0';
		buf_puts(&buf, word);
		buf_printf(&buf, "%zu-%s", before, word);
		snprintf(text, sizeof text, "%s%zu-%s", word, before, word);
		if (strlen(text) > 500) {
			assert_true(buf.overflow);
			assert_string_equal(buf_text(&buf), word);
		} else {
			assert_string_equal(buf_text(&buf), text);
		}
		buf_free(&buf);
	}
}

static void test_big_endian(void **state)
{
	static const unsigned char want[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0xfe};
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_put_u8(&buf, 1);
	buf_put_be16(&buf, 0x0203);
	buf_put_be24(&buf, 0x040506);
	buf_put_be32(&buf, 0);
	buf_put_be64(&buf, 0x0b0c0d0e0f101112 - 1);
	buf_set_be32(&buf, 6, 0x0708090a);
	buf_put_u8(&buf, 0xfe);
	assert_int_equal(buf.length, 19);
	assert_memory_equal(buf.data, want, 17);
	assert_int_equal((unsigned char)buf.data[17], 0x11);
	assert_int_equal((unsigned char)buf.data[18], 0xfe);
	buf_free(&buf);
	buf_init(&buf, 2);
	buf_put_be32(&buf, 1);
	buf_set_be32(&buf, 0, 1); /* harmless after an overflow */
	assert_true(buf.overflow);
	buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appending),
		cmocka_unit_test(test_the_limit),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_formats_at_every_room),
		cmocka_unit_test(test_big_endian),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
