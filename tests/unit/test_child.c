/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the shell writes that is told SCRIPT, in OUT. */
static void run(const char *script, char out[static 256])
{
	char *const words[] = {(char *)"/bin/sh", (char *)"-c", (char *)(uintptr_t)script, NULL};
	struct err_info info = {0};
	size_t used = 0;
	ssize_t got;
	pid_t child;
	int ends[2], status;

	assert_int_equal(pipe(ends), 0);
	if (child_start(words, ends[1], &child, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	close(ends[1]);
	while ((got = read(ends[0], out + used, 255 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void no_signal_is_blocked(void **state)
{
	char out[256];
	sigset_t all, before;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	run("while read -r name value; do [ \"$name\" != SigBlk: ] || echo \"$value\"; done < /proc/$$/status", out);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(out, "0000000000000000\n");
}

/* Not even the descriptors by which it knows that the answer is complete. */
static void it_has_nothing_that_the_web_server_waits_for(void **state)
{
	static const char script[] = "cd /proc/$$/fd && [ 0 -ef /dev/null ] || exit; [ 2 -ef /proc/$PPID/fd/2 ] && echo log;"
				     "[ 2 -ef /dev/null ] && echo nothing; true";
	char out[256];

	(void)state;
	unsetenv("GATEWAY_INTERFACE");
	run(script, out);
	assert_memory_equal(out, "log\n", 4);
	setenv("GATEWAY_INTERFACE", "CGI/1.1", 1);
	run(script, out);
	assert_non_null(strstr(out, "nothing\n"));
	unsetenv("GATEWAY_INTERFACE");
}

/* Below valgrind the new process has no way to say so, and ends with what a shell says then. */
static void what_is_not_there_is_said(void **state)
{
	char *const words[] = {(char *)"/nonexistent/helper", NULL};
	struct err_info info = {0};
	pid_t child;
	int status;

	(void)state;
	if (child_start(words, -1, &child, &info) == ERR_OK) {
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(WEXITSTATUS(status), 127);
		return;
	}
	assert_int_equal(info.code, ERR_INTERNAL);
	assert_non_null(strstr(info.detail, "/nonexistent/helper"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_signal_is_blocked),
		cmocka_unit_test(it_has_nothing_that_the_web_server_waits_for),
		cmocka_unit_test(what_is_not_there_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
