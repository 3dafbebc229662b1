/* SPDX-License-Identifier: MIT */
#include "base/shared.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Making the file takes far less. */
enum { LOCK_WAIT_MS = 5000, TRIES = 16 };

/* Lock-free 64-bit atomics are what makes them work between processes. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "what is shared needs lock-free 64-bit atomics");

/* What the head of a file must say. */
struct layout {
	uint64_t magic, size, mark;
};

/* Opens PATH and locks it; *FD is the file that PATH names while the lock is held. */
static enum err open_locked(const char *path, int *out, struct err_info *info)
{
	for (;;) {
		struct stat held, named;
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);

		if (fd < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
		if (fs_lock(fd, LOCK_WAIT_MS) < 0 || fstat(fd, &held) < 0) {
			enum err code = err_set_errno(info, ERR_IO, errno, "cannot lock %s", path);

			close(fd);
			return code;
		}
		if (stat(path, &named) == 0 && named.st_dev == held.st_dev && named.st_ino == held.st_ino) {
			*out = fd;
			return ERR_OK;
		}
		close(fd); /* replaced while we waited */
	}
}

static enum err map_file(int fd, size_t size, void **out, struct err_info *info)
{
	void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (address == MAP_FAILED)
		return err_set_errno(info, ERR_IO, errno, "cannot map a shared file");
	*out = address;
	return ERR_OK;
}

/* Space is taken now, as a full disk would kill the process on its first write later. */
static enum err initialise(int fd, const struct layout *layout, void **out, struct err_info *info)
{
	int failed = posix_fallocate(fd, 0, (off_t)layout->size);
	struct shared_head *head;
	enum err code;

	if (failed != 0)
		return err_set_errno(info, ERR_IO, failed, "cannot make room for a shared file");
	code = map_file(fd, layout->size, out, info);
	if (code == ERR_OK) {
		head = *out;
		atomic_store(&head->size, layout->size);
		atomic_store(&head->mark, layout->mark);
		atomic_store(&head->magic, layout->magic);
	}
	return code;
}

static bool layout_matches(int fd, const struct layout *layout)
{
	struct layout found;
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size == (off_t)layout->size &&
		pread(fd, &found, sizeof found, 0) == (ssize_t)sizeof found && found.magic == layout->magic &&
		found.size == layout->size && found.mark == layout->mark;
}

/* A file of another layout may still be mapped by an older process: it keeps that, and *FD becomes our own, locked as well. */
static enum err replace(const char *path, int *fd, struct err_info *info)
{
	enum err code = unlink(path) < 0 ? err_set_errno(info, ERR_IO, errno, "cannot replace %s", path) : ERR_OK;
	int old = *fd;

	*fd = -1;
	if (code == ERR_OK)
		code = open_locked(path, fd, info);
	close(old);
	return code;
}

/*
 * *FD is locked, and may become that of another file. Between the old lock and the new one a program of another version may
 * have made its own file there, which is not ours to fill.
 */
static enum err map_or_make(
	const char *path, const struct layout *layout, int *fd, void **out, struct err_info *info)
{
	enum err code = ERR_OK;

	for (int try = 0; code == ERR_OK && try < TRIES; try++) {
		struct stat status;

		if (layout_matches(*fd, layout))
			return map_file(*fd, layout->size, out, info);
		if (fstat(*fd, &status) == 0 && status.st_size == 0)
			return initialise(*fd, layout, out, info);
		code = replace(path, fd, info);
	}
	return code != ERR_OK ? code : err_set(info, ERR_BUSY, "programs of several versions contend for %s", path);
}

/* The file as most find it: made, and of their layout. Nobody has to wait for that. */
static bool open_made(const char *path, const struct layout *layout, int *fd)
{
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0 || layout_matches(*fd, layout))
		return *fd >= 0;
	close(*fd);
	*fd = -1;
	return false;
}

enum err shared_open(const char *path, uint64_t magic, uint64_t mark, size_t size, struct shared *out,
	struct err_info *info)
{
	const struct layout layout = {magic, size, mark};
	enum err code;

	*out = (struct shared){.fd = -1};
	if (open_made(path, &layout, &out->fd)) {
		code = map_file(out->fd, size, &out->address, info);
	} else {
		code = open_locked(path, &out->fd, info);
		if (code != ERR_OK)
			return code;
		code = map_or_make(path, &layout, &out->fd, &out->address, info);
		if (out->fd >= 0)
			flock(out->fd, LOCK_UN); /* a mapping keeps the file open, and so the lock, beyond close() */
	}
	if (code != ERR_OK && out->fd >= 0)
		close(out->fd);
	return code;
}
