/* SPDX-License-Identifier: MIT */
#include "media/jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Made by hand: the walk never looks into tables and scan. 8 x 16 pixels, one component. */
static const unsigned char good[] = {0xFF, 0xD8, /* */
	0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,     /* APP0 at 2 */
	0xFF, 0xDB, 0, 4, 1, 2,                                                 /* DQT at 20 */
	0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 8, 1, 1, 0x11, 0,                       /* SOF0 at 26: height at 31, width 33 */
	0xFF, 0xC4, 0, 4, 1, 2,                                                 /* DHT at 39 */
	0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xFF, 0, 0x34, 0xFF, 0xD0, 7, /* SOS at 45, data at 55 */
	0xFF, 0xD9};

enum { APP0_AT = 2, DQT_AT = 20, SOF_AT = 26, WIDTH_AT = 33, DATA_AT = 55, SIDE = 16 };

static enum err check_with(size_t at, unsigned char value)
{
	unsigned char bytes[sizeof good];
	struct err_info info;

	memcpy(bytes, good, sizeof bytes);
	bytes[at] = value;
	return jpeg_check(bytes, sizeof bytes, SIDE, &info);
}

static void takes_a_plain_one(void **state)
{
	struct err_info info;

	(void)state;
	assert_int_equal(jpeg_check(good, sizeof good, SIDE, &info), ERR_OK);
}

static void refuses_every_cut(void **state)
{
	struct err_info info;

	(void)state;
	for (size_t length = 0; length < sizeof good; length++)
		assert_int_equal(jpeg_check(good, length, SIDE, &info), ERR_UNPROCESSABLE);
}

static void refuses_what_is_not_plain(void **state)
{
	(void)state;
	assert_int_equal(check_with(0, 0), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(APP0_AT + 1, 0xE1), ERR_UNPROCESSABLE); /* Exif */
	assert_int_equal(check_with(APP0_AT + 1, 0xFE), ERR_UNPROCESSABLE); /* a comment */
	assert_int_equal(check_with(APP0_AT + 4, 'E'), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(SOF_AT + 1, 0xC2), ERR_UNPROCESSABLE); /* progressive */
	assert_int_equal(check_with(DQT_AT + 3, 1), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(DQT_AT + 2, 0xFF), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(DATA_AT + 2, 0xDA), ERR_UNPROCESSABLE); /* a second scan */
	assert_int_equal(check_with(DATA_AT + 2, 0xD9), ERR_UNPROCESSABLE); /* something behind the end */
	assert_int_equal(check_with(sizeof good - 1, 0), ERR_UNPROCESSABLE);
}

static void refuses_large_ones(void **state)
{
	struct err_info info;

	(void)state;
	assert_int_equal(jpeg_check(good, sizeof good, SIDE - 1, &info), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(WIDTH_AT + 1, SIDE + 1), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(WIDTH_AT, 1), ERR_UNPROCESSABLE);
	assert_int_equal(check_with(WIDTH_AT + 1, 0), ERR_UNPROCESSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_plain_one),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(refuses_what_is_not_plain),
		cmocka_unit_test(refuses_large_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
