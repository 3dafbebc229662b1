/* SPDX-License-Identifier: MIT */
/*
 * Programs that a responder starts to help it, and that may outlive it. They get nothing of what the web server waits
 * for: not the socket on descriptor 0, and in CGI neither the answer on 1 nor what it reads from 2. The log, which is
 * standard error elsewhere, they share. Thread-safe.
 */
#ifndef TONEARM_BASE_CHILD_H
#define TONEARM_BASE_CHILD_H

#include "base/err.h"

#include <sys/types.h>

/*
 * Starts the program WORDS[0] (a path) with the arguments WORDS, NULL after the last, OUT for its standard output (-1:
 * nobody reads it) and no signal blocked, as they are in our threads: who ends us can end it. *CHILD is for waitpid().
 * ERR_INTERNAL when it cannot be started.
 */
enum err child_start(char *const *words, int out, pid_t *child, struct err_info *info);

#endif
