/* SPDX-License-Identifier: MIT */
/* Keys in files of their own, which nobody but their owner may read. */
#ifndef TONEARM_STORAGE_KEY_FILE_H
#define TONEARM_STORAGE_KEY_FILE_H

#include "base/err.h"

#include <stddef.h>

/*
 * The text of PATH, the key_file of the WHAT ("edge") NAME, for the caller to wipe and free. ERR_BAD_REQUEST when PATH
 * is ""; ERR_NOT_FOUND; ERR_FORBIDDEN when others may read it; ERR_TOO_LARGE, ERR_IO. *TEXT is NULL then.
 */
enum err key_file_read(
	const char *what, const char *name, const char *path, char **text, size_t *length, struct err_info *info);

#endif
