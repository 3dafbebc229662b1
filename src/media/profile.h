/* SPDX-License-Identifier: MIT */
/*
 * What renditions this build can make: the bounds of its encoders, so that a wish is refused when it is made and not by
 * a worker. The ladder itself is a table of the configuration. No FFmpeg here. Pure, thread-safe.
 */
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
