/* SPDX-License-Identifier: MIT */
/* For tests: a clock that says what it is told, `struct clock at = {told_ms, &now_ms};`. */
#ifndef TONEARM_TEST_TOLD_CLOCK_H
#define TONEARM_TEST_TOLD_CLOCK_H

#include "base/clock.h"

static inline int64_t told_ms(void *context)
{
	return *(const int64_t *)context;
}

#endif
