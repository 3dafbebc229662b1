/* SPDX-License-Identifier: MIT */
/*
 * Uploads in flight: one file each below <data>/spool, written as the bytes come, under an exclusive flock() of its
 * writer. A file whose lock is free belongs to nobody any more (its writer died) and spool_sweep() removes it. A
 * struct spool belongs to one thread.
 */
#ifndef TONEARM_STORAGE_SPOOL_H
#define TONEARM_STORAGE_SPOOL_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

struct spool {
	const struct conf *conf;
	int fd;
	const char *path; /* in the arena given to spool_open(); NULL once it ended */
	uint64_t bytes;
};

/* ERR_NO_SPACE while the disk has less than conf->disk_floor left; ERR_IO. */
enum err spool_room(const struct conf *conf, struct err_info *info);

/* A new empty file. ERR_NO_SPACE below conf->disk_floor. SPOOL ends with ingest_spool() or spool_discard(). */
enum err spool_open(const struct conf *conf, struct arena *arena, struct spool *spool, struct err_info *info);

/* ERR_TOO_LARGE past conf->upload_size, ERR_NO_SPACE (also when conf->disk_floor is reached on the way), ERR_IO. */
enum err spool_write(struct spool *spool, const void *bytes, size_t length, struct err_info *info);

/* Removes the file and closes it; also after an error, also twice, also on a zeroed SPOOL. */
void spool_discard(struct spool *spool);

/* Removes files not written to for AGE_S that nobody has locked. Returns how many went. */
size_t spool_sweep(const struct conf *conf, int64_t age_s);

#endif
