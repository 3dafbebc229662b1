/* SPDX-License-Identifier: MIT */
/*
 * One child process: started with exactly the descriptors it should have, leader of a process group of its own (a
 * Ctrl-C in the terminal does not reach it), dying with its parent whatever becomes of that (PDEATHSIG). Call from the
 * main thread of a process that has no other.
 */
#ifndef TONEARM_CLI_SPAWN_H
#define TONEARM_CLI_SPAWN_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* How a child gets its listening socket. */
enum spawn_socket {
	SPAWN_NO_SOCKET, /* it reads from /dev/null */
	SPAWN_STDIN,     /* as descriptor 0, the way of FastCGI */
	SPAWN_ACTIVATED, /* as descriptor 3 with LISTEN_FDS, the way of systemd; reads from /dev/null */
};

struct spawn {
	char *const *argv; /* ends with NULL; the first is the path of the program */
	enum spawn_socket socket;
	int socket_fd; /* stays the caller's */
	int output_fd; /* becomes standard output; -1: that of the parent */
	int error_fd;  /* becomes standard error; -1: that of the parent */
};

/*
 * Starts it with the signal mask MASK. A program that cannot be run ends with status 127 and says why on its standard
 * error. ERR_IO (fork).
 */
enum err spawn_start(const struct spawn *spawn, const sigset_t *mask, pid_t *pid, struct err_info *info);

/*
 * True when PID has ended; it is reaped then, HOW says how, and what it left running in its group is killed. Does not
 * wait.
 */
bool spawn_ended(pid_t pid, siginfo_t *how);

/* SIGTERM, at most GRACE_MS for it to end, SIGKILL to its group; waits until it is gone. */
void spawn_stop(pid_t pid, int grace_ms);

#endif
