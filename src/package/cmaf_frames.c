/* SPDX-License-Identifier: MIT */
#include "package/cmaf_frames.h"

#include "package/bmff.h"

enum { HAS_OFFSET = 1, HAS_DURATIONS = 0x100, HAS_SIZES = 0x200 };

/* The frames that one trun names: `span` holds their sizes, each behind a duration when `durations`. */
struct run {
	struct bmff_span span;
	size_t count;
	bool durations;
};

/*
 * Takes a moof and the mdat behind it. False at the end and when they are not what cmaf.c writes: then SEGMENT is bad.
 */
static bool next_fragment(struct bmff_span *segment, struct run *run, struct bmff_span *media)
{
	struct bmff_box moof, mdat;
	uint32_t flags;

	if (!bmff_next(segment, &moof))
		return false;
	run->span = bmff_only(bmff_only(moof.payload, "traf"), "trun");
	flags = (uint32_t)bmff_take(&run->span, 4);
	run->count = (size_t)bmff_take(&run->span, 4);
	run->durations = flags & HAS_DURATIONS;
	bmff_take(&run->span, 4);
	if (moof.type != bmff_type("moof") || run->span.bad ||
		(flags & ~(uint32_t)HAS_DURATIONS) != (HAS_OFFSET | HAS_SIZES) ||
		run->span.length != run->count * (run->durations ? 8 : 4) || !bmff_next(segment, &mdat) ||
		mdat.type != bmff_type("mdat"))
		segment->bad = true;
	else
		*media = mdat.payload;
	return !segment->bad;
}

/* How many frames there are; 0 when SEGMENT is malformed. */
static size_t count_frames(struct bmff_span segment)
{
	struct bmff_span media;
	struct run run;
	size_t count = 0;

	while (next_fragment(&segment, &run, &media))
		count += run.count;
	return segment.bad ? 0 : count;
}

/* The frames of RUN, which are all of MEDIA. */
static bool take_run(struct run *run, struct bmff_span media, struct cmaf_frame *out)
{
	for (size_t i = 0; i < run->count; i++) {
		struct bmff_span frame;

		if (run->durations)
			bmff_take(&run->span, 4);
		frame = bmff_take_span(&media, (size_t)bmff_take(&run->span, 4));
		if (frame.bad || frame.length == 0)
			return false;
		out[i] = (struct cmaf_frame){frame.bytes, frame.length};
	}
	return media.length == 0;
}

enum err cmaf_frames(const void *segment, size_t length, struct arena *arena, struct cmaf_frame **out, size_t *count,
	struct err_info *info)
{
	struct bmff_span span = {.bytes = segment, .length = length}, media;
	struct run run;
	size_t at = 0;
	bool good = true;

	*count = count_frames(span);
	if (*count > 0)
		*out = arena_array(arena, *count, sizeof **out);
	while (good && *count > 0 && next_fragment(&span, &run, &media)) {
		good = take_run(&run, media, *out + at);
		at += run.count;
	}
	if (!good || *count == 0)
		return err_set(info, ERR_UNPROCESSABLE, "A segment is not made of fragments.");
	return ERR_OK;
}
