/* SPDX-License-Identifier: MIT */
/*
 * The threads of a transport, from their start to SIGTERM, and what the main thread does meanwhile: it obeys signals.
 *
 *     SIGTERM, SIGINT  accepting stops, requests in flight end
 *     SIGHUP           a successor starts on the same socket (successor.h); once it serves, the same happens here, and
 *                      this process stays behind, as the one whose process id is known: it hands signals on and ends
 *                      when the successor ends
 *
 * Room-internal.
 */
#ifndef TONEARM_HTTP_THREADS_H
#define TONEARM_HTTP_THREADS_H

#include "base/err.h"

/*
 * Blocks the signals that threads_run() obeys: one that comes while the socket is opened waits until then, instead of
 * ending this process with the socket left behind.
 */
void threads_prepare(void);

/*
 * After threads_prepare(), runs up to WANTED threads in RUN(CONTEXT), which serve LISTENER until the eventfd STOP is
 * readable; a signal makes it so. Returns when all of them have returned, and all successors have ended. Call from the
 * main thread. The signals stay blocked: a second SIGTERM while the first is obeyed changes nothing. ERR_INTERNAL when
 * no thread can start, or when a successor ended that nobody asked to.
 */
enum err threads_run(
	int wanted, void *(*run)(void *context), void *context, int stop, int listener, struct err_info *info);

#endif
