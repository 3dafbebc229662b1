/* SPDX-License-Identifier: MIT */
/* Bytes of a rendition to their place in its file. No FFmpeg here. */
#ifndef TONEARM_MEDIA_WRITE_AT_H
#define TONEARM_MEDIA_WRITE_AT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Writes LENGTH bytes at OFFSET of FD. ERR_TOO_LARGE past the limit on its size, ERR_NO_SPACE, ERR_IO. Thread-safe. */
enum err write_at(int fd, uint64_t offset, const void *bytes, size_t length, struct err_info *info);

#endif
