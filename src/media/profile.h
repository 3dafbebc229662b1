/* SPDX-License-Identifier: MIT */
/* The default ladder as a table: a rendition is a row. No FFmpeg here: the jobrunner reads it too. */
#ifndef TONEARM_MEDIA_PROFILE_H
#define TONEARM_MEDIA_PROFILE_H

#include "base/err.h"
#include "conf/conf.h"

#include <stddef.h>

/*
 * True when this build can make CODEC at BIT_RATE, SAMPLE_RATE and CHANNELS; else ERR_UNPROCESSABLE and a sentence that
 * names what it can.
 */
enum err profile_check(const struct conf_rendition *rendition, struct err_info *info);

#endif
