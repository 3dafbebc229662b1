/* SPDX-License-Identifier: MIT */
/* The time of the database's statements, counted. */
#ifndef TONEARM_OBSERVE_DB_TIME_H
#define TONEARM_OBSERVE_DB_TIME_H

#include "observe/metrics.h"

/* All statements of this process count in METRICS from now on; NULL: no more. Call while there are no other threads. */
void db_time_watch(struct metrics *metrics);

#endif
