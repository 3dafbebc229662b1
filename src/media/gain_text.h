/* SPDX-License-Identifier: MIT */
/*
 * What a file says of its loudness, in the words that players know. All tell the measured sound; none knows the target
 * of the configuration, which is for players that ask the API.
 *
 *     gain, peak  ReplayGain 2.0 (wiki.hydrogenaud.io/index.php?title=ReplayGain_2.0_specification): decibels to
 *                 -18 LUFS, and the true peak as a factor of full scale, by which players see to it that nothing clips
 *     r128        R128_TRACK_GAIN of RFC 7845 section 5.2.1: 256ths of a decibel to -23 LUFS
 *     norm        Sound Check of iTunes (id3.org, "iTunes Normalization settings"): ten numbers, in pairs for two
 *                 channels; the first and second pair are 1000 and 2500 times the power that is too much, by the same
 *                 -18 LUFS as all who convert ReplayGain into it, the fourth is the peak in steps of 16 bits, the
 *                 others nobody outside has explained: 0
 *
 * Pure, no FFmpeg here.
 */
#ifndef TONEARM_MEDIA_GAIN_TEXT_H
#define TONEARM_MEDIA_GAIN_TEXT_H

#include "model/loudness.h"

#include <stdbool.h>

enum { GAIN_TEXT = 16, GAIN_NORM = 96 };

struct gain_text {
	char gain[GAIN_TEXT]; /* "-6.50 dB" */
	char peak[GAIN_TEXT]; /* "0.988553" */
	char r128[GAIN_TEXT]; /* "-2944" */
	char norm[GAIN_NORM]; /* " 00001173 00001173 00002B9F ..." */
};

/*
 * False, with empty texts, for silence, to which no gain belongs, and for what is louder than any number; then a file
 * says nothing.
 */
bool gain_text_make(const struct loudness *loudness, struct gain_text *out);

#endif
