/* SPDX-License-Identifier: MIT */
/*
 * What a running pipeline consists of, and how it is built and taken down; pipeline.c moves the sound through it and is
 * the only user.
 */
#ifndef TONEARM_MEDIA_STAGES_H
#define TONEARM_MEDIA_STAGES_H

#include "media/artwork.h"
#include "media/decode.h"
#include "media/filter.h"
#include "media/output.h"
#include "media/pipeline.h"
#include "media/queue.h"
#include "media/sound_stage.h"
#include "media/waveform_tap.h"

#include <pthread.h>

struct pipeline;

/* Finished segments that nobody was told of yet (feed.h). */
struct feed {
	size_t noted;        /* of all, by the encode thread, whose own this and the next are */
	struct segment last; /* noted */
	struct segment waiting[PIPELINE_SEGMENTS_MOST];
	size_t count; /* of those waiting; under the pipeline's lock as they are */
};

#define FILTER_NONE SIZE_MAX

/* A rendition: its thread and what belongs to it. */
struct branch {
	struct pipeline *pipeline;
	struct output output;
	struct queue queue;
	size_t filter;    /* which of the filters feeds it; FILTER_NONE: packets of the source do */
	uint64_t samples; /* presented length; set before the queue is closed */
	struct feed feed;
	pthread_t thread;
};

struct pipeline {
	const struct pipeline_job *job;
	struct source_info source;
	struct demux *demux;
	struct decode *decode;
	struct survey survey; /* when a rendition may be passed through */
	struct artwork artwork;
	struct err_info artwork_info; /* why it could not be made; its thread's */
	struct waveform_tap *waveform; /* NULL when none is wanted */
	struct sound_stage sound;
	double before;      /* how much of the job passes over the source were, before the sound flows */
	uint64_t presented; /* samples that have passed it so far */
	struct filter *filters[PIPELINE_RENDITIONS_MOST];
	size_t filter_count;
	struct branch branches[PIPELINE_RENDITIONS_MOST];
	size_t branch_count;
	pthread_t thread;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended; /* a thread; also: there is a first segment to tell of */
	size_t running;   /* threads */
	uint64_t decoded; /* samples so far */
	enum err err;     /* of the stage that failed first */
	struct err_info info;
};

/*
 * All stages of JOB (which must outlive them), ready for their threads: headers read and judged, on_source() called,
 * encoders open, init sections written. Errors as pipeline_run(); *OUT is owned by the caller (stages_close()), NULL on
 * failure.
 */
enum err stages_open(const struct pipeline_job *job, struct pipeline **out, struct err_info *info);

/* Frees all; no thread may run in it any more. */
void stages_close(struct pipeline *pipeline);

#endif
