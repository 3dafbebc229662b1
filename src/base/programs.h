/* SPDX-License-Identifier: MIT */
/*
 * Where the other parts of Tonearm are: the programs it starts and the files it came with. Each is looked for, in this
 * order, in the folder an environment variable names (TONEARM_LIBEXEC for programs, TONEARM_SHARE for files), in the
 * build tree when this very program runs from one, and in the place of the installation. Only reads the file system.
 */
#ifndef TONEARM_BASE_PROGRAMS_H
#define TONEARM_BASE_PROGRAMS_H

#include "base/arena.h"
#include "base/err.h"

/*
 * Path in ARENA of Tonearm's program NAME ("stream.fcgi", "tonearm-jobrunner"). ERR_NOT_FOUND with where it was looked
 * for.
 */
enum err programs_find(const char *name, struct arena *arena, const char **path, struct err_info *info);

/*
 * Path in ARENA of a file or folder NAME ("www", "conf-examples/lighttpd.conf") that Tonearm came with. ERR_NOT_FOUND.
 */
enum err programs_share(const char *name, struct arena *arena, const char **path, struct err_info *info);

/*
 * Path in ARENA of a program of the system, from PATH and the folders that are only in root's PATH. ERR_NOT_FOUND with
 * the Debian package PACKAGE to install.
 */
enum err programs_system(
	const char *name, const char *package, struct arena *arena, const char **path, struct err_info *info);

#endif
