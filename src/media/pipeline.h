/* SPDX-License-Identifier: MIT */
/*
 * One source into N renditions, each stage a file of this room:
 *
 *                 decode thread                                            a thread a rendition
 *     ┌───────────────────────────────────────────────┐            ┌───────────────────────────────────┐
 *     fd ─► demux ─► decode ─┬─► filter 44.1k stereo ─┬─► queue ──►│ encode ─► output (plan, CMAF) ─► fd │
 *           forced   once    │                        └─► queue ──►│ encode ─► output              ─► fd │
 *                            ├─► filter 22.05k mono ───► queue ──►│ encode ─► output              ─► fd │
 *                            └─► waveform                         │                                   │
 *                                                    references   └───────────────────────────────────┘
 *
 * A rendition that is the source's own packets (passthrough.h) gets them from between demux and decode, instead of
 * frames; whether it can be so is found by a pass over the source before (survey.h).
 *
 * The cover picture is made by a thread of its own while the sound is on its way.
 *
 * There is one filter for each rate and channel count that the renditions want; its frames reach the encoders by
 * reference. Queues are bounded, so memory does not depend on the length of the source, and the encoders keep all cores
 * busy. The first stage that fails ends the others. The caller's thread watches and reports.
 *
 * A damaged file is judged by damage.h.
 */
#ifndef TONEARM_MEDIA_PIPELINE_H
#define TONEARM_MEDIA_PIPELINE_H

#include "conf/conf.h"
#include "media/probe.h"
#include "media/sound.h"
#include "model/extra_role.h"
#include "model/loudness.h"
#include "model/segment_table.h"

#include <stdatomic.h>

enum { PIPELINE_RENDITIONS_MOST = 32, PIPELINE_REPORT_MS = 500, PIPELINE_SEGMENTS_MOST = 256 };

struct pipeline_job {
	int source; /* read-only, seekable */
	uint32_t segment_ms;
	uint64_t duration_s;                     /* most seconds of sound */
	const struct conf_rendition *renditions; /* each has passed profile_check() */
	const int *outputs;                      /* a descriptor each, open for writing */
	size_t count; /* at most PIPELINE_RENDITIONS_MOST; 0: only the extras and the loudness */
	const int *extras; /* EXTRA_ROLES descriptors open for writing, -1 for what is not wanted; NULL: none is */
	const struct tags *tags; /* what renditions say instead of the source, where it is set; NULL: nothing */
	bool passthrough; /* renditions that can be made of the source's packets shall be */
	const struct sound *sound; /* what to do to the sound (sound_stage.h); NULL: nothing */
	const atomic_int *stop; /* becomes not 0, maybe in a signal handler, when processor time runs out */

	/*
	 * Called from the caller's thread: once when the headers were read, then every PIPELINE_REPORT_MS. STAGE is
	 * "measure" or "transcode", FRACTION how much of the whole job is done, which never falls, SPEED seconds of
	 * sound a second.
	 */
	void (*on_source)(void *context, const struct source_info *source);
	void (*on_progress)(void *context, const char *stage, double fraction, double speed);
	/*
	 * Also from there, for each rendition when `passthrough`: WHY it is encoded, NULL when it is not. May be NULL.
	 */
	void (*on_passthrough)(void *context, size_t rendition, const char *why);
	/* Also from there, may be NULL: something could not be made, or the source lacks something. INFO says what. */
	void (*on_notice)(void *context, const struct err_info *info);
	/*
	 * The next COUNT (at most PIPELINE_SEGMENTS_MOST) segments of a rendition are in its file and will not change:
	 * as soon as it has its first, then every PIPELINE_REPORT_MS. The last of all is never told. May be NULL.
	 */
	void (*on_segments)(void *context, size_t rendition, const struct segment *segments, size_t count);
	void *context;
};

struct pipeline_result {
	uint64_t samples;     /* presented, a channel, at the source's rate: all, less what a preset trims */
	uint32_t sample_rate; /* Hz, of the source as decoded */
	bool measured;        /* the two below are filled */
	struct loudness loudness;
	uint32_t bins[LOUDNESS_BINS]; /* gating blocks by loudness, see loudness_album() */
};

/*
 * Runs JOB to its end. The files are complete on ERR_OK, worthless otherwise. ERR_UNSUPPORTED (no format or codec we
 * take), ERR_UNPROCESSABLE (damaged, out of bounds), ERR_TOO_LARGE (too long), ERR_TIMEOUT (stopped), ERR_NO_MEMORY,
 * ERR_NO_SPACE, ERR_IO.
 */
enum err pipeline_run(const struct pipeline_job *job, struct pipeline_result *result, struct err_info *info);

/*
 * The measuring pass of JOB alone, whose sound is to be applied with a gain that is not known yet: it measures for the
 * renditions of JOB, but makes none, and its outputs and extras are not read. Errors as above.
 */
enum err pipeline_measure(const struct pipeline_job *job, struct pipeline_result *result, struct err_info *info);

#endif
