/* SPDX-License-Identifier: MIT */
#include "storage/guard.h"

#include "base/log.h"
#include "model/breaker.h"

static enum err ask(void *context, struct err_info *info)
{
	struct guard *guard = context;

	return breaker_ask(guard->db, guard->endpoint, clock_ms(guard->clock), &guard->due_ms, info);
}

static void ended(void *context, enum err err)
{
	const struct guard *guard = context;
	bool well = err != ERR_IO && err != ERR_TIMEOUT && err != ERR_BUSY;
	struct err_info info = {0};

	if (err == ERR_ABORTED)
		return;
	if (breaker_end(guard->db, guard->endpoint, well, clock_ms(guard->clock), &info) != ERR_OK)
		log_failure(LOG_WARNING, "how a store answered could not be written down", &info);
}

struct s3_guard guard_of(struct guard *guard)
{
	return (struct s3_guard){ask, ended, guard};
}
