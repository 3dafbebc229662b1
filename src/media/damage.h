/* SPDX-License-Identifier: MIT */
/*
 * What a damaged file is worth when all of it was decoded. It is judged as a player would: broken packets are stepped
 * over, but it fails when nothing could be decoded, when less than half of the packets could, or less than half of the
 * length that its header claims (for WAV FFmpeg takes the length from the file's size, so a shortened one passes as
 * what it holds). What passes but lacks something is told.
 */
#ifndef TONEARM_MEDIA_DAMAGE_H
#define TONEARM_MEDIA_DAMAGE_H

#include "media/decode.h"
#include "media/probe.h"

/* ERR_UNPROCESSABLE for what DECODE made, to its end, of a file whose headers say SOURCE. */
enum err damage_judge(const struct decode *decode, const struct source_info *source, struct err_info *info);

/* Of a file that has passed: whether something of it is missing, in INFO what. */
bool damage_lacks(const struct decode *decode, const struct source_info *source, struct err_info *info);

#endif
