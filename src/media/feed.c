/* SPDX-License-Identifier: MIT */
#include "media/feed.h"

#include <string.h>

void feed_note(struct branch *branch)
{
	struct pipeline *pipeline = branch->pipeline;
	struct feed *feed = &branch->feed;
	struct segment segment = feed->last;

	if (pipeline->job->on_segments == NULL || !output_next_segment(&branch->output, feed->noted, &segment))
		return;
	pthread_mutex_lock(&pipeline->lock);
	if (feed->count < PIPELINE_SEGMENTS_MOST) {
		feed->waiting[feed->count++] = feed->last = segment;
		if (feed->noted++ == 0)
			pthread_cond_signal(&pipeline->ended);
	}
	pthread_mutex_unlock(&pipeline->lock);
}

void feed_tell(struct pipeline *pipeline)
{
	const struct pipeline_job *job = pipeline->job;
	struct segment segments[PIPELINE_SEGMENTS_MOST];

	if (job->on_segments == NULL)
		return;
	for (size_t i = 0; i < pipeline->branch_count; i++) {
		struct feed *feed = &pipeline->branches[i].feed;
		size_t count;

		pthread_mutex_lock(&pipeline->lock);
		count = feed->count;
		memcpy(segments, feed->waiting, count * sizeof *segments);
		feed->count = 0;
		pthread_mutex_unlock(&pipeline->lock);
		if (count > 0)
			job->on_segments(job->context, i, segments, count);
	}
}
