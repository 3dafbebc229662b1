/* SPDX-License-Identifier: MIT */
/*
 * A pass over a source held to the limits of its job, and told of as it goes on.
 */
#ifndef TONEARM_MEDIA_WATCH_H
#define TONEARM_MEDIA_WATCH_H

#include "media/decode.h"
#include "media/pipeline.h"

/* When a measuring pass began and was told of last, of clock_monotonic_us(). */
struct watch {
	int64_t began_us, told_us;
};

/* A measuring pass begins now. */
struct watch watch_begin(void);

/* ERR_TOO_LARGE when DECODE has yielded more than JOB allows a source. */
enum err watch_check(const struct pipeline_job *job, const struct decode *decode, struct err_info *info);

/*
 * watch_check() of a measuring pass over a source of about DURATION_MS, which is told of every PIPELINE_REPORT_MS.
 * ERR_TIMEOUT when the job was told to stop.
 */
enum err watch_measure(struct watch *watch, const struct pipeline_job *job, const struct decode *decode,
	uint64_t duration_ms, struct err_info *info);

#endif
