/* SPDX-License-Identifier: MIT */
/*
 * How long a failed job waits before its next attempt: exponential backoff with full jitter, so that jobs which failed
 * together (a full disk, a broken encoder) do not all come back together.
 */
#ifndef TONEARM_JOBS_BACKOFF_H
#define TONEARM_JOBS_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_BASE_MS = 5000, BACKOFF_MOST_MS = 300000 };

/*
 * Milliseconds to wait after attempt number ATTEMPT (from 1) failed: evenly spread over 0 to
 * min(BACKOFF_MOST_MS, BACKOFF_BASE_MS * 2^(ATTEMPT - 1)). RANDOM is any random number. Pure.
 */
int64_t backoff_ms(int64_t attempt, uint64_t random);

#endif
