/* SPDX-License-Identifier: MIT */
#include "storage/storage_metrics.h"

static struct metrics *watching; /* NULL: nobody counts */

void storage_metrics_watch(struct metrics *metrics)
{
	watching = metrics;
}

void storage_metrics_count(const char *operation, enum err err, int64_t us, uint64_t in, uint64_t out)
{
	metrics_add(watching, METRIC_STORAGE_REQUESTS, 1, operation, err_slug(err));
	metrics_observe(watching, METRIC_STORAGE_SECONDS, (uint64_t)us, operation);
	if (in > 0)
		metrics_add(watching, METRIC_STORAGE_BYTES, in, "in");
	if (out > 0)
		metrics_add(watching, METRIC_STORAGE_BYTES, out, "out");
}
