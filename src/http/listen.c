/* SPDX-License-Identifier: MIT */
#include "http/transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Removes a socket that nobody answers on any more. */
static enum err clear_stale(const char *path, const struct sockaddr_un *address, struct err_info *info)
{
	struct stat status;
	enum err code = ERR_OK;
	int fd;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot look at %s", path);
	if (!S_ISSOCK(status.st_mode))
		return err_set(info, ERR_IO, "%s is there and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
		code = err_set(info, ERR_IO, "another process serves %s", path);
	else if (errno != ECONNREFUSED)
		code = err_set_errno(info, ERR_IO, errno, "cannot tell whether %s is served", path);
	else if (unlink(path) < 0 && errno != ENOENT)
		code = err_set_errno(info, ERR_IO, errno, "cannot remove the stale %s", path);
	close(fd);
	return code;
}

enum err listen_unix(const char *path, int backlog, struct listener *out, struct err_info *info)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	enum err code;
	mode_t mask;
	int fd, failed;

	if (strlen(path) >= sizeof address.sun_path)
		return err_set(info, ERR_IO, "the socket path is longer than %zu bytes", sizeof address.sun_path - 1);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	code = clear_stale(path, &address, info);
	if (code != ERR_OK)
		return code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make a socket");
	mask = umask(S_IRWXO | S_IXUSR | S_IXGRP); /* bind() makes it 0660 at once, with no moment of wider access */
	failed = bind(fd, (const struct sockaddr *)&address, sizeof address);
	umask(mask);
	if (failed < 0 || listen(fd, backlog) < 0) {
		code = err_set_errno(info, ERR_IO, errno, "cannot listen on %s", path);
		close(fd);
		return code;
	}
	*out = (struct listener){.fd = fd};
	if (lstat(path, &status) == 0) {
		out->device = status.st_dev;
		out->inode = status.st_ino;
	}
	return ERR_OK;
}

void listen_close(struct listener *listener, const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0 && status.st_dev == listener->device && status.st_ino == listener->inode)
		unlink(path);
	close(listener->fd);
	listener->fd = -1;
}
