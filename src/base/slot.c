/* SPDX-License-Identifier: MIT */
#include "base/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* 0, or the error: EAGAIN when somebody else has the byte. */
static int lock_byte(int fd, int64_t at)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? EAGAIN : errno;
}

enum err slot_take(const char *path, int64_t count, int *slot, struct err_info *info)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	int failure = EAGAIN;

	*slot = -1;
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	for (int64_t i = 0; i < count && failure == EAGAIN; i++)
		failure = lock_byte(fd, i);
	if (failure == 0) {
		*slot = fd;
		return ERR_OK;
	}
	close(fd);
	if (failure != EAGAIN)
		return err_set_errno(info, ERR_IO, failure, "cannot lock %s", path);
	return err_set(info, ERR_BUSY, "all %lld places are taken", (long long)count);
}

void slot_give(int slot)
{
	if (slot >= 0)
		close(slot);
}
