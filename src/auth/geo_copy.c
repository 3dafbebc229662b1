/* SPDX-License-Identifier: MIT */
#include "auth/geo_copy.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 2000 };

bool geo_copy_is_of(const struct stat *copy, const struct stat *source)
{
	return copy->st_size == source->st_size && copy->st_mtim.tv_sec == source->st_mtim.tv_sec &&
	       copy->st_mtim.tv_nsec == source->st_mtim.tv_nsec;
}

enum err geo_copy_map(const char *path, MMDB_s *out, struct err_info *info)
{
	int failed = MMDB_open(path, MMDB_MODE_MMAP, out);

	return failed == MMDB_SUCCESS ? ERR_OK : err_set(info, ERR_UNSUPPORTED, "%s", MMDB_strerror(failed));
}

static enum err check(const char *path, struct err_info *info)
{
	MMDB_s database;
	enum err err = geo_copy_map(path, &database, info);

	if (err == ERR_OK)
		MMDB_close(&database);
	return err;
}

/* All of FROM into TO, with its time. */
static enum err copy_bytes(int from, int to, struct stat *source, struct err_info *info)
{
	struct stat after;
	off_t at = 0;

	if (fstat(from, source) != 0 || !S_ISREG(source->st_mode))
		return err_set(info, ERR_UNSUPPORTED, "it is no plain file");
	while (at < source->st_size) {
		ssize_t moved = sendfile(to, from, &at, (size_t)(source->st_size - at));

		if (moved < 0 && errno != EINTR)
			return err_set_errno(info, ERR_IO, errno, "it cannot be copied");
		if (moved == 0)
			break;
	}
	if (fstat(from, &after) != 0 || !geo_copy_is_of(&after, source) || at != source->st_size)
		return err_set(info, ERR_CONFLICT, "it changes while it is read");
	if (futimens(to, (struct timespec[]){source->st_atim, source->st_mtim}) != 0)
		return err_set_errno(info, ERR_IO, errno, "the time of its copy cannot be set");
	return ERR_OK;
}

static enum err copy_file(const char *path, const char *to, struct stat *source, struct err_info *info)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), fd = -1, made;
	char temporary[PATH_MAX] = "";
	enum err err;

	if (from < 0)
		return err_set_errno(info, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "it cannot be opened");
	made = snprintf(temporary, sizeof temporary, "%s.XXXXXX", to);
	if (made > 0 && (size_t)made < sizeof temporary)
		fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		close(from);
		return err_set_errno(info, ERR_IO, errno, "a file for its copy cannot be made");
	}
	err = copy_bytes(from, fd, source, info);
	close(fd);
	close(from);
	if (err == ERR_OK)
		err = check(temporary, info);
	if (err == ERR_OK)
		err = fs_rename(temporary, to, info);
	if (err != ERR_OK)
		unlink(temporary);
	return err;
}

static enum err take_lock(const char *path, bool wait, int *fd, struct err_info *info)
{
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (*fd < 0)
		return err_set_errno(info, ERR_IO, errno, "its lock cannot be opened");
	if (fs_lock(*fd, wait ? LOCK_WAIT_MS : 0) == 0)
		return ERR_OK;
	close(*fd);
	return err_set(info, ERR_BUSY, "it is being copied");
}

enum err geo_copy_make(const char *from, const char *to, const char *lock, bool wait, struct stat *source,
	struct err_info *info)
{
	struct stat copy;
	enum err err;
	int fd;

	if (stat(from, source) != 0)
		return err_set_errno(info, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "it cannot be found");
	if (stat(to, &copy) == 0 && geo_copy_is_of(&copy, source))
		return ERR_OK;
	err = take_lock(lock, wait, &fd, info);
	if (err != ERR_OK)
		return err;
	/* Whoever had the lock before has perhaps made it. */
	if (stat(to, &copy) != 0 || !geo_copy_is_of(&copy, source))
		err = copy_file(from, to, source, info);
	close(fd);
	return err;
}
