/* SPDX-License-Identifier: MIT */
/*
 * What a file says of itself, in the words of FFmpeg's muxers.
 */
#ifndef TONEARM_MEDIA_MUX_TAGS_H
#define TONEARM_MEDIA_MUX_TAGS_H

#include "media/tags.h"

#include <libavformat/avformat.h>

/*
 * Gives FORMAT, whose muxer has not begun, what of TAGS that muxer can write; what ID3 and RIFF lack is id3.h's. An
 * AVERROR below 0.
 */
int mux_tags_set(AVFormatContext *format, const struct tags *tags);

#endif
