/* SPDX-License-Identifier: MIT */
/*
 * Opens what a job names as its source, and nothing else: a plain file directly below <data>/source, or one that lies
 * below a configured import folder now, whatever the path meant when the job was submitted.
 */
#ifndef TONEARM_JOBS_SOURCE_H
#define TONEARM_JOBS_SOURCE_H

#include "base/err.h"
#include "conf/conf.h"
#include "media/transcode_job.h"

/*
 * Read-only into *FD, owned by the caller; -1 on failure. ERR_NOT_FOUND; ERR_FORBIDDEN when the path leaves its
 * folder, through symbolic links too; ERR_UNPROCESSABLE when it is no plain file; ERR_IO.
 */
enum err source_open(const struct conf *conf, const struct transcode_job *job, int *fd, struct err_info *info);

#endif
