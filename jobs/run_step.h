/* SPDX-License-Identifier: MIT */
/* What a run does once its worker has done its part, or when it has none: the phases of run_step(). For run.c. */
#ifndef TONEARM_JOBS_RUN_STEP_H
#define TONEARM_JOBS_RUN_STEP_H

#include "jobs/run.h"

/* The files of the worker, which has ended well, are complete. */
void run_begin_sealing(struct run *run);

/* They are sealed, or there are none to seal. */
void run_begin_publishing(struct run *run);

#endif
