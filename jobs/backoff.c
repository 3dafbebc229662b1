/* SPDX-License-Identifier: MIT */
#include "jobs/backoff.h"

int64_t backoff_ms(int64_t attempt, uint64_t random)
{
	int64_t most = BACKOFF_BASE_MS;

	for (int64_t i = 1; i < attempt && most < BACKOFF_MOST_MS; i++)
		most *= 2;
	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	return (int64_t)(random % (uint64_t)(most + 1));
}
