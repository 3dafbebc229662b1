/* SPDX-License-Identifier: MIT */
#include "storage/spool.h"

#include "base/fs.h"
#include "base/id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How many bytes may come between two looks at the free space. */
static const uint64_t look_every = UINT64_C(16) << 20;

enum err spool_room(const struct conf *conf, struct err_info *info)
{
	int64_t left = fs_free_bytes(conf->data_dir);

	if (left < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot tell the free space of %s", conf->data_dir);
	if (left < conf->disk_floor)
		return err_set(info, ERR_NO_SPACE, "there is no room on the disk at present: try again later");
	return ERR_OK;
}

enum err spool_open(const struct conf *conf, struct arena *arena, struct spool *spool, struct err_info *info)
{
	const char *path;
	char id[ID_SIZE];
	enum err err;

	*spool = (struct spool){.conf = conf, .fd = -1};
	err = fs_make_dirs(conf_data_path(conf, arena, "spool"), 0750, info);
	if (err == ERR_OK)
		err = spool_room(conf, info);
	if (err != ERR_OK)
		return err;
	id_new(NULL, id);
	path = conf_data_path(conf, arena, "spool/%s", id);
	spool->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (spool->fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make a file for the upload");
	spool->path = path;
	if (flock(spool->fd, LOCK_EX | LOCK_NB) != 0) {
		err = err_set_errno(info, ERR_IO, errno, "cannot lock the file of the upload");
		spool_discard(spool);
	}
	return err;
}

enum err spool_write(struct spool *spool, const void *bytes, size_t length, struct err_info *info)
{
	uint64_t total = spool->bytes + length;
	enum err err;

	if (total > (uint64_t)spool->conf->upload_size)
		return err_set(info, ERR_TOO_LARGE, "an upload may have %" PRId64 " bytes", spool->conf->upload_size);
	if (total / look_every != spool->bytes / look_every) {
		err = spool_room(spool->conf, info);
		if (err != ERR_OK)
			return err;
	}
	err = fs_write_all(spool->fd, bytes, length, info);
	if (err == ERR_OK)
		spool->bytes = total;
	return err;
}

void spool_discard(struct spool *spool)
{
	if (spool->path == NULL)
		return;
	unlink(spool->path);
	close(spool->fd);
	spool->path = NULL;
	spool->fd = -1;
}

/* True when NAME was old and nobody's, and is gone now. */
static bool sweep_file(int folder, const char *name, time_t before)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	bool gone;

	if (fd < 0)
		return false;
	/* With the lock in hand nobody writes; a file its writer renamed in between is no longer under this name. */
	gone = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_mtime < before &&
	       flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(folder, name, 0) == 0;
	close(fd);
	return gone;
}

size_t spool_sweep(const struct conf *conf, int64_t age_s)
{
	struct arena arena = {0};
	DIR *folder = opendir(conf_data_path(conf, &arena, "spool"));
	struct dirent *entry;
	size_t gone = 0;

	arena_free(&arena);
	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		if (id_valid(entry->d_name))
			gone += sweep_file(dirfd(folder), entry->d_name, time(NULL) - age_s);
	}
	closedir(folder);
	return gone;
}
