/* SPDX-License-Identifier: MIT */
/*
 * The budget of an S3 store (s3.h) that is counted in the database (model/spending.h) and so shared by all processes
 * and kept over restarts.
 */
#ifndef TONEARM_STORAGE_ALLOWANCE_H
#define TONEARM_STORAGE_ALLOWANCE_H

#include "base/clock.h"
#include "db/db.h"
#include "storage/s3.h"

struct allowance {
	struct db *db;     /* borrowed, of the store's thread */
	const char *store; /* its name in the books */
	int64_t most_writes; /* in a calendar month (UTC); 0: no limit */
	const struct clock *clock;
};

/* As an option for s3_open(); ALLOWANCE outlives the store. Its errors are those of spending_add(). */
struct s3_budget allowance_budget(struct allowance *allowance);

#endif
