/* SPDX-License-Identifier: MIT */
/*
 * The folder of the cache (cache.h), for that module alone: its locks, the times of use, and who has to go.
 */
#ifndef TONEARM_STORAGE_CACHE_FOLDER_H
#define TONEARM_STORAGE_CACHE_FOLDER_H

#include "storage/cache.h"

#include <sys/stat.h>

/* The bytes of an entry whose locks mean something. */
enum cache_byte { CACHE_FETCHED, CACHE_READ, CACHE_BYTES };

/* Locks one for this open file alone, or shared; false when another one has it. */
bool cache_lock(int fd, enum cache_byte byte);
bool cache_lock_shared(int fd, enum cache_byte byte);

/* Whether another open file has locked it for itself alone. */
bool cache_is_locked(int fd, enum cache_byte byte);

/* The lock of the whole folder, which is made when it is missing; *FD is to be closed. ERR_BUSY, ERR_IO. */
enum err cache_lock_folder(const struct cache *cache, int *fd, struct err_info *info);

/*
 * Removes files until WANT, of which THERE bytes are on the disk already, fits beside the rest: in the cache, and on
 * the disk above its floor. With the folder's lock. ERR_NO_SPACE, ERR_IO.
 */
enum err cache_make_room(const struct cache *cache, const struct cache_file *want, uint64_t there,
	struct cache_room *room, struct err_info *info);

/*
 * Removes FILE, whose entry is PATH, and its place when that is the same. With the folder's lock. False while it is
 * used.
 */
bool cache_evict(const struct cache *cache, const struct cache_file *file, const char *path);

/* Whether both paths lead to one file. */
bool cache_is_same(const char *one, const char *other);

/* Now; the time of the last use; writes it down. */
struct timespec cache_now(const struct cache *cache);
int64_t cache_used_ms(const struct stat *status);
void cache_touch(const struct cache *cache, int fd);

#endif
