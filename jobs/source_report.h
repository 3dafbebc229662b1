/* SPDX-License-Identifier: MIT */
/*
 * What the worker says of the source, as soon as it has looked at it: for the track at once, so that people see it
 * while the work goes on, and for publish_commit(). Belongs to the thread of the run.
 */
#ifndef TONEARM_JOBS_SOURCE_REPORT_H
#define TONEARM_JOBS_SOURCE_REPORT_H

#include "base/err.h"
#include "jobs/publish.h"
#include "jobs/reports.h"

/*
 * Takes the one REPORT_SOURCE of a job. ERR_UNPROCESSABLE for a second; ERR_CONFLICT: the job is another runner's;
 * ERR_INTERNAL: the track is gone; database errors.
 */
enum err source_report_take(struct publish *publish, const struct report_source *source, struct err_info *info);

#endif
