/* SPDX-License-Identifier: MIT */
#include "jobs/aside.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static enum err add_one(void *context, const atomic_bool *stop, struct err_info *info)
{
	int *number = context;

	(void)stop;
	++*number;
	return *number == 1 ? ERR_OK : err_set(info, ERR_NO_SPACE, "it is full");
}

static enum err wait_for_stop(void *context, const atomic_bool *stop, struct err_info *info)
{
	(void)context;
	while (!atomic_load(stop))
		usleep(1000);
	return err_set(info, ERR_ABORTED, "it was stopped");
}

static enum err end(struct aside *aside, struct err_info *info)
{
	struct pollfd polled = {.fd = aside_fd(aside), .events = POLLIN};

	assert_true(polled.fd >= 0);
	assert_int_equal(poll(&polled, 1, -1), 1);
	return aside_end(aside, info);
}

static void tells_the_outcome_each_time(void **state)
{
	struct aside aside = {0};
	struct err_info info = {0};
	int number = 0;

	(void)state;
	assert_int_equal(aside_fd(&aside), -1);
	assert_int_equal(aside_start(&aside, add_one, &number, &info), ERR_OK);
	assert_int_equal(end(&aside, &info), ERR_OK);
	assert_int_equal(number, 1);
	assert_int_equal(aside_fd(&aside), -1);
	assert_int_equal(aside_start(&aside, add_one, &number, &info), ERR_OK);
	assert_int_equal(end(&aside, &info), ERR_NO_SPACE);
	assert_string_equal(info.detail, "it is full");
}

static void stops_when_asked(void **state)
{
	struct aside aside = {0};
	struct err_info info = {0};

	(void)state;
	assert_int_equal(aside_start(&aside, wait_for_stop, NULL, &info), ERR_OK);
	assert_int_equal(aside_end(&aside, &info), ERR_NOT_READY);
	aside_ask(&aside);
	assert_int_equal(end(&aside, &info), ERR_ABORTED);
	assert_int_equal(aside_start(&aside, wait_for_stop, NULL, &info), ERR_OK);
	aside_stop(&aside);
	assert_int_equal(aside_fd(&aside), -1);
	aside_stop(&aside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_outcome_each_time),
		cmocka_unit_test(stops_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
