/* SPDX-License-Identifier: MIT */
#include "jobs/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * What arrives at a socket bound to NAME ("/path" or "@abstract") when the manager is notified; -1 when nothing does.
 */
static ssize_t hear(const char *name, char *out, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ssize_t got;

	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_manager("READY=1");
	got = recv(fd, out, size, 0);
	close(fd);
	return got;
}

static void reaches_a_path(void **state)
{
	char folder[] = "/tmp/tonearm-notify-XXXXXX", name[64], text[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof name, "%s/socket", folder);
	assert_int_equal(hear(name, text, sizeof text), 7);
	assert_memory_equal(text, "READY=1", 7);
	unlink(name);
	notify_manager("STOPPING=1"); /* nobody listens any more: that is no failure */
	rmdir(folder);
}

static void reaches_an_abstract_name(void **state)
{
	char name[64], text[64];

	(void)state;
	snprintf(name, sizeof name, "@tonearm-notify-%ld", (long)getpid());
	assert_int_equal(hear(name, text, sizeof text), 7);
}

static void odd_names_are_left_alone(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	notify_manager("READY=1");
	name[0] = '/';
	setenv("NOTIFY_SOCKET", name, 1);
	notify_manager("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	notify_manager("READY=1");
	unsetenv("NOTIFY_SOCKET");
	notify_manager("READY=1");
}

static void the_watchdog_is_fed_at_half_its_time(void **state)
{
	char pid[32];

	(void)state;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_us(), 15000000);
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_us(), 15000000);
	setenv("WATCHDOG_PID", "1", 1); /* set for who started us, and inherited */
	assert_int_equal(notify_watchdog_us(), 0);
	unsetenv("WATCHDOG_PID");
	for (size_t i = 0; i < 4; i++) {
		static const char *const odd[] = {"", "-5", "5x", "99999999999999999999"};

		setenv("WATCHDOG_USEC", odd[i], 1);
		assert_int_equal(notify_watchdog_us(), 0);
	}
	unsetenv("WATCHDOG_USEC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reaches_a_path),
		cmocka_unit_test(reaches_an_abstract_name),
		cmocka_unit_test(odd_names_are_left_alone),
		cmocka_unit_test(the_watchdog_is_fed_at_half_its_time),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
