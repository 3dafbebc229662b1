/* SPDX-License-Identifier: MIT */
/*
 * A knock at the door of the jobrunners of this machine: who has queued a job touches the file <run>/wake, and every
 * runner watches that file by inotify(7). A knock holds nothing, so it never blocks, never fills up, reaches any number
 * of runners and is harmless when nobody listens; one that is missed costs the time until the runners look by
 * themselves. The file belongs to who made it and may be touched by its group.
 */
#ifndef TONEARM_BASE_WAKE_H
#define TONEARM_BASE_WAKE_H

#include "base/err.h"

/* Knocks. RUN_DIR is the folder that runner and knocker share. One system call; nothing can fail that would matter. */
void wake_post(const char *run_dir);

/* *OUT becomes readable at each knock from now on: for poll(2); the caller closes it. ERR_IO with *OUT -1. */
enum err wake_open(const char *run_dir, int *out, struct err_info *info);

/* Forgets the knocks that were heard, and listens anew when the file was taken away. Call before looking for work. */
void wake_clear(const char *run_dir, int fd);

#endif
