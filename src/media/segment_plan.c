/* SPDX-License-Identifier: MIT */
#include "media/segment_plan.h"

#include <assert.h>

struct segment_plan segment_plan_make(uint32_t segment_ms, uint32_t rate, uint32_t frame, uint32_t priming)
{
	uint64_t unit = UINT64_C(1000) * frame;
	uint64_t frames;

	assert(rate > 0 && frame > 0);
	frames = ((uint64_t)segment_ms * rate + unit / 2) / unit;
	return (struct segment_plan){
		.rate = rate, .frame = frame, .priming = priming, .frames = frames == 0 ? 1 : (uint32_t)frames};
}

uint64_t segment_plan_sample(const struct segment_plan *plan, uint64_t k, uint32_t rate, uint32_t priming)
{
	int64_t start = (int64_t)(k * plan->frames * plan->frame) - plan->priming;
	int64_t samples;

	assert(k >= 1 && rate > 0);
	if (start >= 0)
		samples = (start * rate + plan->rate - 1) / plan->rate;
	else
		samples = -(-start * rate / plan->rate);
	samples += priming;
	return samples <= 0 ? 0 : (uint64_t)samples;
}

uint64_t segment_plan_frame(const struct segment_plan *plan, uint64_t k, uint32_t rate, uint32_t priming)
{
	assert(rate >= plan->rate);
	return (segment_plan_sample(plan, k, rate, priming) + plan->frame - 1) / plan->frame;
}

uint64_t segment_plan_count(const struct segment_plan *plan, uint64_t duration_ms)
{
	uint64_t samples = duration_ms * plan->rate / 1000 + plan->priming;

	return samples / ((uint64_t)plan->frames * plan->frame) + 2;
}
