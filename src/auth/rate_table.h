/* SPDX-License-Identifier: MIT */
/*
 * How much of its limits each key has used up, shared by all processes through one mapped file. A key is 64 bits that
 * stand for a rule and for whom it counts. The table has cells of two words, a key and a time:
 *
 *     a bucket (GCRA)   one cell; its time is when the bucket will be full again
 *     places            one cell for each place; its time is when the holder gives it up
 *
 * A cell whose time is past says no more than no cell at all, so it may be taken over for another key by one
 * compare-and-swap, and nothing must be cleared. Where all cells that a key may have are in use, the one that ends
 * first goes. Each change is one compare-and-swap: a process that dies in the middle of anything leaves nothing locked
 * or half done, and no place is held for longer than its time. What two processes do to one cell at the same moment may
 * count one request for the wrong key.
 *
 * Times are those of the wall clock in milliseconds, as processes share it. Where it is set back, what is in the future
 * by more than it can be counts as past. Thread-safe.
 */
#ifndef TONEARM_AUTH_RATE_TABLE_H
#define TONEARM_AUTH_RATE_TABLE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_PLACES_MOST = 256 };

/* No time in the table is further away: a bucket fills, and a place is given up, within it. */
#define RATE_HORIZON_MS (INT64_C(86400) * 1000)

struct rate_table;

/* The file PATH, made when it is missing. *OUT is owned by the caller; NULL on failure. ERR_IO, ERR_NO_SPACE. */
enum err rate_table_open(const char *path, struct rate_table **out, struct err_info *info);
/* NULL is fine. */
void rate_table_close(struct rate_table *table);

/* A key of LENGTH BYTES and NUMBER; keys of two tables differ. Never 0. */
uint64_t rate_key(const struct rate_table *table, const void *bytes, size_t length, uint64_t number);

struct rate_bucket {
	double per_second;
	double burst; /* what a full one holds; it fills within RATE_HORIZON_MS */
};

/* What came of it. */
struct rate_answer {
	bool granted;
	int64_t left;    /* whole units that could be had now */
	int64_t wait_ms; /* when refused: until it would be granted; else until there is one more, 0 when it is full */
};

/*
 * Takes COST out of the bucket of KEY when NEED is in it: the generic cell rate algorithm (ITU-T I.371). Where COST is
 * more than was in it, the bucket owes the rest, at most another burst. Granted as well when others are always faster.
 */
struct rate_answer rate_take(struct rate_table *table, uint64_t key, const struct rate_bucket *bucket, double need,
	double cost, int64_t now_ms);

/* Who wants a place: WHAT (a track) on DEVICE, both of rate_key(). */
struct rate_holder {
	uint64_t device, what;
};

/*
 * One of the COUNT (at most RATE_PLACES_MOST) places of KEY for HOLDER until UNTIL_MS, or longer when it has one
 * already. Places of the same device for something else it gives up at LEAVE_MS, if not before. wait_ms of a refusal is
 * until the next is given up; `left` counts free ones. Holders are told apart by some bits of each: two devices of one
 * key are taken for one in 4,096.
 */
struct rate_answer rate_hold(struct rate_table *table, uint64_t key, size_t count, const struct rate_holder *holder,
	int64_t until_ms, int64_t leave_ms, int64_t now_ms);

/* HOLDER gives its place up at UNTIL_MS, if not before. */
void rate_leave(
	struct rate_table *table, uint64_t key, size_t count, const struct rate_holder *holder, int64_t until_ms);

#endif
