/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *below(struct fixture *fixture, const char *name)
{
	return arena_printf(&fixture->arena, "%s/%s", fixture->dir, name);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static void write_text(const char *path, const char *text)
{
	assert_int_equal(fs_write_file(path, text, strlen(text), 0640, NULL), ERR_OK);
}

static void test_owner(void **state)
{
	const char *path = below(*state, "owned");
	struct stat status;

	if (geteuid() != 0)
		skip();
	write_text(path, "one");
	assert_int_equal(chown(path, 65534, 65533), 0);
	write_text(path, "two");
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_uid == 65534 && status.st_gid == 65533);
}

static void assert_text(const char *path, const char *want)
{
	size_t length = 0;
	char *text;

	assert_int_equal(fs_read_file(path, 1000, &text, &length, NULL), ERR_OK);
	assert_string_equal(text, want);
	assert_int_equal(length, strlen(want));
	free(text);
}

static void test_make_dirs(void **state)
{
	struct fixture *fixture = *state;
	char *deep = below(fixture, "a/b/c"), *file = below(fixture, "file");
	char longer[PATH_MAX + 10];

	assert_int_equal(fs_make_dirs(deep, 0700, NULL), ERR_OK);
	assert_int_equal(mode_of(deep), 0700);
	assert_int_equal(fs_make_dirs(deep, 0700, NULL), ERR_OK);
	assert_int_equal(fs_make_dirs(below(fixture, "a/d/"), 0700, NULL), ERR_OK);
	write_text(file, "x");
	assert_int_equal(fs_make_dirs(file, 0700, NULL), ERR_IO);
	assert_int_equal(fs_make_dirs(below(fixture, "file/a"), 0700, NULL), ERR_IO);
	assert_int_equal(fs_make_dirs("", 0700, NULL), ERR_BAD_REQUEST);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(fs_make_dirs(longer, 0700, NULL), ERR_BAD_REQUEST);
	assert_int_equal(fs_write_file(longer, "x", 1, 0600, NULL), ERR_BAD_REQUEST);
}

static void test_write_file(void **state)
{
	struct fixture *fixture = *state;
	char *path = below(fixture, "file");

	write_text(path, "one");
	assert_int_equal(mode_of(path), 0640);
	write_text(path, "three");
	assert_text(path, "three");
	assert_int_equal(fs_write_file(below(fixture, "nowhere/file"), "x", 1, 0600, NULL), ERR_IO);
	/* Over a folder: refused, and no temporary file stays. */
	assert_int_equal(fs_make_dirs(below(fixture, "d/e"), 0700, NULL), ERR_OK);
	assert_int_equal(fs_write_file(below(fixture, "d/e"), "x", 1, 0600, NULL), ERR_IO);
	assert_int_equal(rmdir(below(fixture, "d/e")), 0);
	assert_int_equal(rmdir(below(fixture, "d")), 0);
}

static void test_write_all(void **state)
{
	int fds[2];
	char got[4] = "";
	struct err_info info;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fs_write_all(fds[1], "abc", 3, NULL), ERR_OK);
	assert_int_equal(read(fds[0], got, 3), 3);
	assert_string_equal(got, "abc");
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(fs_write_all(-1, "abc", 3, NULL), ERR_IO);
	assert_true(full >= 0);
	assert_int_equal(fs_write_all(full, "abc", 3, &info), ERR_NO_SPACE);
	close(full);
}

static void test_read_file(void **state)
{
	struct fixture *fixture = *state;
	char *path = below(fixture, "file"), *text = path;
	size_t length;

	write_text(path, "12345");
	assert_int_equal(fs_read_file(path, 4, &text, &length, NULL), ERR_TOO_LARGE);
	assert_null(text);
	assert_int_equal(fs_read_file(path, 5, &text, &length, NULL), ERR_OK);
	assert_int_equal(length, 5);
	free(text);
	assert_int_equal(fs_read_file(below(fixture, "none"), 5, &text, &length, NULL), ERR_NOT_FOUND);
	assert_null(text);
	assert_int_equal(fs_read_file(fixture->dir, 5, &text, &length, NULL), ERR_IO);
	assert_null(text);
}

static void test_rename(void **state)
{
	struct fixture *fixture = *state;
	char *from = below(fixture, "from"), *to = below(fixture, "to");

	write_text(from, "x");
	assert_int_equal(fs_rename(from, to, NULL), ERR_OK);
	assert_text(to, "x");
	assert_int_equal(fs_rename(from, to, NULL), ERR_IO);
}

static void test_remove_tree(void **state)
{
	struct fixture *fixture = *state;
	char *kept = below(fixture, "kept/file"), *tree = below(fixture, "tree");

	assert_int_equal(fs_make_dirs(below(fixture, "kept"), 0700, NULL), ERR_OK);
	assert_int_equal(fs_make_dirs(below(fixture, "tree/a/b"), 0700, NULL), ERR_OK);
	write_text(kept, "x");
	write_text(below(fixture, "tree/a/file"), "x");
	assert_int_equal(symlink(below(fixture, "kept"), below(fixture, "tree/a/link")), 0);
	assert_int_equal(fs_remove_tree(tree, NULL), ERR_OK);
	assert_int_equal(access(tree, F_OK), -1);
	assert_text(kept, "x");
	assert_int_equal(fs_remove_tree(tree, NULL), ERR_OK);
	assert_int_equal(fs_remove_tree(kept, NULL), ERR_OK);
	assert_int_equal(access(kept, F_OK), -1);
	assert_int_equal(fs_remove_tree("", NULL), ERR_BAD_REQUEST);
	assert_int_equal(fs_remove_tree("/proc/self/status", NULL), ERR_IO);
}

static void test_free_bytes(void **state)
{
	struct fixture *fixture = *state;

	assert_true(fs_free_bytes(fixture->dir) > 0);
	assert_int_equal(fs_free_bytes(below(fixture, "none")), -1);
	assert_int_equal(errno, ENOENT);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_make_dirs),
		WITH_DIR(test_write_file),
		WITH_DIR(test_owner),
		cmocka_unit_test(test_write_all),
		WITH_DIR(test_read_file),
		WITH_DIR(test_rename),
		WITH_DIR(test_remove_tree),
		WITH_DIR(test_free_bytes),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
