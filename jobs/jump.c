/* SPDX-License-Identifier: MIT */
#include "jobs/jump.h"

static int64_t offset(const struct clock *clock, int64_t now_us)
{
	return clock_ms(clock) - now_us / 1000;
}

void jump_begin(struct jump *jump, int64_t lease_ms, const struct clock *clock, int64_t now_us)
{
	*jump = (struct jump){.lease_us = lease_ms * 1000, .offset_ms = offset(clock, now_us)};
	jump->settled_us = now_us + jump->lease_us;
	jump->paused_us = now_us - jump->lease_us;
}

bool jump_look(struct jump *jump, const struct clock *clock, int64_t now_us)
{
	int64_t now_offset = offset(clock, now_us);
	int64_t moved = now_offset - jump->offset_ms;

	/* What is small is a clock that is being corrected slowly. */
	jump->offset_ms = now_offset;
	if (moved > -JUMP_LEAST_MS && moved < JUMP_LEAST_MS)
		return false;
	jump->settled_us = now_us + jump->lease_us;
	if (moved > 0 && now_us - jump->paused_us >= jump->lease_us)
		jump->paused_us = now_us + JUMP_PAUSE_MS * INT64_C(1000);
	return true;
}

bool jump_is_settled(const struct jump *jump, int64_t now_us)
{
	return now_us >= jump->settled_us;
}
