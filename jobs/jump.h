/* SPDX-License-Identifier: MIT */
/*
 * Wall clocks jump: somebody sets them, a machine wakes up. Leases and waits are moments of the wall clock, as runners
 * of several machines share them, so a runner watches it against the clock that only ever grows.
 *
 * - After a jump forward leases of runners that live look as if they had run out: a runner renews its own at once, and
 *   claims nothing for JUMP_PAUSE_MS, in which the others do; at most once in a lease, so that a clock which never rests
 *   stops nothing.
 * - After a jump back leases of runners that are dead would last for as long as the jump was: when a lease has passed,
 *   in which the living renewed theirs, those are ended, by job_recall().
 *
 * Belongs to one thread.
 */
#ifndef TONEARM_JOBS_JUMP_H
#define TONEARM_JOBS_JUMP_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum { JUMP_LEAST_MS = 2000, JUMP_PAUSE_MS = 3000 };

struct jump {
	int64_t lease_us;
	int64_t offset_ms;  /* of the wall clock from the other */
	int64_t settled_us; /* the other's, from when on all runners that live have renewed their leases */
	int64_t paused_us;  /* until then nothing is claimed */
};

/* Before the first look, at NOW_US of clock_monotonic_us(). */
void jump_begin(struct jump *jump, int64_t lease_ms, const struct clock *clock, int64_t now_us);

/* True when the clock has jumped, either way, since the last look. */
bool jump_look(struct jump *jump, const struct clock *clock, int64_t now_us);

/* Whether leases that last for too long are surely nobody's. */
bool jump_is_settled(const struct jump *jump, int64_t now_us);

#endif
