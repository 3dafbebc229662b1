/* SPDX-License-Identifier: MIT */
/* The copy of the database that geo.c maps: made whole, checked, and put in place by rename. */
#ifndef TONEARM_AUTH_GEO_COPY_H
#define TONEARM_AUTH_GEO_COPY_H

#include "base/err.h"

#include <maxminddb.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Whether the file COPY was made of SOURCE: it has its size and its time. */
bool geo_copy_is_of(const struct stat *copy, const struct stat *source);

/*
 * Makes the file TO a copy of FROM, unless it is one already, under the lock LOCK, which all processes share. Another
 * process that is at it is waited for with WAIT, for a moment; then, and without, that is ERR_BUSY. *SOURCE becomes the
 * status of FROM. ERR_NOT_FOUND, ERR_UNSUPPORTED when FROM is no such database, ERR_CONFLICT when it changed meanwhile,
 * ERR_IO, ERR_NO_SPACE: TO stays as it was.
 */
enum err geo_copy_make(const char *from, const char *to, const char *lock, bool wait, struct stat *source,
	struct err_info *info);

/* Maps the database PATH into OUT, for MMDB_close(). ERR_UNSUPPORTED with a sentence. */
enum err geo_copy_map(const char *path, MMDB_s *out, struct err_info *info);

#endif
