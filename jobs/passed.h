/* SPDX-License-Identifier: MIT */
/*
 * What the worker says of renditions that were to be the source's own packets (media/passthrough.h): those that are
 * have the rate and channels of the source, and their bit rate is what is measured; why the others are not stands in
 * the job's history. Belongs to the thread of the run.
 */
#ifndef TONEARM_JOBS_PASSED_H
#define TONEARM_JOBS_PASSED_H

#include "base/err.h"
#include "jobs/publish.h"
#include "jobs/reports.h"

/*
 * Takes a REPORT_PASSTHROUGH for an output of PUBLISH. ERR_UNPROCESSABLE with a sentence when nobody asked, or it was
 * told before.
 */
enum err passed_take(const struct publish *publish, const struct report *report, struct err_info *info);

#endif
