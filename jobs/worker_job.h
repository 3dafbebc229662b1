/* SPDX-License-Identifier: MIT */
/* The job a worker reads from its standard input (worker_protocol.h), checked. */
#ifndef TONEARM_JOBS_WORKER_JOB_H
#define TONEARM_JOBS_WORKER_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include "jobs/sandbox.h"
#include "jobs/worker_protocol.h"
#include "media/sound.h"
#include "media/tags.h"
#include "model/extra_role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker_job {
	const char *source_name; /* for the log only */
	uint32_t segment_ms;     /* 500 to 60000 */
	uint64_t duration_s;     /* most seconds of sound */
	struct sandbox_limits limits;
	struct sandbox_user user;
	struct conf_rendition renditions[WORKER_RENDITIONS_MOST]; /* each has passed profile_check() */
	size_t count; /* 0: only the extras and the loudness */
	bool passthrough;
	struct sound sound;
	bool measure; /* and make nothing */
	struct tags tags; /* to be written instead of the source's, where they are set */
	int extras[EXTRA_ROLES]; /* a descriptor each, -1 for what is not wanted */
	size_t extra_count;
};

/*
 * Reads FD to its end, at most WORKER_JOB_BYTES, into OUT; text lives in ARENA. ERR_BAD_REQUEST with the member that is
 * missing or wrong, ERR_UNPROCESSABLE for a rendition this build cannot make, ERR_TOO_LARGE, ERR_IO.
 */
enum err worker_job_read(int fd, struct arena *arena, struct worker_job *out, struct err_info *info);

#endif
