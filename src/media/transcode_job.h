/* SPDX-License-Identifier: MIT */
/* The payload of a job of kind "transcode": which source becomes which renditions. JSON in the job table. */
#ifndef TONEARM_MEDIA_TRANSCODE_JOB_H
#define TONEARM_MEDIA_TRANSCODE_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

#include <jansson.h>

#define TRANSCODE_KIND "transcode"

enum { TRANSCODE_RENDITIONS_MOST = 32 };

struct transcode_job {
	const char *source; /* name below <data>/source, or NULL */
	const char *import; /* absolute path under a configured import folder, or NULL; exactly one of the two is set */
	const struct conf_rendition *renditions;
	size_t count; /* 1 to 32 */
};

/* JSON text in ARENA. */
char *transcode_job_encode(const struct transcode_job *job, struct arena *arena);

/* ERR_UNPROCESSABLE with a sentence. Every rendition has passed profile_check(). */
enum err transcode_job_decode(
	const char *payload, struct arena *arena, struct transcode_job *out, struct err_info *info);

/*
 * Reads "renditions" as clients write it: an array of 1 to 32 of {"quality"?, "codec", "bit_rate", "sample_rate"?,
 * "channels"?} or of quality names of the configured ladder ("high"); NULL gives the whole ladder. Left out, the rate
 * is 44100 Hz, the channels 2, the quality "<codec>-<kbit/s>". Qualities are unique. ERR_UNPROCESSABLE.
 */
enum err transcode_job_renditions(const struct conf *conf, const json_t *wanted, struct arena *arena,
	const struct conf_rendition **out, size_t *count, struct err_info *info);

#endif
