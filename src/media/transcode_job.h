/* SPDX-License-Identifier: MIT */
/* The payload of a job of kind "transcode": which source becomes which renditions. JSON in the job table. */
#ifndef TONEARM_MEDIA_TRANSCODE_JOB_H
#define TONEARM_MEDIA_TRANSCODE_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include "media/sound.h"

#include <jansson.h>

#define TRANSCODE_KIND "transcode"

enum { TRANSCODE_RENDITIONS_MOST = 32 };

struct transcode_job {
	const char *source; /* name below <data>/source, or NULL */
	const char *import; /* absolute path under a configured import folder, or NULL; exactly one of the two is set */
	const struct conf_rendition *renditions;
	size_t count;       /* 0 to 32; 0: only what is missing beside the sound (model/extra.h, its loudness) */
	struct sound sound; /* the member "sound"; left out, nothing is done */
	bool passthrough;   /* the source's packets are to be passed through where they fit (media/passthrough.h) */
};

/* Reads "passthrough" as an upload says it, "true" or "false"; NULL: as configured. ERR_UNPROCESSABLE. */
enum err transcode_job_passthrough(const struct conf *conf, const char *word, bool *out, struct err_info *info);

/* JSON text in ARENA. */
char *transcode_job_encode(const struct transcode_job *job, struct arena *arena);

/* ERR_UNPROCESSABLE with a sentence. Every rendition has passed profile_check(). */
enum err transcode_job_decode(
	const char *payload, struct arena *arena, struct transcode_job *out, struct err_info *info);

/* One rendition as payloads and the worker's job have it. A new reference. */
json_t *transcode_job_rendition(const struct conf_rendition *rendition);

/*
 * Reads "renditions" as clients write it: an array of 1 to 32 of {"quality"?, "codec", "container"?, "bit_rate"?,
 * "sample_rate"?, "channels"?}, of quality names of the configured ladder ("high") or of formats ("mp3-320",
 * conf/profile.h); NULL gives the whole ladder. What is left out profile_complete() fills. Qualities are unique.
 * ERR_UNPROCESSABLE.
 */
enum err transcode_job_renditions(const struct conf *conf, const json_t *wanted, struct arena *arena,
	const struct conf_rendition **out, size_t *count, struct err_info *info);

/*
 * Reads "formats" as people write them: names as above between commas ("mp3-320,flac"), which come behind the *COUNT of
 * *RENDITIONS, those already there left out. The new list is in ARENA. ERR_UNPROCESSABLE.
 */
enum err transcode_job_formats(const struct conf *conf, const char *words, struct arena *arena,
	const struct conf_rendition **renditions, size_t *count, struct err_info *info);

#endif
