/* SPDX-License-Identifier: MIT */
/*
 * The matrix from a source's loudspeakers to mono or stereo, after ITU-R BS.775-3 annex 4: front left and right at 1,
 * centre and surrounds at 1/sqrt(2), no LFE. Rows are scaled together so that no row sums to more than 1: what did not
 * clip before does not clip after, and left and right keep their balance. Mono goes to both sides as it is. No FFmpeg
 * here. Pure.
 */
#ifndef TONEARM_MEDIA_DOWNMIX_H
#define TONEARM_MEDIA_DOWNMIX_H

#include <stddef.h>

enum speaker {
	SPEAKER_NONE, /* LFE, or one that has no part in the mix */
	SPEAKER_LEFT,
	SPEAKER_RIGHT,
	SPEAKER_CENTRE,
	SPEAKER_SIDE_LEFT, /* left of any height behind the front: side and back alike */
	SPEAKER_SIDE_RIGHT,
	SPEAKER_BACK_CENTRE,
};

enum { DOWNMIX_INPUTS_MOST = 8, DOWNMIX_OUTPUTS_MOST = 2 };

/*
 * Fills MATRIX[output * inputs + input] for INPUTS (1 to 8) source channels at SPEAKERS and OUTPUTS (1 or 2) channels.
 * When no speaker has a part, each input counts the same, so that sound is never lost whole.
 */
void downmix_matrix(const enum speaker *speakers, size_t inputs, size_t outputs, double *matrix);

#endif
