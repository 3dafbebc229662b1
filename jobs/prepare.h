/* SPDX-License-Identifier: MIT */
/*
 * From a claimed job to a running worker: which renditions are missing, the source, the work folder, the worker's
 * orders.
 */
#ifndef TONEARM_JOBS_PREPARE_H
#define TONEARM_JOBS_PREPARE_H

#include "base/err.h"
#include "jobs/run.h"

/*
 * Reads run->job and fills track, publish, album, workdir and worker. When the track has all renditions already, or
 * waits for its album, no worker is started; publish.count is 0 then, and when it is only measured. On failure the
 * caller closes what is open with run_free(). ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_UNPROCESSABLE, ERR_BAD_REQUEST: this
 * job can never run; others: it may run another time.
 */
enum err prepare_run(struct run *run, struct err_info *info);

#endif
