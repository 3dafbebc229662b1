/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

enum err child_start(char *const *words, int out, pid_t *child, struct err_info *info)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed != 0)
		return err_set_errno(info, ERR_INTERNAL, failed, "cannot start %s", words[0]);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&actions, out >= 0 ? out : STDIN_FILENO, STDOUT_FILENO);
	if (getenv("GATEWAY_INTERFACE") != NULL)
		posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
	failed = posix_spawn(child, words[0], &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return failed == 0 ? ERR_OK : err_set_errno(info, ERR_INTERNAL, failed, "cannot start %s", words[0]);
}
