/* SPDX-License-Identifier: MIT */
/* Tags of ID3v2.3 by their bytes, and the chunk of a WAV file that holds one, also where files are too large for RIFF. */
#include "media/id3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { EMPTY_TAG = 10 };

static struct tags tags;

static void make(size_t padding, struct buf *out)
{
	buf_init(out, ID3_MOST);
	assert_int_equal(id3_make(&tags, padding, out, NULL), ERR_OK);
}

static void lyrics_are_a_frame_of_their_own(void **state)
{
	/* "é𝄞" as UTF-16, with its byte order before it and an empty description. */
	static const char frame[] = "USLT\0\0\0\x10\0\0\1XXX\xFF\xFE\0\0\xFF\xFE\xE9\0\x34\xD8\x1E\xDD";
	struct buf tag, more = {.data = (char *)(uintptr_t)"TXXX\0\0\0\2\0\0\0x", .length = 12};
	const char *found;

	(void)state;
	memset(&tags, 0, sizeof tags);
	strcpy(tags.title, "T");
	strcpy(tags.lyrics, "é𝄞");
	make(more.length, &tag);
	found = memmem(tag.data, tag.length, frame, sizeof frame - 1);
	assert_non_null(found);
	assert_non_null(memmem(tag.data, tag.length, "TIT2", 4));
	assert_true(id3_insert((unsigned char *)tag.data, tag.length, &more));
	assert_memory_equal(found + sizeof frame - 1, more.data, more.length);
	more.length = tag.length;
	assert_false(id3_insert((unsigned char *)tag.data, tag.length, &more));
	assert_false(id3_insert((unsigned char *)tag.data, EMPTY_TAG, &more));
	buf_free(&tag);
}

/* A file of SIZE bytes, most of them holes, that begins with START. */
static int make_file(const char *start, off_t size)
{
	int fd = memfd_create("wav", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, start, 4, 0), 4);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static uint64_t number_at(int fd, off_t at, size_t bytes)
{
	unsigned char number[8] = {0};
	uint64_t value = 0;

	assert_int_equal(pread(fd, number, bytes, at), (ssize_t)bytes);
	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | number[i];
	return value;
}

/* Appends TAG to a file, which is closed; what it has grown by. The length of RIFF stands at AT. */
static off_t grown_by(const char *start, off_t size, const struct buf *tag, off_t at, size_t bytes)
{
	int fd = make_file(start, size);
	struct stat status;

	assert_int_equal(id3_append_chunk(fd, tag, NULL), ERR_OK);
	assert_int_equal(fstat(fd, &status), 0);
	if (status.st_size > size) {
		assert_int_equal(number_at(fd, at, bytes), status.st_size - 8);
		assert_int_equal(number_at(fd, size + 4, 4), tag->length);
	}
	close(fd);
	return status.st_size - size;
}

static void wav_files_have_it_behind_their_sound(void **state)
{
	const off_t most = (off_t)UINT32_MAX;
	struct buf tag;
	off_t chunk;

	(void)state;
	memset(&tags, 0, sizeof tags);
	make(0, &tag);
	assert_int_equal(grown_by("RIFF", 1000, &tag, 4, 4), 0);
	buf_free(&tag);
	for (strcpy(tags.title, "T"); strlen(tags.title) < 3; strcat(tags.title, "T")) {
		make(0, &tag);
		chunk = (off_t)(8 + tag.length + tag.length % 2);
		assert_int_equal(grown_by("RIFF", 1000, &tag, 4, 4), chunk);
		assert_int_equal(grown_by("RF64", 1000, &tag, 20, 8), chunk);
		assert_int_equal(grown_by("RIFF", most - 1 - chunk, &tag, 4, 4), chunk);
		assert_int_equal(grown_by("RIFF", most + 1 - chunk, &tag, 4, 4), 0);
		assert_int_equal(grown_by("RF64", most + 1, &tag, 20, 8), chunk);
		buf_free(&tag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lyrics_are_a_frame_of_their_own),
		cmocka_unit_test(wav_files_have_it_behind_their_sound),
	};

	return cmocka_run_group_tests_name("id3", tests, NULL, NULL);
}
