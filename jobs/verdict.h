/* SPDX-License-Identifier: MIT */
/* How a run ends: by what it did, by what the job table says of it, or because its time is up. For run.c. */
#ifndef TONEARM_JOBS_VERDICT_H
#define TONEARM_JOBS_VERDICT_H

#include "jobs/run.h"

/*
 * Ends RUN with VERDICT, for REASON (NULL when it has none): at once when neither worker nor thread is there, else when
 * it is gone. The first verdict stands.
 */
void verdict_reach(struct run *run, enum run_verdict verdict, const struct err_info *reason);

/* Ends RUN as failed with ERR, for good when trying again can never help. */
void verdict_fail(struct run *run, enum err err, const struct err_info *reason);

/*
 * Writes progress, STAGE and lease to the job table, unless it was done moments ago. False when RUN has come to its end
 * by what the table said.
 */
bool verdict_progress(struct run *run, const char *stage);

/*
 * For a run that waits for its worker or its thread: ends it when its time is up, or when the table, looked at now and
 * then, says that the job is cancelled or another's.
 */
void verdict_look(struct run *run);

#endif
