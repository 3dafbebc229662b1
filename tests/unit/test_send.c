/* SPDX-License-Identifier: MIT */
#include "storage/send.h"

#include "base/fs.h"
#include "fixture.h"
#include "model/sending.h"
#include "storage/local.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 2 * SEND_PART_LEAST + 1000 };

struct stage {
	struct fixture *fixture;
	struct send send;
	char *bytes;
	struct storage_put put;
};

static struct stage stage;
static int64_t shift_ms;

static int64_t shifted_now(void *context)
{
	return clock_ms(NULL) + *(int64_t *)context;
}

static const struct clock later = {shifted_now, &shift_ms};

static void write_source(void)
{
	const char *path = arena_printf(&stage.fixture->arena, "%s/source", stage.fixture->dir);

	if (stage.put.fd > 0)
		close(stage.put.fd);
	assert_int_equal(fs_write_file(path, stage.bytes, SIZE, 0600, NULL), ERR_OK);
	stage.put = (struct storage_put){.key = "a/b", .fd = open(path, O_RDONLY | O_CLOEXEC), .size = SIZE};
	assert_true(stage.put.fd > 0);
}

static int set_up(void **state)
{
	memset(&stage, 0, sizeof stage);
	if (fixture_db(state) != 0)
		return -1;
	shift_ms = 0;
	stage.fixture = *state;
	stage.bytes = malloc(SIZE);
	assert_non_null(stage.bytes);
	for (size_t i = 0; i < SIZE; i++)
		stage.bytes[i] = (char)(i / 7 % 251);
	stage.send = (struct send){.db = stage.fixture->db,
		.store = "s",
		.threshold = SEND_PART_LEAST,
		.part_size = SEND_PART_LEAST,
		.clock = &later};
	assert_int_equal(local_open(arena_printf(&stage.fixture->arena, "%s/store", stage.fixture->dir),
				 &stage.send.storage, NULL),
		ERR_OK);
	write_source();
	return 0;
}

static int tear_down(void **state)
{
	close(stage.put.fd);
	storage_close(stage.send.storage);
	free(stage.bytes);
	return fixture_remove(state);
}

static void expect_sent(void)
{
	struct fixture *fixture = stage.fixture;
	struct storage_object object;
	struct sending record;
	struct err_info info = {0};
	size_t length;
	char *there;

	if (send_file(&stage.send, &stage.put, &fixture->arena, &object, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_int_equal(object.size, SIZE);
	assert_int_equal(fs_read_file(arena_printf(&fixture->arena, "%s/store/a/b", fixture->dir), 2 * SIZE, &there,
				 &length, NULL),
		ERR_OK);
	assert_int_equal(length, SIZE);
	assert_memory_equal(there, stage.bytes, SIZE);
	free(there);
	assert_int_equal(sending_get(fixture->db, "s", "a/b", &fixture->arena, &record, NULL), ERR_NOT_FOUND);
}

/* An upload of the source with its first part there, as a crash leaves it; PART is what its record says of it. */
static struct sending begin(struct storage_part *part)
{
	struct arena *arena = &stage.fixture->arena;
	struct sending record;
	const char *id;

	*part = (struct storage_part){.number = 1, .size = SEND_PART_LEAST};
	assert_int_equal(storage_upload_begin(stage.send.storage, &stage.put, arena, &id, NULL), ERR_OK);
	assert_int_equal(
		storage_upload_parts(stage.send.storage, &stage.put, id, part, 1, NULL, NULL, arena, NULL), ERR_OK);
	record = (struct sending){"s", "a/b", id, "sha256 00", SIZE, SEND_PART_LEAST, clock_ms(&later)};
	assert_int_equal(sending_begin(stage.fixture->db, &record, NULL), ERR_OK);
	assert_int_equal(sending_part_done(stage.fixture->db, &record, 1, part->etag, NULL), ERR_OK);
	return record;
}

static size_t uploads(void)
{
	struct storage_upload *list;
	size_t count;

	assert_int_equal(
		storage_upload_list(stage.send.storage, "", &stage.fixture->arena, &list, &count, NULL), ERR_OK);
	return count;
}

static void sends_in_parts(void **state)
{
	(void)state;
	expect_sent();
	assert_int_equal(uploads(), 0);
}

static void sends_small_files_whole(void **state)
{
	(void)state;
	stage.send.threshold = SIZE;
	expect_sent();
}

/* Whoever began it in parts may come back. */
static void ends_the_parts_of_what_goes_whole(void **state)
{
	struct storage_part part;

	(void)state;
	begin(&part);
	stage.send.threshold = SIZE;
	expect_sent();
	assert_int_equal(uploads(), 0);
}

static void goes_on_with_an_upload(void **state)
{
	struct storage_part part;
	int fd;

	(void)state;
	stage.put.sha256 = "00";
	begin(&part);
	/* Were the first part sent again, its first byte would be this one. */
	fd = open(arena_printf(&stage.fixture->arena, "%s/source", stage.fixture->dir), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	close(fd);
	expect_sent();
	assert_int_equal(uploads(), 0);
}

static void begins_anew_with_another_file(void **state)
{
	struct storage_part part;

	(void)state;
	begin(&part);
	stage.put.sha256 = "11";
	expect_sent();
	assert_int_equal(uploads(), 0);
	begin(&part);
	stage.put.sha256 = NULL;
	stage.bytes[5]++;
	write_source();
	expect_sent();
	assert_int_equal(uploads(), 0);
}

static void begins_anew_when_the_upload_is_gone(void **state)
{
	struct storage_part part;
	struct sending record;

	(void)state;
	stage.put.sha256 = "00";
	record = begin(&part);
	assert_int_equal(storage_upload_abort(stage.send.storage, "a/b", record.upload, NULL), ERR_OK);
	expect_sent();
}

static void begins_anew_when_a_part_is_another(void **state)
{
	struct storage_part part;
	struct sending record;

	(void)state;
	stage.put.sha256 = "00";
	record = begin(&part);
	assert_int_equal(sending_part_done(stage.fixture->db, &record, 1, "not its etag", NULL), ERR_OK);
	expect_sent();
	assert_int_equal(uploads(), 0);
}

static void aborts_what_nobody_goes_on_with(void **state)
{
	struct storage_part part;
	const char *id;
	size_t count;

	(void)state;
	assert_int_equal(
		storage_upload_begin(stage.send.storage, &stage.put, &stage.fixture->arena, &id, NULL), ERR_OK);
	begin(&part);
	assert_int_equal(send_abort_strays(&stage.send, "", 3600, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	shift_ms = 3602 * 1000;
	assert_int_equal(send_abort_strays(&stage.send, "other/", 3600, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	assert_int_equal(send_abort_strays(&stage.send, "a/", 3600, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(uploads(), 1);
	stage.put.sha256 = "00";
	expect_sent();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sends_in_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sends_small_files_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_the_parts_of_what_goes_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(goes_on_with_an_upload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(begins_anew_with_another_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(begins_anew_when_the_upload_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(begins_anew_when_a_part_is_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(aborts_what_nobody_goes_on_with, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
