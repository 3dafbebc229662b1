/* SPDX-License-Identifier: MIT */
#include "media/watch.h"

#include "base/clock.h"

#include <math.h>

struct watch watch_begin(double part)
{
	int64_t now = clock_monotonic_us();

	return (struct watch){.began_us = now, .told_us = now, .part = part};
}

enum err watch_check(const struct pipeline_job *job, const struct decode *decode, struct err_info *info)
{
	if (decode->samples <= job->duration_s * (uint64_t)decode->sample_rate)
		return ERR_OK;
	return err_set(info, ERR_TOO_LARGE,
		"it is longer than the %llu seconds of limits.source_duration_s: upload it in parts",
		(unsigned long long)job->duration_s);
}

enum err watch_stopped(struct err_info *info)
{
	return err_set(info, ERR_TIMEOUT,
		"it takes more processor time than jobs.cpu_s allows: upload it in parts, or ask for fewer renditions");
}

enum err watch_measure(struct watch *watch, const struct pipeline_job *job, const struct decode *decode,
	uint64_t duration_ms, struct err_info *info)
{
	double seconds = (double)decode->samples / decode->sample_rate;
	int64_t now = clock_monotonic_us();
	enum err err = watch_check(job, decode, info);

	if (err != ERR_OK)
		return err;
	if (atomic_load(job->stop))
		return watch_stopped(info);
	if (now - watch->told_us < PIPELINE_REPORT_MS * INT64_C(1000))
		return ERR_OK;
	watch->told_us = now;
	job->on_progress(job->context, "measure", watch->part * fmin(1, seconds * 1000 / (double)duration_ms),
		seconds * 1e6 / (double)(now - watch->began_us));
	return ERR_OK;
}
