/* SPDX-License-Identifier: MIT */
/*
 * What an opened file claims to be, judged against the limits before anything is decoded: format, rate, channels,
 * length, tags. The length is an estimate; decode.c and pipeline.c hold the file to it.
 */
#ifndef TONEARM_MEDIA_PROBE_H
#define TONEARM_MEDIA_PROBE_H

#include "media/demux.h"
#include "media/tags.h"

#include <stdbool.h>
#include <stdint.h>

enum { PROBE_RATE_LEAST = 8000, PROBE_RATE_MOST = 192000, PROBE_CHANNELS_MOST = 8 };

struct source_info {
	enum magic format;
	uint32_t sample_rate; /* Hz */
	uint32_t channels;
	int bits;              /* 16 or 24: what a lossless copy needs; lossy codecs have 16 by convention */
	uint64_t duration_ms;  /* never 0; a guess from size and bit rate when no header tells */
	bool duration_claimed; /* a header tells it, so that a file that ends long before is damaged */
	struct tags tags;
};

/*
 * Fills OUT from the headers of DEMUX. ERR_UNPROCESSABLE when rate or channels are outside the bounds above,
 * ERR_TOO_LARGE when the claimed length is more than DURATION_S seconds.
 */
enum err probe(const struct demux *demux, enum magic format, uint64_t duration_s, struct source_info *out,
	struct err_info *info);

/* The bounds on rate and channels alone: for what a decoder really yields. */
enum err probe_check(int sample_rate, int channels, struct err_info *info);

#endif
