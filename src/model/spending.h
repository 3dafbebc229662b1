/* SPDX-License-Identifier: MIT */
/*
 * What object stores were asked, by calendar month (UTC), as they bill it: requests that write or list, and those that
 * read. Counted before a request is made, for all processes that share the database. Outside of a transaction.
 */
#ifndef TONEARM_MODEL_SPENDING_H
#define TONEARM_MODEL_SPENDING_H

#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

struct spending {
	int64_t writes, reads;
};

/*
 * Adds MORE to the month of NOW. ERR_TOO_MANY, nothing added, when MORE writes would go past MOST_WRITES in that month;
 * 0 is no limit, and reads are never refused. Database errors.
 */
enum err spending_add(struct db *db, const char *store, const struct spending *more, int64_t most_writes,
	int64_t now_s, struct err_info *info);

/* What was asked in the month of NOW. Database errors. */
enum err spending_get(struct db *db, const char *store, int64_t now_s, struct spending *out, struct err_info *info);

/* When the month after that of NOW begins, in milliseconds since 1970. */
int64_t spending_renews_ms(int64_t now_ms);

#endif
