/* SPDX-License-Identifier: MIT */
#include "cli/spawn.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ACTIVATED_FD = 3, LOOK_MS = 20 };

/* Puts FD at TARGET, where it outlives exec. */
static void place(int fd, int target)
{
	if (fd == target)
		fcntl(fd, F_SETFD, 0);
	else if (fd >= 0 && dup2(fd, target) < 0)
		_exit(126);
}

static void name_activated_socket(void)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
}

/* In the child. The parent has one thread, so all of libc may be used. */
static void become(const struct spawn *spawn, const sigset_t *mask, pid_t parent)
{
	int input = spawn->socket == SPAWN_STDIN ? spawn->socket_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	place(spawn->output_fd, STDOUT_FILENO);
	place(spawn->error_fd, STDERR_FILENO);
	place(input, STDIN_FILENO);
	if (spawn->socket == SPAWN_ACTIVATED) {
		place(spawn->socket_fd, ACTIVATED_FD);
		name_activated_socket();
	}
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(spawn->argv[0], spawn->argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", spawn->argv[0], strerror(errno));
	_exit(127);
}

enum err spawn_start(const struct spawn *spawn, const sigset_t *mask, pid_t *pid, struct err_info *info)
{
	pid_t parent = getpid();

	*pid = fork();
	if (*pid == 0)
		become(spawn, mask, parent);
	if (*pid < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot start %s", spawn->argv[0]);
	setpgid(*pid, *pid); /* here too, so that it is done whoever comes first */
	return ERR_OK;
}

/* The group is killed before the leader is reaped: until then its number cannot belong to anybody else. */
bool spawn_ended(pid_t pid, siginfo_t *how)
{
	*how = (siginfo_t){0};
	if (waitid(P_PID, (id_t)pid, how, WEXITED | WNOHANG | WNOWAIT) != 0 || how->si_pid == 0)
		return false;
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return true;
}

void spawn_stop(pid_t pid, int grace_ms)
{
	int64_t deadline = clock_monotonic_us() + (int64_t)grace_ms * 1000;
	siginfo_t how;

	kill(pid, SIGTERM);
	while (!spawn_ended(pid, &how)) {
		if (clock_monotonic_us() >= deadline)
			kill(-pid, SIGKILL);
		poll(NULL, 0, LOOK_MS);
	}
}
