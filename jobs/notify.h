/* SPDX-License-Identifier: MIT */
/*
 * Tells a service manager how the daemon fares: the datagram protocol of sd_notify(3), without its library.
 */
#ifndef TONEARM_JOBS_NOTIFY_H
#define TONEARM_JOBS_NOTIFY_H

#include <stdint.h>

/*
 * Sends STATE ("READY=1", "STOPPING=1") to the socket that $NOTIFY_SOCKET names: a path, or an abstract name after "@".
 * Does nothing when the variable is not set or nobody listens: the daemon runs the same without a manager.
 */
void notify_manager(const char *state);

/*
 * How often the manager wants to hear "WATCHDOG=1": half of $WATCHDOG_USEC, in microseconds, when that is set for this
 * process ($WATCHDOG_PID); 0 when it does not watch.
 */
int64_t notify_watchdog_us(void);

#endif
