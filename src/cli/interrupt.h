/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C, SIGTERM and SIGHUP as a flag that a loop looks at, for commands that have something to put in order before
 * they end.
 */
#ifndef TONEARM_CLI_INTERRUPT_H
#define TONEARM_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on the signals set the flag; a second one ends the process at once. Waiting system calls return EINTR. */
void interrupt_watch(void);

/* True when one came. */
bool interrupt_asked(void);

/* Sleeps MS milliseconds, or less when a signal comes. */
void interrupt_sleep(int ms);

#endif
