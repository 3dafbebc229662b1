/* SPDX-License-Identifier: MIT */
/*
 * The tap on the one decode from which a waveform is made: decoded frames in whatever sample format become the 16-bit
 * samples that waveform.h counts (16-bit ones as they are, wider ones cut to their upper 16 bits, floating-point ones
 * scaled, rounded and clipped), and at the end the files of the roles waveform and waveform-split.
 *
 * A tap belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_WAVEFORM_TAP_H
#define TONEARM_MEDIA_WAVEFORM_TAP_H

#include "base/err.h"

#include <libavutil/frame.h>

struct waveform_tap;

/* ERR_NO_MEMORY. *OUT is owned by the caller (waveform_tap_close()), NULL on failure. */
enum err waveform_tap_open(struct waveform_tap **out, struct err_info *info);

/*
 * Counts FRAME, which stays the caller's. The first one sets the channels, of which there are as many to the end:
 * others are mixed to it. ERR_NO_MEMORY, ERR_UNPROCESSABLE, ERR_TOO_LARGE.
 */
enum err waveform_tap_frame(struct waveform_tap *tap, const AVFrame *frame, struct err_info *info);

/*
 * The end of the sound: writes the mix to the descriptor MIX and, when there are several channels, each of them to
 * SPLIT; -1 leaves that file out. ERR_NO_MEMORY, ERR_IO, ERR_NO_SPACE.
 */
enum err waveform_tap_finish(struct waveform_tap *tap, int mix, int split, struct err_info *info);

/* NULL is fine. */
void waveform_tap_close(struct waveform_tap *tap);

#endif
