/* SPDX-License-Identifier: MIT */
/*
 * The folder a job's worker writes into, <data>/spool/job-<id>.<random>: on the file system of the media folder, so
 * that publishing is a rename. Each attempt has its own, held by flock() as uploads in the spool are: one whose lock is
 * free belongs to a runner that died. Two runners that both believe to have a job (a lease ran out) never share one.
 */
#ifndef TONEARM_JOBS_WORKDIR_H
#define TONEARM_JOBS_WORKDIR_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

#include <stddef.h>
#include <stdint.h>

struct workdir {
	const char *path; /* in the arena given to workdir_make(); NULL: none */
	int fd;           /* holds the lock; -1: none */
};

/* Makes the folder, mode 0750, locked. ERR_NO_SPACE, ERR_IO; nothing is left then. */
enum err workdir_make(
	const struct conf *conf, const char *job, struct arena *arena, struct workdir *out, struct err_info *info);

/* Removes the folder with all in it and lets the lock go; also twice. */
void workdir_remove(struct workdir *dir);

/* Removes work folders older than AGE_S that nobody holds. Returns how many went. */
size_t workdir_sweep(const struct conf *conf, int64_t age_s);

#endif
