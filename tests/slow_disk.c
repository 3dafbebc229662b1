/* SPDX-License-Identifier: MIT */
/*
 * A disk that a test can stop: preloaded (LD_PRELOAD) into a program, reading or syncing a file whose path contains
 * $SLOW_DISK_PATH waits as long as there is a file $SLOW_DISK, and first makes the file $SLOW_DISK_SEEN to say so.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_slow(int fd)
{
	const char *part = getenv("SLOW_DISK_PATH");
	char link[64], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	if (length <= 0 || part == NULL)
		return 0;
	path[length] = '\0';
	return strstr(path, part) != NULL;
}

static void wait_for_disk(int fd)
{
	const char *stopper = getenv("SLOW_DISK"), *seen = getenv("SLOW_DISK_SEEN");

	if (stopper == NULL || access(stopper, F_OK) != 0 || !is_slow(fd))
		return;
	if (seen != NULL)
		close(open(seen, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	while (access(stopper, F_OK) == 0)
		usleep(10000);
}

static void find(const char *name, void *function, size_t size)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, size);
}

int fsync(int fd)
{
	int (*real)(int);

	find("fsync", &real, sizeof real);
	wait_for_disk(fd);
	return real(fd);
}

ssize_t pread(int fd, void *bytes, size_t count, off_t at)
{
	ssize_t (*real)(int, void *, size_t, off_t);

	find("pread", &real, sizeof real);
	wait_for_disk(fd);
	return real(fd, bytes, count, at);
}
