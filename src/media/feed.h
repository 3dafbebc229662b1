/* SPDX-License-Identifier: MIT */
/*
 * Segments on their way from the encoders to whoever lets people listen while the rest is made:
 *
 *     encode thread ──feed_note()──► branch->feed ──feed_tell()──► on_segments(), in the watching thread
 *
 * What does not fit waits in the writer, which knows all its segments, until the next call.
 */
#ifndef TONEARM_MEDIA_FEED_H
#define TONEARM_MEDIA_FEED_H

#include "media/stages.h"

/* Takes note of what BRANCH has finished since; wakes the watching thread for its first segment. In its own thread. */
void feed_note(struct branch *branch);

/* Passes on what was noted. In the watching thread, without the pipeline's lock. */
void feed_tell(struct pipeline *pipeline);

#endif
