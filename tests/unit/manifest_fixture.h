/* SPDX-License-Identifier: MIT */
/* Renditions as the model gives them, for the tests of the manifest builders. */
#ifndef TONEARM_TESTS_MANIFEST_FIXTURE_H
#define TONEARM_TESTS_MANIFEST_FIXTURE_H

#include "model/rendition.h"

static struct segment fixture_segments[] = {
	{1033, 160771, 176128},
	{161804, 161003, 176128},
	{322807, 160004, 176128},
	{482811, 65021, 71000},
};

static const struct rendition FIXTURE_HIGH = {
	.track = "01jd5w3k9q2m8x7c4b6v0n1ztr",
	.quality = "high",
	.codec = "aac",
	.container = "cmaf",
	.codecs = "mp4a.40.2",
	.file = "high.mp4",
	.bit_rate = 320000,
	.peak_bandwidth = 322507,
	.average_bandwidth = 321711,
	.sample_rate = 44100,
	.channels = 2,
	.timescale = 44100,
	.priming = 1024,
	.samples = 598360,
	.file_size = 547832,
	.init_size = 701,
	.index_offset = 701,
	.index_size = 92,
	.segments = {fixture_segments, 4},
};

static inline struct rendition fixture_rendition(
	const char *quality, const char *codec, const char *codecs, uint32_t peak)
{
	struct rendition rendition = FIXTURE_HIGH;

	snprintf(rendition.quality, sizeof rendition.quality, "%s", quality);
	snprintf(rendition.codec, sizeof rendition.codec, "%s", codec);
	snprintf(rendition.codecs, sizeof rendition.codecs, "%s", codecs);
	snprintf(rendition.file, sizeof rendition.file, "%s.mp4", quality);
	rendition.peak_bandwidth = peak;
	rendition.average_bandwidth = peak - peak / 50;
	rendition.segments = (struct segment_table){0};
	return rendition;
}

#endif
