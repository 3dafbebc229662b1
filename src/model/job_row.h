/* SPDX-License-Identifier: MIT */
/* The columns of a job in the order that all statements of this room select them, shared by its files alone. */
#ifndef TONEARM_MODEL_JOB_ROW_H
#define TONEARM_MODEL_JOB_ROW_H

#include "model/job.h"

/* The row that STMT stands on, its text in ARENA. ERR_INTERNAL for a state that is none. */
enum err job_row_read(struct db_stmt *stmt, struct arena *arena, struct job *out, struct err_info *info);

/* The state of this name. ERR_INTERNAL. */
enum err job_row_state(const char *word, enum job_state *out, struct err_info *info);

#endif
