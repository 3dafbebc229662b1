/* SPDX-License-Identifier: MIT */
/* Where test vectors are: in the folder that TONEARM_VECTORS names, else in tests/vectors of the source tree. */
#ifndef TONEARM_TESTS_VECTORS_H
#define TONEARM_TESTS_VECTORS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Writes the path of the vector NAME (a file or a folder) to PATH of SIZE bytes. False when there is none. */
static inline bool vector_path(const char *name, char *path, size_t size)
{
	const char *folder = getenv("TONEARM_VECTORS"), *source = getenv("TONEARM_SOURCE");

	if (folder != NULL) {
		snprintf(path, size, "%s/%s", folder, name);
		if (access(path, R_OK) == 0)
			return true;
	}
	snprintf(path, size, "%s/tests/vectors/%s", source != NULL ? source : ".", name);
	return access(path, R_OK) == 0;
}

#endif
