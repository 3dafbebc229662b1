/* SPDX-License-Identifier: MIT */
/*
 * What a pipeline does by its struct sound: built before the sound flows, from a measuring pass of its own where the
 * gain must be known first.
 *
 *     "apply"  source ─► decode ─► shape ─► tap          the pass: it decodes, and encodes nothing
 *                                            └─► gain
 *     then     decode ─► [shape] ─┬─► filters (with the gain) ─► ...
 *                                 └─► [tap]              "tags": measured on the way
 *
 * Where "tags" come to earlier renditions, whose loudness is known, nothing is measured. Presets come before measuring.
 * A gain without limiter costs nothing: it is a factor of the matrix that filters mix channels with, in float, so it is
 * linear whatever it is.
 *
 * The pass keeps all cores busy, up to where it runs at the speed of its one decoder: that thread, one for the levels,
 * several for the true peak (loudness_tap.h).
 */
#ifndef TONEARM_MEDIA_SOUND_STAGE_H
#define TONEARM_MEDIA_SOUND_STAGE_H

#include "media/loudness_tap.h"
#include "media/pipeline.h"
#include "media/shape.h"

struct sound_stage {
	struct shape *shape;      /* NULL: frames pass as they are */
	struct loudness_tap *tap; /* NULL: nothing is measured on the way */
	double gain;              /* factor, for the filters */
	bool tells;               /* files shall tell the loudness below, which is known at the end */
	bool measured;            /* the two below are filled */
	struct loudness loudness;
	uint32_t bins[LOUDNESS_BINS];
	uint64_t passed; /* samples that a measuring pass has heard */
};

/*
 * Builds STAGE for JOB, whose headers read SOURCE, in CHANNELS (1 or 2). Errors of the pass are those of
 * pipeline_run(). Close it with sound_stage_close(), on failure too.
 */
enum err sound_stage_open(struct sound_stage *stage, const struct pipeline_job *job,
	const struct source_info *source, int channels, struct err_info *info);

/*
 * The measuring pass alone, which is PART of the job (watch.h), into a zeroed STAGE. Errors as above; nothing is to be
 * closed.
 */
enum err sound_stage_measure(struct sound_stage *stage, const struct pipeline_job *job,
	const struct source_info *source, int channels, double part, struct err_info *info);

/* When all sound has passed: waits for what is measured on the way. Errors of loudness_tap_finish(). */
enum err sound_stage_finish(struct sound_stage *stage, const struct pipeline_job *job, struct err_info *info);

/* A zeroed one is fine. */
void sound_stage_close(struct sound_stage *stage);

#endif
