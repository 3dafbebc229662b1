/* SPDX-License-Identifier: MIT */
/*
 * The text of an effect preset: a chain of libavfilter's audio filters, "highpass=f=80,acompressor=ratio=3". Filters
 * are on an allow-list: equalisers, passes, compressors, limiters, gates, fades, silence trim, volume. None of them
 * opens a file or a socket, makes sound longer without bound, changes its rate, or has more than one input and output.
 * Quotes, escapes, labels and chains side by side (; [ ] ' \ @) are not taken, so that what is checked is what
 * libavfilter reads. Whether the options of a filter make sense is libavfilter's to say, inside the worker's cage.
 * Pure, thread-safe.
 */
#ifndef TONEARM_CONF_PRESET_H
#define TONEARM_CONF_PRESET_H

#include "base/err.h"

enum { PRESET_NAME_MOST = 32, PRESET_FILTER_MOST = 1000 };

/* ERR_UNPROCESSABLE with a sentence that names what is not taken. */
enum err preset_check(const char *filter, struct err_info *info);

#endif
