/* SPDX-License-Identifier: MIT */
/*
 * Logs that would grow for ever, turned over where nothing else does it: what FILE holds is copied to FILE.1 and FILE
 * emptied, as the programs that write it keep it open; what was FILE.1 before is FILE.2, and so on to FILE.4. What is
 * written between the copy's end and the emptying is lost, which is moments.
 */
#ifndef TONEARM_JOBS_LOGS_H
#define TONEARM_JOBS_LOGS_H

#include "base/err.h"

#include <stdint.h>

enum { LOGS_KEPT = 4 };

/* Turns PATH over when it is a plain file of more than MOST bytes. ERR_IO, ERR_NO_SPACE: it is as it was. */
enum err logs_turn(const char *path, int64_t most, struct err_info *info);

#endif
