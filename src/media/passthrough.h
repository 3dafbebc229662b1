/* SPDX-License-Identifier: MIT */
/*
 * Whether a rendition can be made of the source's own packets instead of new ones. That is so when nothing is to be
 * done to the sound, when the source is what the rendition shall be (the same codec, no more channels, no higher
 * sampling rate, no more bits a second than were asked for), and when survey.h found that what our containers say of
 * the packets would be true. Else it is encoded, and what is found here is told to who asked for it.
 *
 * A bit rate may be a tenth above: encoders meet one only on average. 48 kHz counts as 44.1 kHz, as no one asks for the
 * difference. Lossless renditions have the rate that they were asked for, or with 0 the source's.
 *
 * No FFmpeg here. Pure, thread-safe.
 */
#ifndef TONEARM_MEDIA_PASSTHROUGH_H
#define TONEARM_MEDIA_PASSTHROUGH_H

#include "base/err.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct passthrough_source {
	const char *codec; /* as in conf/profile.h: "aac", "mp3", "opus" or "flac"; others are not passed through */
	const char *fault; /* why its packets cannot be passed on, the end of a sentence; NULL: they can */
	uint32_t sample_rate, channels;
	uint32_t bit_rate;   /* of the packets alone, on average */
	uint32_t frame_most; /* samples of the longest packet */
};

/*
 * ERR_OK when RENDITION (profile_check() has passed it) can be made of the packets of SOURCE. Else ERR_UNSUPPORTED and
 * why not. CHANGED: the sound is not to stay as it is.
 */
enum err passthrough_check(const struct passthrough_source *source, const struct conf_rendition *rendition,
	bool changed, struct err_info *info);

/*
 * The same from what the first bytes tell: whether it is worth looking at the packets. Of SOURCE, codec, sample_rate
 * and channels are read.
 */
enum err passthrough_foresee(const struct passthrough_source *source, const struct conf_rendition *rendition,
	bool changed, struct err_info *info);

#endif
