/* SPDX-License-Identifier: MIT */
#include "base/wake.h"
#include "fixture.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int heard(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 0);
}

static void reaches_all_who_listen(void **state)
{
	struct fixture *fixture = *state;
	int first, second;

	assert_int_equal(wake_open(fixture->dir, &first, NULL), ERR_OK);
	assert_int_equal(wake_open(fixture->dir, &second, NULL), ERR_OK);
	assert_int_equal(heard(first), 0);
	for (int i = 0; i < 100000; i++)
		wake_post(fixture->dir);
	assert_int_equal(heard(first), 1);
	assert_int_equal(heard(second), 1);
	wake_clear(fixture->dir, first);
	assert_int_equal(heard(first), 0);
	assert_int_equal(heard(second), 1);
	wake_post(fixture->dir);
	assert_int_equal(heard(first), 1);
	close(first);
	close(second);
}

static void the_group_may_knock(void **state)
{
	struct fixture *fixture = *state;
	mode_t mask = umask(0077);
	struct stat status;
	int fd;

	assert_int_equal(wake_open(fixture->dir, &fd, NULL), ERR_OK);
	umask(mask);
	assert_int_equal(stat(arena_printf(&fixture->arena, "%s/wake", fixture->dir), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	close(fd);
}

static void listens_anew_when_the_file_went_away(void **state)
{
	struct fixture *fixture = *state;
	const char *path = arena_printf(&fixture->arena, "%s/wake", fixture->dir);
	int fd;

	assert_int_equal(wake_open(fixture->dir, &fd, NULL), ERR_OK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(heard(fd), 1);
	wake_post(fixture->dir);
	wake_clear(fixture->dir, fd);
	assert_int_equal(heard(fd), 0);
	wake_post(fixture->dir);
	assert_int_equal(heard(fd), 1);
	close(fd);
}

static void nobody_there_is_no_failure(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};
	int fd;

	wake_post(fixture->dir);
	assert_int_not_equal(access(arena_printf(&fixture->arena, "%s/wake", fixture->dir), F_OK), 0);
	wake_post("/nowhere");
	assert_int_equal(wake_open("/nowhere", &fd, &info), ERR_IO);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reaches_all_who_listen, fixture_dir, fixture_remove),
		cmocka_unit_test_setup_teardown(the_group_may_knock, fixture_dir, fixture_remove),
		cmocka_unit_test_setup_teardown(listens_anew_when_the_file_went_away, fixture_dir, fixture_remove),
		cmocka_unit_test_setup_teardown(nobody_there_is_no_failure, fixture_dir, fixture_remove),
	};

	return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}
