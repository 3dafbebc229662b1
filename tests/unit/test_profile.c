/* SPDX-License-Identifier: MIT */
#include "media/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum err check(const char *codec, int64_t bit_rate, int64_t sample_rate, int64_t channels)
{
	struct conf_rendition row = {
		.quality = "x", .codec = codec, .bit_rate = bit_rate, .sample_rate = sample_rate, .channels = channels};
	struct err_info info = {0};
	enum err err = profile_check(&row, &info);

	if (err != ERR_OK) {
		assert_int_equal(info.code, err);
		assert_true(strlen(info.detail) > 0);
	}
	return err;
}

static void takes_the_default_ladder(void **state)
{
	(void)state;
	assert_int_equal(check("aac", 320000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 192000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 128000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 96000, 44100, 2), ERR_OK);
	assert_int_equal(check("aac", 96000, 22050, 1), ERR_OK);
	assert_int_equal(check("aac", 64000, 22050, 1), ERR_OK);
}

static void names_what_it_cannot_make(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("mp4", 128000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 44101, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 44100, 0), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 128000, 44100, 6), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 8000, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 320001, 44100, 2), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", 192000, 22050, 1), ERR_UNPROCESSABLE);
	assert_int_equal(check("aac", -1, 44100, 2), ERR_UNPROCESSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_default_ladder),
		cmocka_unit_test(names_what_it_cannot_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
