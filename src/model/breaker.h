/* SPDX-License-Identifier: MIT */
/*
 * A circuit breaker for each endpoint that is asked over a network, shared by all processes through the database: one
 * that fails again and again is left alone for a while, by everybody.
 *
 *     closed ──BREAKER_FAILURES in a row──► open ──its pause is over──► half-open: one asks on trial
 *       ▲                                    ▲                            │ │
 *       │                                    └──── failed: twice as long ─┘ │
 *       └──────────────────────────── went well ────────────────────────────┘
 *
 * Ask before each request and tell how each one ended. Outside of a transaction. A pause that lasts for longer than any,
 * as the clock was ahead when it began, is over.
 */
#ifndef TONEARM_MODEL_BREAKER_H
#define TONEARM_MODEL_BREAKER_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"
#include "observe/metrics.h"

#include <stdbool.h>
#include <stdint.h>

/* A trial that nobody tells the end of is over after BREAKER_TRIAL_MS. */
enum {
	BREAKER_FAILURES = 5,
	BREAKER_PAUSE_MS = 2000,
	BREAKER_PAUSE_MOST_MS = 300000,
	BREAKER_TRIAL_MS = 60000
};

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

/* "closed", "half-open", "open". */
const char *breaker_state_name(enum breaker_state state);

struct breaker {
	const char *endpoint;
	enum breaker_state state;
	int64_t until_ms; /* when it may be asked again, unless it is closed */
	int64_t opened;   /* how often it was opened so far */
};

/* ERR_OK: ask. ERR_NOT_READY: not before *DUE, in milliseconds since 1970. Database errors. */
enum err breaker_ask(struct db *db, const char *endpoint, int64_t now_ms, int64_t *due_ms, struct err_info *info);

/* A request to ENDPOINT went well, or not. Database errors. */
enum err breaker_end(struct db *db, const char *endpoint, bool well, int64_t now_ms, struct err_info *info);

/* All that ever failed, by endpoint, in ARENA. */
enum err breaker_list(
	struct db *db, struct arena *arena, struct breaker **out, size_t *count, struct err_info *info);

/* Sets METRIC_STORAGE_BREAKER of METRICS. */
enum err breaker_tell(struct db *db, struct metrics *metrics, struct err_info *info);

#endif
