/* SPDX-License-Identifier: MIT */
/* Requests to object stores, counted: tonearm_storage_requests_total and its kin. */
#ifndef TONEARM_STORAGE_STORAGE_METRICS_H
#define TONEARM_STORAGE_STORAGE_METRICS_H

#include "base/err.h"
#include "observe/metrics.h"

#include <stdint.h>

/* The requests of this process count in METRICS from now on; NULL: no more. Call while there are no other threads. */
void storage_metrics_watch(struct metrics *metrics);

/*
 * One request of OPERATION ("put") that ended with ERR after US microseconds, with so many bytes of bodies from the
 * store and to it. Room-internal. Thread-safe.
 */
void storage_metrics_count(const char *operation, enum err err, int64_t us, uint64_t in, uint64_t out);

#endif
