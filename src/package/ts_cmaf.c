/* SPDX-License-Identifier: MIT */
#include "package/ts_cmaf.h"

#include "package/adts.h"
#include "package/cmaf_frames.h"
#include "package/ts.h"

#include <string.h>

bool ts_cmaf_fits(const struct rendition *rendition)
{
	return strcmp(rendition->container, "cmaf") == 0 && strcmp(rendition->codecs, "mp4a.40.2") == 0 &&
	       rendition->timescale == rendition->sample_rate && rendition->priming <= rendition->sample_rate &&
	       adts_can_say(rendition->sample_rate, rendition->channels);
}

/* In samples, as ts_segment has it. */
static int64_t start_of(const struct rendition *rendition, size_t index)
{
	int64_t start = -(int64_t)rendition->priming;

	for (size_t i = 0; i < index; i++)
		start += rendition->segments.segments[i].duration;
	return start;
}

enum err ts_cmaf_put(struct buf *out, const struct rendition *rendition, size_t index, const void *bytes,
	struct arena *arena, struct err_info *info)
{
	struct ts_segment segment = {
		.number = index,
		.sample_rate = rendition->sample_rate,
		.channels = rendition->channels,
		.start = start_of(rendition, index),
	};
	struct cmaf_frame *found;
	struct ts_frame *frames;
	enum err err =
		cmaf_frames(bytes, rendition->segments.segments[index].size, arena, &found, &segment.count, info);

	if (err != ERR_OK)
		return err;
	frames = arena_array(arena, segment.count, sizeof *frames);
	for (size_t i = 0; i < segment.count; i++) {
		if (found[i].length > ADTS_FRAME_MOST - ADTS_HEADER)
			return err_set(info, ERR_UNPROCESSABLE, "A frame is too large for AAC.");
		frames[i] = (struct ts_frame){found[i].bytes, found[i].length};
	}
	segment.frames = frames;
	ts_put(out, &segment);
	return out->overflow ? err_set(info, ERR_TOO_LARGE, "A segment is too large.") : ERR_OK;
}
