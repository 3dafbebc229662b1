/* SPDX-License-Identifier: MIT */
/*
 * A pass over a source held to the limits of its job, and told of as it goes on.
 */
#ifndef TONEARM_MEDIA_WATCH_H
#define TONEARM_MEDIA_WATCH_H

#include "media/decode.h"
#include "media/pipeline.h"

/* How much of a job a pass is that goes before the encoding. */
#define WATCH_PASS_PART 0.1

/* When a measuring pass began and was told of last, of clock_monotonic_us(); how much of the job it is. */
struct watch {
	int64_t began_us, told_us;
	double part;
};

/* A measuring pass begins now that is PART of its job: WATCH_PASS_PART, or 1 when nothing follows. */
struct watch watch_begin(double part);

/* ERR_TOO_LARGE when DECODE has yielded more than JOB allows a source. */
enum err watch_check(const struct pipeline_job *job, const struct decode *decode, struct err_info *info);

/* ERR_TIMEOUT, of a job that was told to stop. */
enum err watch_stopped(struct err_info *info);

/*
 * watch_check() of a measuring pass over a source of about DURATION_MS, which is told of every PIPELINE_REPORT_MS.
 * ERR_TIMEOUT when the job was told to stop.
 */
enum err watch_measure(struct watch *watch, const struct pipeline_job *job, const struct decode *decode,
	uint64_t duration_ms, struct err_info *info);

#endif
