/* SPDX-License-Identifier: MIT */
/*
 * A successor: this program started anew, with the configuration and the binary of now, on the same listening socket.
 *
 *     predecessor                                     successor
 *     successor_start() ── descriptor 0, a pipe ────► the program's main(), serve()
 *            ◄──────────── one byte ────────────────── successor_ready(): its threads accept
 *
 * The socket stays open all along, so nobody who connects notices. A successor that cannot start, as its configuration
 * is wrong, ends before its byte, and everything stays as it is. Room-internal; all of it in the main thread.
 */
#ifndef TONEARM_HTTP_SUCCESSOR_H
#define TONEARM_HTTP_SUCCESSOR_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Notes where this program lies, before another is put there. Call first. */
void successor_prepare(void);

/* Whether this process is a successor: its listening socket is descriptor 0, and its file is not its own to remove. */
bool successor_is(void);

/*
 * For a successor: says that it serves. It gets SIGTERM from now on when its predecessor, whose process id the outside
 * knows, is gone. Else nothing.
 */
void successor_ready(void);

/*
 * Starts a successor on LISTENER with MASK as its blocked signals, and waits until it serves. ERR_IO when it cannot be
 * started; ERR_NOT_READY when it ended or did not serve within half a minute: it is gone then.
 */
enum err successor_start(int listener, const sigset_t *mask, pid_t *out, struct err_info *info);

#endif
