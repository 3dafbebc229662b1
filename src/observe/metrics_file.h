/* SPDX-License-Identifier: MIT */
/*
 * The file behind metrics.h: a header, METRICS_SLOTS slots and METRICS_PROCESSES places for processes, mapped by every
 * process.
 *
 * A slot is claimed by one compare-and-swap of its hash from 0, and belongs to that series for ever. Its key is
 * written after that, then `ready` is set. Whoever comes to a slot with its own hash that is not yet ready writes the
 * key too: all write the same words, so a process that died in between holds nobody up, and counting takes no lock.
 *
 * The place of a process is its own as long as it holds a record lock on one byte behind the end of the file
 * (F_OFD_SETLK): the kernel gives it back however the process ends, and what stood there counts no more.
 * Room-internal. Thread-safe.
 */
#ifndef TONEARM_OBSERVE_METRICS_FILE_H
#define TONEARM_OBSERVE_METRICS_FILE_H

#include "observe/metrics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	METRICS_SLOTS = 4096, /* a power of two */
	METRICS_BOUNDS = 16,
	METRICS_SUM = METRICS_BOUNDS + 1, /* values: the buckets, that of +Inf behind the last in use, the sum */
	METRICS_VALUES = METRICS_SUM + 1,
	METRICS_PROCESSES = 256,
	METRICS_PROGRAM = 16
};

struct metrics_slot {
	_Atomic uint64_t hash; /* 0: free */
	_Atomic uint32_t ready;
	_Atomic uint32_t metric;
	_Atomic uint64_t key[METRICS_LABELS_MOST / 8];
	_Atomic uint64_t values[METRICS_VALUES];
};

struct metrics_process {
	_Atomic int64_t pid; /* 0: nobody was here */
	_Atomic int64_t started_ms;
	_Atomic uint64_t program[METRICS_PROGRAM / 8];
	_Atomic int64_t open[METRIC_COUNT]; /* of the metrics that each process has for itself */
};

/* The slot of the series, claimed when it is new. NULL when the table is full, which is counted. */
struct metrics_slot *metrics_slot(struct metrics *metrics, uint32_t metric, const char key[static METRICS_LABELS_MOST]);

/* Slot number INDEX when it holds a series of METRIC, with its KEY; NULL when it does not. */
struct metrics_slot *metrics_slot_at(struct metrics *metrics, size_t index, uint32_t metric,
	char key[static METRICS_LABELS_MOST]);

/* How often metrics_slot() found the table full. */
uint64_t metrics_dropped(struct metrics *metrics);

/* The place that metrics_enter() took; NULL when there is none. */
struct metrics_process *metrics_process(struct metrics *metrics);

/* Place number INDEX, with its PROGRAM, when its process lives; NULL when it does not. */
const struct metrics_process *metrics_process_at(struct metrics *metrics, size_t index,
	char program[static METRICS_PROGRAM]);

#endif
