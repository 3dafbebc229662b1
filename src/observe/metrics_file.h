/* SPDX-License-Identifier: MIT */
/*
 * The file behind metrics.h: a header and METRICS_SLOTS slots, mapped by every process.
 *
 * A slot is claimed by one compare-and-swap of its hash from 0, and belongs to that series for ever. Its key is
 * written after that, then `ready` is set. Whoever comes to a slot with its own hash that is not yet ready writes the
 * key too: all write the same words, so a process that died in between holds nobody up, and counting takes no lock.
 * Room-internal. Thread-safe.
 */
#ifndef TONEARM_OBSERVE_METRICS_FILE_H
#define TONEARM_OBSERVE_METRICS_FILE_H

#include "observe/metrics.h"

#include <stdatomic.h>
#include <stddef.h>

enum {
	METRICS_SLOTS = 4096, /* a power of two */
	METRICS_BOUNDS = 13,
	METRICS_SUM = METRICS_BOUNDS + 1, /* values: the buckets, that of +Inf, the sum */
	METRICS_VALUES = METRICS_SUM + 1
};

struct metrics_slot {
	_Atomic uint64_t hash; /* 0: free */
	_Atomic uint32_t ready;
	_Atomic uint32_t metric;
	_Atomic uint64_t key[METRICS_LABELS_MOST / 8];
	_Atomic uint64_t values[METRICS_VALUES];
};

/* The slot of the series, claimed when it is new. NULL when the table is full, which is counted. */
struct metrics_slot *metrics_slot(struct metrics *metrics, uint32_t metric, const char key[static METRICS_LABELS_MOST]);

/* Slot number INDEX when it holds a series of METRIC, with its KEY; NULL when it does not. */
const struct metrics_slot *metrics_slot_at(struct metrics *metrics, size_t index, uint32_t metric,
	char key[static METRICS_LABELS_MOST]);

/* How often metrics_slot() found the table full. */
uint64_t metrics_dropped(struct metrics *metrics);

#endif
