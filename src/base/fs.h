/* SPDX-License-Identifier: MIT */
/*
 * Files that appear whole or not at all, and the space they need. Thread-safe.
 */
#ifndef TONEARM_BASE_FS_H
#define TONEARM_BASE_FS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Makes PATH and its missing parents with MODE (0750 and the like). ERR_OK also when it is there. */
enum err fs_make_dirs(const char *path, mode_t mode, struct err_info *info);

/* Writes all LENGTH bytes to FD, whatever write() takes at a time. ERR_IO or ERR_NO_SPACE. */
enum err fs_write_all(int fd, const void *bytes, size_t length, struct err_info *info);

/*
 * Writes the file under a temporary name beside PATH, fsync()s it, renames it over PATH and fsync()s the folder. By root
 * it has the owner and group of the one that it replaces.
 */
enum err fs_write_file(const char *path, const void *bytes, size_t length, mode_t mode, struct err_info *info);

/*
 * Reads a whole file of at most LIMIT bytes into a new heap block with a NUL added, owned by the caller.
 * ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO; *OUT is then NULL.
 */
enum err fs_read_file(const char *path, size_t limit, char **out, size_t *length, struct err_info *info);

/* rename() and fsync() of the folder of TO. The caller has fsync()ed the file. */
enum err fs_rename(const char *from, const char *to, struct err_info *info);

/* fsync() of the folder of PATH, so that the names in it are on disk. ERR_IO. */
enum err fs_sync_folder_of(const char *path, struct err_info *info);

/* Removes PATH and, if it is a folder, all below it, following no symbolic link. ERR_OK when it was not there. */
enum err fs_remove_tree(const char *path, struct err_info *info);

/* flock(FD, LOCK_EX), waited for at most WAIT_MS: a process that hangs must not hang others. -1 with errno set. */
int fs_lock(int fd, int wait_ms);

/* Bytes an unprivileged process may still write on the file system of PATH; -1 with errno set on failure. */
int64_t fs_free_bytes(const char *path);

#endif
