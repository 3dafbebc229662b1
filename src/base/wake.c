/* SPDX-License-Identifier: MIT */
#include "base/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0660, EVENTS_BYTES = 4096 };

static bool wake_path(const char *run_dir, char out[static PATH_MAX])
{
	int length = snprintf(out, PATH_MAX, "%s/wake", run_dir);

	return length > 0 && length < PATH_MAX;
}

void wake_post(const char *run_dir)
{
	char path[PATH_MAX];

	/* Without a file there is no runner: whoever comes looks for work first. */
	if (wake_path(run_dir, path))
		utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

/* The mode is set past the umask; when the file is another's it is its owner who did. */
static bool make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);

	if (fd < 0)
		return errno == EEXIST;
	if (fchmod(fd, MODE) != 0) {
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

/* Watching what is watched already changes nothing. */
static bool listen_to(const char *path, int fd)
{
	return make_file(path) && inotify_add_watch(fd, path, IN_ATTRIB | IN_MODIFY | IN_DONT_FOLLOW) >= 0;
}

enum err wake_open(const char *run_dir, int *out, struct err_info *info)
{
	char path[PATH_MAX];

	*out = -1;
	if (!wake_path(run_dir, path))
		return err_set(info, ERR_IO, "the path of the run folder is too long");
	*out = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (*out >= 0 && listen_to(path, *out))
		return ERR_OK;
	err_set_errno(info, ERR_IO, errno, "cannot watch %s", path);
	if (*out >= 0)
		close(*out);
	*out = -1;
	return info->code;
}

void wake_clear(const char *run_dir, int fd)
{
	char path[PATH_MAX], events[EVENTS_BYTES];

	while (read(fd, events, sizeof events) > 0)
		continue;
	if (wake_path(run_dir, path))
		listen_to(path, fd);
}
