/* SPDX-License-Identifier: MIT */
/*
 * Files that stay where they are, below a configured import folder. Whoever opens one (the responder to look at it,
 * the runner to hand it to a worker) opens it here, so that the same rule holds for both and a link changed in
 * between gains nothing: what is judged is the file that was opened, not its name. Thread-safe.
 */
#ifndef TONEARM_STORAGE_IMPORT_H
#define TONEARM_STORAGE_IMPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

/*
 * Opens PATH, absolute or relative to an import folder, for reading. *FD is the caller's, -1 on failure; *RESOLVED
 * (in ARENA) is its absolute path without symbolic links. ERR_FORBIDDEN when it lies outside of all import folders,
 * also by a symbolic link, or has a ".." segment; ERR_NOT_FOUND; ERR_UNPROCESSABLE for anything but a plain file;
 * ERR_IO.
 */
enum err import_open(const struct conf *conf, const char *path, struct arena *arena, int *fd, const char **resolved,
	struct err_info *info);

#endif
