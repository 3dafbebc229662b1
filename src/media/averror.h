/* SPDX-License-Identifier: MIT */
/* FFmpeg's error codes as ours. Thread-safe. */
#ifndef TONEARM_MEDIA_AVERROR_H
#define TONEARM_MEDIA_AVERROR_H

#include "base/err.h"

/*
 * Fills INFO with SENTENCE and what FFmpeg says of CODE (negative), and returns ERR_NO_MEMORY, ERR_IO, or
 * ERR_UNPROCESSABLE for what only a bad file explains.
 */
enum err averror_set(struct err_info *info, int code, const char *sentence);

#endif
