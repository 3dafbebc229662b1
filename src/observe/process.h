/* SPDX-License-Identifier: MIT */
/* What the kernel tells of a process in /proc. Linux. Thread-safe. */
#ifndef TONEARM_OBSERVE_PROCESS_H
#define TONEARM_OBSERVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process_usage {
	uint64_t resident_bytes;
	uint64_t cpu_us;   /* user and system time so far */
	uint64_t open_fds; /* 0 when that is not for us to see */
};

/* False when there is no such process, or it is not for us to see. */
bool process_usage(int64_t pid, struct process_usage *out);

#endif
