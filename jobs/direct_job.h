/* SPDX-License-Identifier: MIT */
/*
 * The parts of direct uploads (model/direct.h) in the bucket store.incoming, work of network.h:
 *
 *     expire-direct  hourly: removes those that were not finished in time, and what finished ones have left
 */
#ifndef TONEARM_JOBS_DIRECT_JOB_H
#define TONEARM_JOBS_DIRECT_JOB_H

#include "jobs/network.h"
#include "storage/store.h"

#define EXPIRE_DIRECT_KIND "expire-direct"

/* Opens the bucket; CONF is a copy for it, which lives as long. Errors as of store_open(). */
enum err direct_job_open(
	const struct network_job *job, struct conf *conf, struct store *store, struct err_info *info);

/* Removes the parts 1 to PARTS of upload ID, as far as they are there. */
enum err direct_job_remove(struct store *store, const char *id, int64_t parts, struct err_info *info);

network_work expire_direct_work;

#endif
