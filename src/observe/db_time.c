/* SPDX-License-Identifier: MIT */
#include "observe/db_time.h"

#include "db/db.h"

static void count(void *context, const char *statement, int64_t us)
{
	metrics_observe(context, METRIC_DB_SECONDS, (uint64_t)us, statement);
}

void db_time_watch(struct metrics *metrics)
{
	db_watch(metrics == NULL ? NULL : count, metrics);
}
