/* SPDX-License-Identifier: MIT */
#include "storage/local.h"

#include "base/buf.h"
#include "base/fs.h"
#include "fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct stage {
	struct fixture *fixture;
	struct arena *arena;
	struct storage *storage;
	const char *folder;
};

static struct stage stage;

static int set_up(void **state)
{
	if (fixture_dir(state) != 0)
		return -1;
	stage.fixture = *state;
	stage.arena = &stage.fixture->arena;
	stage.folder = arena_printf(stage.arena, "%s/store", stage.fixture->dir);
	assert_int_equal(local_open(stage.folder, &stage.storage, NULL), ERR_OK);
	return 0;
}

static int tear_down(void **state)
{
	storage_close(stage.storage);
	return fixture_remove(state);
}

/* A file that holds TEXT, open. */
static int file_of(const char *text)
{
	const char *path = arena_printf(stage.arena, "%s/source", stage.fixture->dir);
	int fd;

	assert_int_equal(fs_write_file(path, text, strlen(text), 0600, NULL), ERR_OK);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static enum err put(const char *key, const char *text, bool if_absent)
{
	struct storage_put request = {.key = key,
		.fd = file_of(text),
		.size = strlen(text),
		.content_type = "audio/mp4",
		.if_absent = if_absent};
	struct storage_object object;
	enum err err = storage_put(stage.storage, &request, stage.arena, &object, NULL);

	close(request.fd);
	if (err == ERR_OK) {
		assert_string_equal(object.key, key);
		assert_int_equal(object.size, strlen(text));
	}
	return err;
}

static bool pour(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct buf *buf = context;

	buf_put(buf, bytes, length);
	if (!buf->overflow)
		return true;
	err_set(info, ERR_TOO_LARGE, "enough");
	return false;
}

static enum err get(const char *key, uint64_t first, uint64_t length, const char *expected)
{
	struct storage_range range = {first, length};
	struct buf buf;
	enum err err;

	buf_init(&buf, 64);
	err = storage_get(stage.storage, key, &range, pour, &buf, stage.arena, NULL, NULL);
	if (err == ERR_OK)
		assert_string_equal(buf_text(&buf), expected);
	buf_free(&buf);
	return err;
}

static void keeps_and_gives_objects(void **state)
{
	struct storage_object object, again;

	(void)state;
	assert_int_equal(put("a b/c+d%2F\xC3\xA9", "twelve bytes", false), ERR_OK);
	assert_int_equal(get("a b/c+d%2F\xC3\xA9", 0, 0, "twelve bytes"), ERR_OK);
	assert_int_equal(get("a b/c+d%2F\xC3\xA9", 7, 3, "byt"), ERR_OK);
	assert_int_equal(get("a b/c+d%2F\xC3\xA9", 7, 100, "bytes"), ERR_OK);
	assert_int_equal(get("a b/c+d%2F\xC3\xA9", 7, 0, "bytes"), ERR_OK);
	assert_int_equal(get("a b/c+d%2F\xC3\xA9", 12, 1, ""), ERR_RANGE);
	assert_int_equal(get("a b", 0, 0, ""), ERR_NOT_FOUND);
	assert_int_equal(get("a b/c", 0, 0, ""), ERR_NOT_FOUND);
	assert_int_equal(storage_head(stage.storage, "a b/c+d%2F\xC3\xA9", stage.arena, &object, NULL), ERR_OK);
	assert_int_equal(object.size, 12);
	assert_true(object.modified_s > 0);
	assert_int_equal(put("a b/c+d%2F\xC3\xA9", "other bytes!", false), ERR_OK);
	assert_int_equal(storage_head(stage.storage, "a b/c+d%2F\xC3\xA9", stage.arena, &again, NULL), ERR_OK);
	assert_string_not_equal(object.etag, again.etag);
	assert_int_equal(put("empty", "", false), ERR_OK);
	assert_int_equal(get("empty", 0, 0, ""), ERR_OK);
}

static void makes_an_object_once_when_asked(void **state)
{
	(void)state;
	assert_int_equal(put("one", "first", true), ERR_OK);
	assert_int_equal(put("one", "second", true), ERR_PRECONDITION);
	assert_int_equal(get("one", 0, 0, "first"), ERR_OK);
}

static void leaves_nothing_of_a_file_that_is_another(void **state)
{
	struct storage_put request = {.key = "short", .fd = file_of("abc"), .size = 4};
	struct storage_objects page;

	(void)state;
	assert_int_equal(storage_put(stage.storage, &request, stage.arena, NULL, NULL), ERR_IO);
	request.size = 3;
	request.sha256 = "00";
	assert_int_equal(storage_put(stage.storage, &request, stage.arena, NULL, NULL), ERR_UNPROCESSABLE);
	close(request.fd);
	assert_int_equal(storage_list(stage.storage, "", "", 10, stage.arena, &page, NULL), ERR_OK);
	assert_int_equal(page.count, 0);
	assert_int_equal(rmdir(arena_printf(stage.arena, "%s/.uploads", stage.folder)), 0);
}

static void refuses_keys_that_lead_elsewhere(void **state)
{
	static const char *const bad[] = {"", "/a", "a/", "a//b", "..", "a/../b", ".", "a/./b", ".uploads",
		".uploads/x", "a\nb", "a\x01", "\xFF"};
	char longest[STORAGE_KEY_MOST + 2];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(put(bad[i], "x", false), ERR_BAD_REQUEST);
	memset(longest, 'k', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(put(longest, "x", false), ERR_BAD_REQUEST);
	longest[256] = '\0';
	assert_int_equal(put(longest, "x", false), ERR_BAD_REQUEST);
	assert_int_equal(put(".uploads-of-mine", "x", false), ERR_OK);
	assert_int_equal(put("..a/...", "x", false), ERR_OK);
}

static void follows_no_link_to_elsewhere(void **state)
{
	struct storage_objects page;

	(void)state;
	assert_int_equal(symlink("/etc/passwd", arena_printf(stage.arena, "%s/link", stage.folder)), 0);
	assert_int_equal(get("link", 0, 0, ""), ERR_NOT_FOUND);
	assert_int_equal(storage_list(stage.storage, "", "", 10, stage.arena, &page, NULL), ERR_OK);
	assert_int_equal(page.count, 0);
}

static void lists_in_the_order_of_keys(void **state)
{
	/* "a-" sorts before "a/", whatever the folders look like. */
	static const char *const keys[] = {"a-", "a/b", "a/c/d", "a/c0", "a0", "b"};
	struct storage_objects page;
	const char *after = "";
	size_t seen = 0;

	(void)state;
	for (size_t i = sizeof keys / sizeof *keys; i-- > 0;)
		assert_int_equal(put(keys[i], "x", false), ERR_OK);
	do {
		assert_int_equal(storage_list(stage.storage, "", after, 2, stage.arena, &page, NULL), ERR_OK);
		for (size_t i = 0; i < page.count; i++)
			assert_string_equal(page.objects[i].key, keys[seen++]);
		after = page.objects[page.count - 1].key;
	} while (page.more);
	assert_int_equal(seen, 6);
	assert_int_equal(storage_list(stage.storage, "a/c", "a/c/d", 10, stage.arena, &page, NULL), ERR_OK);
	assert_int_equal(page.count, 1);
	assert_string_equal(page.objects[0].key, "a/c0");
	assert_int_equal(storage_list(stage.storage, "", "", 0, stage.arena, &page, NULL), ERR_BAD_REQUEST);
}

static void removes_and_copies(void **state)
{
	static const char *const keys[] = {"a/b/c", "a/d", "never"};

	(void)state;
	assert_int_equal(put("a/b/c", "bytes", false), ERR_OK);
	assert_int_equal(storage_copy(stage.storage, "a/b/c", "a/d", NULL), ERR_OK);
	assert_int_equal(get("a/d", 0, 0, "bytes"), ERR_OK);
	assert_int_equal(storage_copy(stage.storage, "never", "a/d", NULL), ERR_NOT_FOUND);
	assert_int_equal(storage_delete_all(stage.storage, keys, 3, NULL), ERR_OK);
	assert_int_equal(get("a/d", 0, 0, ""), ERR_NOT_FOUND);
	/* Folders go with their last object. */
	assert_int_equal(access(arena_printf(stage.arena, "%s/a", stage.folder), F_OK), -1);
	assert_int_equal(access(stage.folder, F_OK), 0);
}

static void puts_several_one_after_another(void **state)
{
	struct storage_put put = {.key = "a", .fd = file_of("some"), .size = 4};
	struct storage_sent sent[] = {{.put = put}, {.put = put}, {.put = put}};
	struct storage_look looks[] = {{.key = "a"}, {.key = "../b"}, {.key = "c"}, {.key = "d"}};

	(void)state;
	sent[1].put.key = "../b";
	sent[2].put.key = "c";
	storage_put_each(stage.storage, sent, 3, stage.arena);
	assert_int_equal(sent[0].err, ERR_OK);
	assert_int_equal(sent[1].err, ERR_BAD_REQUEST);
	assert_int_equal(sent[2].err, ERR_OK);
	storage_head_each(stage.storage, looks, 4, stage.arena);
	assert_int_equal(looks[0].object.size, 4);
	assert_int_equal(looks[1].err, ERR_BAD_REQUEST);
	assert_int_equal(looks[2].err, ERR_OK);
	assert_int_equal(looks[3].err, ERR_NOT_FOUND);
	close(put.fd);
}

static enum err stop_after_one(void *context, const struct storage_part *part, struct err_info *info)
{
	assert_non_null(part->etag);
	return ++*(int *)context == 1 ? err_set(info, ERR_ABORTED, "stopped") : ERR_OK;
}

static void uploads_in_parts(void **state)
{
	struct storage_put request = {.key = "big/one", .fd = file_of("abcdefgh"), .size = 8};
	struct storage_part parts[] = {{1, 0, 3, NULL}, {2, 3, 3, NULL}, {3, 6, 2, NULL}};
	struct storage_upload *uploads;
	const char *id, *etag;
	size_t count;
	int told = 0;

	(void)state;
	assert_int_equal(storage_upload_begin(stage.storage, &request, stage.arena, &id, NULL), ERR_OK);
	assert_int_equal(storage_upload_list(stage.storage, "big/", stage.arena, &uploads, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_string_equal(uploads[0].key, "big/one");
	assert_string_equal(uploads[0].id, id);
	assert_int_equal(
		storage_upload_parts(stage.storage, &request, id, parts, 3, stop_after_one, &told, stage.arena, NULL),
		ERR_ABORTED);
	assert_int_equal(storage_upload_complete(stage.storage, "big/one", id, parts, 3, stage.arena, &etag, NULL),
		ERR_CONFLICT);
	assert_int_equal(
		storage_upload_parts(stage.storage, &request, id, parts, 3, stop_after_one, &told, stage.arena, NULL),
		ERR_OK);
	assert_int_equal(told, 3);
	assert_int_equal(get("big/one", 0, 0, ""), ERR_NOT_FOUND);
	assert_int_equal(
		storage_upload_complete(stage.storage, "big/one", id, parts, 3, stage.arena, &etag, NULL), ERR_OK);
	assert_int_equal(get("big/one", 0, 0, "abcdefgh"), ERR_OK);
	assert_int_equal(storage_upload_complete(stage.storage, "big/one", id, parts, 3, stage.arena, &etag, NULL),
		ERR_NOT_FOUND);
	assert_int_equal(storage_upload_begin(stage.storage, &request, stage.arena, &id, NULL), ERR_OK);
	assert_int_equal(storage_upload_abort(stage.storage, "big/one", id, NULL), ERR_OK);
	assert_int_equal(storage_upload_abort(stage.storage, "big/one", id, NULL), ERR_OK);
	assert_int_equal(storage_upload_list(stage.storage, "", stage.arena, &uploads, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	close(request.fd);
}

static void has_no_urls(void **state)
{
	const char *url;

	(void)state;
	assert_int_equal(storage_presign(stage.storage, "GET", "a", 60, stage.arena, &url, NULL), ERR_UNSUPPORTED);
}

static void gives_a_sink_the_last_word(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 3);
	assert_int_equal(put("a", "abcd", false), ERR_OK);
	assert_int_equal(storage_get(stage.storage, "a", NULL, pour, &buf, stage.arena, NULL, NULL), ERR_TOO_LARGE);
	buf_free(&buf);
}

static void sweeps_what_was_left_behind(void **state)
{
	const char *drafts = arena_printf(stage.arena, "%s/.uploads", stage.folder);
	const char *left = arena_printf(stage.arena, "%s/aa.part", drafts);
	const char *fresh = arena_printf(stage.arena, "%s/bb.part", drafts);
	const char *other = arena_printf(stage.arena, "%s/cc", drafts);
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	(void)state;
	assert_int_equal(fs_make_dirs(drafts, 0700, NULL), ERR_OK);
	assert_int_equal(fs_write_file(left, "l", 1, 0600, NULL), ERR_OK);
	assert_int_equal(fs_write_file(fresh, "f", 1, 0600, NULL), ERR_OK);
	assert_int_equal(fs_write_file(other, "o", 1, 0600, NULL), ERR_OK);
	assert_int_equal(utimensat(AT_FDCWD, left, old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, other, old, 0), 0);
	storage_close(stage.storage);
	assert_int_equal(local_open(stage.folder, &stage.storage, NULL), ERR_OK);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(fresh, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_and_gives_objects, set_up, tear_down),
		cmocka_unit_test_setup_teardown(makes_an_object_once_when_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_nothing_of_a_file_that_is_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_keys_that_lead_elsewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(follows_no_link_to_elsewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_in_the_order_of_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(removes_and_copies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(puts_several_one_after_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(uploads_in_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(has_no_urls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gives_a_sink_the_last_word, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sweeps_what_was_left_behind, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
