/* SPDX-License-Identifier: MIT */
#include "jobs/source.h"

#include "storage/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err open_failed(int errnum, struct err_info *info)
{
	if (errnum == ENOENT)
		return err_set(info, ERR_NOT_FOUND, "the source file is not there any more");
	if (errnum == ELOOP)
		return err_set(info, ERR_FORBIDDEN, "the source file is a symbolic link");
	return err_set_errno(info, ERR_IO, errnum, "cannot open the source file");
}

static enum err open_stored(const struct conf *conf, const char *name, int *fd, struct err_info *info)
{
	char folder[PATH_MAX];
	int length = snprintf(folder, sizeof folder, "%s/source", conf->data_dir);
	int folder_fd;

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return err_set(info, ERR_FORBIDDEN, "the source is not the name of a stored file");
	if (length < 0 || (size_t)length >= sizeof folder)
		return err_set(info, ERR_IO, "the path of the data folder is too long");
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open the folder %s", folder);
	/* O_NONBLOCK: a FIFO put in the place of the file must not hold up the runner. */
	*fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		open_failed(errno, info);
	close(folder_fd);
	return *fd < 0 ? info->code : ERR_OK;
}

enum err source_open(const struct conf *conf, const struct transcode_job *job, int *fd, struct err_info *info)
{
	struct arena arena = {0};
	const char *resolved;
	struct stat status;
	enum err err;

	*fd = -1;
	if (job->source != NULL)
		err = open_stored(conf, job->source, fd, info);
	else
		err = import_open(conf, job->import, &arena, fd, &resolved, info);
	arena_free(&arena);
	if (err == ERR_OK && (fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode)))
		err = err_set(info, ERR_UNPROCESSABLE, "the source is not a plain file");
	/* The worker shall block on a slow disk like any reader. */
	if (err == ERR_OK && fcntl(*fd, F_SETFL, 0) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot set up the source file");
	if (err != ERR_OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return err;
}
