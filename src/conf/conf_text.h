/* SPDX-License-Identifier: MIT */
/* The text of a configuration file as it is before libconfig reads it. Pure, thread-safe. */
#ifndef TONEARM_CONF_CONF_TEXT_H
#define TONEARM_CONF_CONF_TEXT_H

#include "base/err.h"

/* Past a comment or a string that begins at TEXT; TEXT itself when none does. */
const char *conf_text_skip(const char *text);

/*
 * Refuses what libconfig would take amiss: @include, which opens other files, and whole numbers past 32 bits without
 * the suffix L, which it cuts off silently. TEXT is the file PATH. ERR_BAD_REQUEST naming the line.
 */
enum err conf_text_check(const char *path, const char *text, struct err_info *info);

#endif
