/* SPDX-License-Identifier: MIT */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LOCK_STEP_MS = 5 };

static enum err copy_path(char out[static PATH_MAX], const char *path, struct err_info *info)
{
	int length = snprintf(out, PATH_MAX, "%s", path);

	if (length <= 0 || length >= PATH_MAX)
		return err_set(info, ERR_BAD_REQUEST, "the path is empty or longer than %d bytes", PATH_MAX - 1);
	return ERR_OK;
}

static int is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

enum err fs_make_dirs(const char *path, mode_t mode, struct err_info *info)
{
	char part[PATH_MAX];
	enum err err = copy_path(part, path, info);

	if (err != ERR_OK)
		return err;
	for (char *slash = part + 1; slash != NULL;) {
		slash = strchr(slash, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(part, mode) != 0 && (errno != EEXIST || !is_folder(part)))
			return err_set_errno(info, ERR_IO, errno, "cannot make the folder %s", part);
		if (slash != NULL)
			*slash++ = '/';
	}
	return ERR_OK;
}

enum err fs_write_all(int fd, const void *bytes, size_t length, struct err_info *info)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t put = write(fd, at, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot write");
		at += put;
		length -= (size_t)put;
	}
	return ERR_OK;
}

enum err fs_sync_folder_of(const char *path, struct err_info *info)
{
	char folder[PATH_MAX];
	enum err err = copy_path(folder, path, info);
	char *slash;
	int fd;

	if (err != ERR_OK)
		return err;
	slash = strrchr(folder, '/');
	if (slash == NULL)
		strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open the folder %s", folder);
	/* Some network file systems cannot sync a folder: EINVAL there is their answer, not a failure. */
	if (fsync(fd) != 0 && errno != EINVAL)
		err = err_set_errno(info, ERR_IO, errno, "cannot sync the folder %s", folder);
	close(fd);
	return err;
}

enum err fs_rename(const char *from, const char *to, struct err_info *info)
{
	if (rename(from, to) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot rename to %s", to);
	return fs_sync_folder_of(to, info);
}

enum err fs_write_file(const char *path, const void *bytes, size_t length, mode_t mode, struct err_info *info)
{
	char temporary[PATH_MAX];
	struct stat former;
	int fd, made;
	enum err err;

	made = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	if (made < 0 || (size_t)made >= sizeof temporary)
		return err_set(info, ERR_BAD_REQUEST, "the path is longer than %d bytes", PATH_MAX - 8);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make a file beside %s", path);
	err = fs_write_all(fd, bytes, length, info);
	if (err == ERR_OK && geteuid() == 0 && stat(path, &former) == 0 &&
		fchown(fd, former.st_uid, former.st_gid) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot keep the owner of %s", path);
	if (err == ERR_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		err = err_set_errno(info, ERR_IO, errno, "cannot finish %s", path);
	close(fd);
	if (err == ERR_OK)
		err = fs_rename(temporary, path, info);
	if (err != ERR_OK)
		unlink(temporary);
	return err;
}

enum err fs_read_file(const char *path, size_t limit, char **out, size_t *length, struct err_info *info)
{
	enum err err = ERR_OK;
	struct stat status;
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*out = NULL;
	if (fd < 0)
		return err_set_errno(info, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		err = err_set(info, ERR_IO, "%s is not a plain file", path);
		goto out;
	}
	if ((uintmax_t)status.st_size > limit) {
		err = err_set(info, ERR_TOO_LARGE, "%s is larger than %zu bytes", path, limit);
		goto out;
	}
	*out = malloc((size_t)status.st_size + 1);
	if (*out == NULL)
		abort();
	while (used < (size_t)status.st_size) {
		ssize_t got = read(fd, *out + used, (size_t)status.st_size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err = err_set_errno(info, ERR_IO, errno, "cannot read %s", path);
			goto out;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	(*out)[used] = '\0';
	*length = used;
out:
	if (err != ERR_OK) {
		free(*out);
		*out = NULL;
	}
	close(fd);
	return err;
}

enum err fs_remove_tree(const char *path, struct err_info *info)
{
	char root[PATH_MAX];
	char *roots[] = {root, NULL};
	enum err err = copy_path(root, path, info);
	FTSENT *entry;
	FTS *walk;

	if (err != ERR_OK)
		return err;
	walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	if (walk == NULL)
		return err_set_errno(info, ERR_IO, errno, "cannot walk %s", path);
	while ((entry = fts_read(walk)) != NULL) {
		int failed = 0;

		if (entry->fts_info == FTS_DP)
			failed = rmdir(entry->fts_accpath);
		else if (entry->fts_info != FTS_D)
			failed = unlink(entry->fts_accpath);
		if (failed != 0 && errno != ENOENT)
			err = err_set_errno(info, ERR_IO, errno, "cannot remove %s", entry->fts_path);
	}
	fts_close(walk);
	return err;
}

int64_t fs_free_bytes(const char *path)
{
	struct statvfs status;

	if (statvfs(path, &status) != 0)
		return -1;
	return (int64_t)(status.f_bavail * status.f_frsize);
}

int fs_lock(int fd, int wait_ms)
{
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= wait_ms)
			return -1;
		poll(NULL, 0, LOCK_STEP_MS);
	}
	return 0;
}
