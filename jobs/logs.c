/* SPDX-License-Identifier: MIT */
#include "jobs/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static void name_old(char out[static PATH_MAX], const char *path, int number)
{
	snprintf(out, PATH_MAX, "%s.%d", path, number);
}

/* All numbers one up, the last over the one that goes. */
static enum err make_place(const char *path, struct err_info *info)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (int number = LOGS_KEPT; number > 1; number--) {
		name_old(from, path, number - 1);
		name_old(to, path, number);
		if (rename(from, to) != 0 && errno != ENOENT)
			return err_set_errno(info, ERR_IO, errno, "cannot rename %s", from);
	}
	return ERR_OK;
}

static enum err copy_all(int from, int to, struct err_info *info)
{
	ssize_t got;

	do
		got = sendfile(to, from, NULL, PIECE);
	while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? err_set_errno(info, ERR_IO, errno, "cannot copy a log") : ERR_OK;
}

static enum err turn(int log, const char *path, struct err_info *info)
{
	char copy[PATH_MAX], old[PATH_MAX];
	enum err err;
	int to;

	name_old(copy, path, 0);
	name_old(old, path, 1);
	to = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (to < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make %s", copy);
	err = copy_all(log, to, info);
	if (err == ERR_OK)
		err = make_place(path, info);
	if (err == ERR_OK && rename(copy, old) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot rename %s", copy);
	if (err == ERR_OK && ftruncate(log, 0) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot empty %s", path);
	if (err != ERR_OK)
		unlink(copy);
	close(to);
	return err;
}

enum err logs_turn(const char *path, int64_t most, struct err_info *info)
{
	int log = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	enum err err = ERR_OK;

	if (log < 0)
		return errno == ENOENT ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot open the log %s", path);
	if (fstat(log, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > most)
		err = turn(log, path, info);
	close(log);
	return err;
}
