/* SPDX-License-Identifier: MIT */
#include "jobs/native.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECOND = 44100 };

static const struct track source = {.sample_rate = 44100, .channels = 6};
static const struct conf_rendition mp3 = {"mp3-128", "mp3", 128000, 44100, 2, "mp3"};
static const struct conf_rendition opus = {"opus-ogg-64", "opus", 64000, 48000, 1, "ogg"};
static const struct conf_rendition wav = {"wav", "pcm", 0, 0, 0, "wav"};

/* A file that begins with HEAD and has SIZE bytes, as a rendition of ten seconds. */
static enum err read_as(const struct conf_rendition *wanted, const char *head, off_t size, struct rendition *out)
{
	int fd = memfd_create("rendition", MFD_CLOEXEC);
	struct err_info info = {0};
	enum err err;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(pwrite(fd, head, 12, 0), 12);
	*out = (struct rendition){0};
	err = native_read(fd, wanted, &source, 10 * SECOND, out, &info);
	close(fd);
	if (err != ERR_OK)
		assert_non_null(strstr(info.detail, wanted->quality));
	return err;
}

static void fills_the_row(void **state)
{
	struct rendition row;

	(void)state;
	assert_int_equal(read_as(&opus, "OggS\0\0\0\0\0\0\0\0", 100000, &row), ERR_OK);
	assert_string_equal(row.codec, "opus");
	assert_string_equal(row.codecs, "opus");
	assert_string_equal(row.container, "ogg");
	assert_int_equal(row.sample_rate, 48000);
	assert_int_equal(row.timescale, 48000);
	assert_int_equal(row.channels, 1);
	assert_int_equal(row.samples, 480000);
	assert_int_equal(row.file_size, 100000);
	assert_int_equal(row.average_bandwidth, 80001);
	assert_int_equal(row.segments.count, 0);
}

static void takes_rate_and_channels_of_the_source(void **state)
{
	struct rendition row;

	(void)state;
	assert_int_equal(read_as(&wav, "RIFF\0\0\0\0WAVE", 10 * SECOND * 4 + 44, &row), ERR_OK);
	assert_int_equal(row.sample_rate, 44100);
	assert_int_equal(row.channels, 2);
	assert_int_equal(read_as(&wav, "RF64\0\0\0\0WAVE", 10 * SECOND * 4 + 44, &row), ERR_OK);
}

static void refuses_another_format(void **state)
{
	struct rendition row;

	(void)state;
	assert_int_equal(read_as(&mp3, "OggS\0\0\0\0\0\0\0\0", 160000, &row), ERR_UNPROCESSABLE);
	assert_int_equal(read_as(&opus, "fLaC\0\0\0\0\0\0\0\0", 80000, &row), ERR_UNPROCESSABLE);
	assert_int_equal(read_as(&wav, "\0\0\0\0\0\0\0\0\0\0\0\0", 10 * SECOND * 4 + 44, &row), ERR_UNPROCESSABLE);
}

static void refuses_an_impossible_size(void **state)
{
	struct rendition row;

	(void)state;
	assert_int_equal(read_as(&wav, "RIFF\0\0\0\0WAVE", 10 * SECOND * 4, &row), ERR_UNPROCESSABLE);
	assert_int_equal(read_as(&wav, "RIFF\0\0\0\0WAVE", 10 * SECOND * 16, &row), ERR_UNPROCESSABLE);
	assert_int_equal(read_as(&mp3, "\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", 160000, &row), ERR_OK);
	assert_int_equal(read_as(&mp3, "\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", 1600000, &row), ERR_UNPROCESSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_the_row),
		cmocka_unit_test(takes_rate_and_channels_of_the_source),
		cmocka_unit_test(refuses_another_format),
		cmocka_unit_test(refuses_an_impossible_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
