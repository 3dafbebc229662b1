/* SPDX-License-Identifier: MIT */
/*
 * The job "purge", work of network.h: tells one cache in front all it has to forget. What it was not told stays to be
 * done, by the next try of this job or by the next job.
 */
#ifndef TONEARM_JOBS_PURGE_JOB_H
#define TONEARM_JOBS_PURGE_JOB_H

#include "jobs/network.h"
#include "storage/purge_order.h"

network_work purge_work;

#endif
