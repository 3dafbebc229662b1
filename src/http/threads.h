/* SPDX-License-Identifier: MIT */
/* The threads of a transport, from their start to SIGTERM. Room-internal. */
#ifndef TONEARM_HTTP_THREADS_H
#define TONEARM_HTTP_THREADS_H

#include "base/err.h"

/*
 * Runs up to WANTED threads in RUN(CONTEXT) until SIGTERM or SIGINT comes, then makes the eventfd STOP readable, and
 * returns when all of them have returned. Call from the main thread. Both signals stay blocked: a second one while the
 * first is obeyed changes nothing. ERR_INTERNAL when no thread can start.
 */
enum err threads_run(int wanted, void *(*run)(void *context), void *context, int stop, struct err_info *info);

#endif
