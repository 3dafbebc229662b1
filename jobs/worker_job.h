/* SPDX-License-Identifier: MIT */
/* The job a worker reads from its standard input (worker_protocol.h), checked. */
#ifndef TONEARM_JOBS_WORKER_JOB_H
#define TONEARM_JOBS_WORKER_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "jobs/sandbox.h"
#include "jobs/worker_protocol.h"
#include "media/pipeline.h"

#include <stdbool.h>
#include <stddef.h>

struct worker_job {
	const char *source_name;  /* for the log only */
	struct sandbox_limits limits;
	struct sandbox_user user;
	bool measure;             /* and make nothing */
	size_t descriptors;       /* that follow WORKER_FD_OUTPUT - 1: those of renditions and extras */
	struct pipeline_job work; /* without its stop flag and its callbacks */
};

/*
 * Reads FD to its end, at most WORKER_JOB_BYTES, into OUT; what it points to lives in ARENA. ERR_BAD_REQUEST with the
 * member that is missing or wrong, ERR_UNPROCESSABLE for a rendition this build cannot make, ERR_TOO_LARGE, ERR_IO.
 */
enum err worker_job_read(int fd, struct arena *arena, struct worker_job *out, struct err_info *info);

#endif
