/* SPDX-License-Identifier: MIT */
#include "jobs/workdir.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "job-"

/* The folder open and locked, or -1 when somebody holds it. */
static int lock_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

enum err workdir_make(
	const struct conf *conf, const char *job, struct arena *arena, struct workdir *out, struct err_info *info)
{
	char random[9];

	id_random_hex(4, random);
	*out = (struct workdir){.fd = -1};
	out->path = conf_data_path(conf, arena, "spool/" PREFIX "%s.%s", job, random);
	if (mkdir(out->path, 0750) != 0) {
		err_set_errno(info, ERR_IO, errno, "cannot make the folder %s", out->path);
		out->path = NULL;
		return info->code;
	}
	out->fd = lock_folder(out->path);
	if (out->fd < 0) {
		err_set_errno(info, ERR_IO, errno, "cannot lock the folder %s", out->path);
		workdir_remove(out);
		return info->code;
	}
	return ERR_OK;
}

static void remove_folder(const char *path)
{
	struct err_info info = {0};

	if (fs_remove_tree(path, &info) != ERR_OK)
		log_failure(LOG_WARNING, "a work folder is left behind", &info);
}

void workdir_remove(struct workdir *dir)
{
	if (dir->path != NULL)
		remove_folder(dir->path);
	if (dir->fd >= 0)
		close(dir->fd);
	*dir = (struct workdir){.fd = -1};
}

static bool is_older(int fd, int64_t age_s)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_mtime <= clock_seconds(NULL) - age_s;
}

size_t workdir_sweep(const struct conf *conf, int64_t age_s)
{
	char path[PATH_MAX];
	struct dirent *entry;
	size_t removed = 0;
	DIR *spool;

	snprintf(path, sizeof path, "%s/spool", conf->data_dir);
	spool = opendir(path);
	if (spool == NULL)
		return 0;
	while ((entry = readdir(spool)) != NULL) {
		int length = snprintf(path, sizeof path, "%s/spool/%s", conf->data_dir, entry->d_name);
		int fd;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 || length < 0 || (size_t)length >= sizeof path)
			continue;
		fd = lock_folder(path);
		if (fd < 0)
			continue;
		if (is_older(fd, age_s)) {
			remove_folder(path);
			removed++;
		}
		close(fd);
	}
	closedir(spool);
	return removed;
}
