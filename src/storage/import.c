/* SPDX-License-Identifier: MIT */
#include "storage/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool climbs(const char *path)
{
	for (const char *segment = path; segment != NULL; segment = strchr(segment, '/')) {
		segment += strspn(segment, "/");
		if (strncmp(segment, "..", 2) == 0 && (segment[2] == '/' || segment[2] == '\0'))
			return true;
	}
	return false;
}

static bool below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length > 0 && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* The path, free of links, of what FD has open; NULL when the system does not say. */
static const char *path_of(int fd, struct arena *arena)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path);
	if (length <= 0 || (size_t)length == sizeof path)
		return NULL;
	return arena_memdup(arena, path, (size_t)length);
}

static enum err judge(int fd, const char *folder, struct arena *arena, const char **resolved, struct err_info *info)
{
	char *real = realpath(folder, NULL);
	struct stat status;
	bool inside;

	*resolved = path_of(fd, arena);
	inside = real != NULL && *resolved != NULL && below(*resolved, real);
	free(real);
	if (!inside)
		return err_set(info, ERR_FORBIDDEN, "the path leads out of the import folders");
	if (fstat(fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot look at the file");
	if (!S_ISREG(status.st_mode))
		return err_set(info, ERR_UNPROCESSABLE, "the path does not lead to a plain file");
	return ERR_OK;
}

static enum err open_below(const char *folder, const char *path, struct arena *arena, int *fd, const char **resolved,
	struct err_info *info)
{
	enum err err;

	/* Without blocking: a pipe of that name would wait for its writer. */
	*fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(info, ERR_NOT_FOUND, "there is no such file in the import folders");
	if (*fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open the file");
	err = judge(*fd, folder, arena, resolved, info);
	if (err != ERR_OK) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

enum err import_open(const struct conf *conf, const char *path, struct arena *arena, int *fd, const char **resolved,
	struct err_info *info)
{
	bool absolute = path[0] == '/';
	enum err err = absolute ? err_set(info, ERR_FORBIDDEN, "the path lies outside of the import folders")
				: err_set(info, ERR_NOT_FOUND, "there is no such file in the import folders");

	*fd = -1;
	if (climbs(path))
		return err_set(info, ERR_FORBIDDEN, "the path has a segment \"..\"");
	for (size_t i = 0; i < conf->import_dir_count && *fd < 0; i++) {
		const char *folder = conf->import_dirs[i];

		if (!absolute)
			err = open_below(folder, arena_printf(arena, "%s/%s", folder, path), arena, fd, resolved, info);
		else if (below(path, folder))
			err = open_below(folder, path, arena, fd, resolved, info);
		if (err != ERR_OK && err != ERR_NOT_FOUND && err != ERR_FORBIDDEN)
			break;
	}
	return err;
}
