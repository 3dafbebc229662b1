/* SPDX-License-Identifier: MIT */
#include "http/successor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUCCESSOR "TONEARM_SUCCESSOR" /* in its environment */

enum { READY_FD = 3, READY_MS = 30000, WORDS_MOST = 64, WORDS_BYTES_MOST = 65536 };

extern char **environ;

static char program[PATH_MAX]; /* "" when it cannot be told */
static bool is_successor;

void successor_prepare(void)
{
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	program[length > 0 ? length : 0] = '\0';
	is_successor = getenv(SUCCESSOR) != NULL;
	unsetenv(SUCCESSOR);
}

bool successor_is(void)
{
	return is_successor;
}

void successor_ready(void)
{
	if (!is_successor)
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (write(READY_FD, "", 1) == 1)
		close(READY_FD);
}

/* Of a file below /proc nobody says beforehand how long it is. 0 when it cannot be read, or is longer than MOST. */
static size_t read_words(char *text, size_t most)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = -1;

	while (fd >= 0 && length < most && (got = read(fd, text + length, most - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	return got == 0 ? length : 0;
}

/* The words this program was started with, in TEXT; WORDS ends with NULL. */
static enum err own_words(
	char text[static WORDS_BYTES_MOST + 1], char *words[static WORDS_MOST + 1], struct err_info *info)
{
	size_t length = read_words(text, WORDS_BYTES_MOST), count = 0, at = 0;

	text[length] = '\0';
	for (; at < length && count < WORDS_MOST; at += strlen(text + at) + 1)
		words[count++] = text + at;
	words[count] = NULL;
	return count > 0 && at >= length
		       ? ERR_OK
		       : err_set(info, ERR_IO, "it is not known with which words this program was started");
}

/* The environment with one more in front; the array is the caller's to free. */
static char **own_environment(void)
{
	size_t count = 0;
	char **list;

	while (environ[count] != NULL)
		count++;
	list = calloc(count + 2, sizeof *list);
	if (list == NULL)
		abort();
	list[0] = (char *)SUCCESSOR "=1";
	memcpy(list + 1, environ, count * sizeof *list);
	return list;
}

static int spawn(char *const words[], int listener, int ready, const sigset_t *mask, pid_t *out)
{
	char **environment = own_environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&actions, listener, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ready, READY_FD);
	posix_spawnattr_setsigmask(&attributes, mask);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	failed = posix_spawn(out, program, &actions, &attributes, words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return failed;
}

/* Whether the byte comes; the pipe's end says that it will not. */
static bool is_ready(int pipe)
{
	struct pollfd polled = {.fd = pipe, .events = POLLIN};
	int count;
	char byte;

	do
		count = poll(&polled, 1, READY_MS);
	while (count < 0 && errno == EINTR);
	return count > 0 && read(pipe, &byte, 1) == 1;
}

enum err successor_start(int listener, const sigset_t *mask, pid_t *out, struct err_info *info)
{
	char *text, *words[WORDS_MOST + 1];
	enum err err;
	int pipe[2], failed;

	if (program[0] == '\0')
		return err_set(info, ERR_IO, "it is not known where this program lies");
	text = malloc(WORDS_BYTES_MOST + 1);
	if (text == NULL)
		abort();
	err = own_words(text, words, info);
	if (err == ERR_OK && pipe2(pipe, O_CLOEXEC) < 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot make a pipe");
	if (err != ERR_OK) {
		free(text);
		return err;
	}
	failed = spawn(words, listener, pipe[1], mask, out);
	close(pipe[1]);
	free(text);
	if (failed != 0) {
		err = err_set_errno(info, ERR_IO, failed, "cannot start %s", program);
	} else if (!is_ready(pipe[0])) {
		err = err_set(info, ERR_NOT_READY, "it does not come to serve: see what it says itself");
		kill(*out, SIGKILL);
		waitpid(*out, NULL, 0);
	}
	close(pipe[0]);
	return err;
}
