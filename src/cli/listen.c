/* SPDX-License-Identifier: MIT */
#include "cli/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ABOVE = 10, HTTP_BACKLOG = 1024 };

static enum err new_socket(int family, int *fd, struct err_info *info)
{
	int first = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*fd = first >= 0 ? fcntl(first, F_DUPFD_CLOEXEC, ABOVE) : -1;
	if (*fd < 0) {
		err_set_errno(info, ERR_IO, errno, "cannot make a socket");
		if (first >= 0)
			close(first);
		return ERR_IO;
	}
	close(first);
	return ERR_OK;
}

enum err listen_loopback(unsigned *port, int *fd, struct err_info *info)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int yes = 1, reason;
	enum err err = new_socket(AF_INET, fd, info);

	if (err != ERR_OK)
		return err;
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(*fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(*fd, HTTP_BACKLOG) == 0 &&
		getsockname(*fd, (struct sockaddr *)&address, &length) == 0) {
		*port = ntohs(address.sin_port);
		return ERR_OK;
	}
	reason = errno;
	close(*fd);
	*fd = -1;
	if (reason == EADDRINUSE)
		return err_set(info, ERR_CONFLICT, "port %u is taken", *port);
	return err_set_errno(
		info, reason == EACCES ? ERR_FORBIDDEN : ERR_IO, reason, "cannot listen on port %u", *port);
}

enum err listen_unix(const char *path, int backlog, int *fd, struct err_info *info)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum err err;

	*fd = -1;
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(info, ERR_BAD_REQUEST,
			"%s is too long for a socket (%zu bytes at most): choose a shorter run_dir", path,
			sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	err = new_socket(AF_UNIX, fd, info);
	if (err != ERR_OK)
		return err;
	unlink(path);
	if (bind(*fd, (struct sockaddr *)&address, sizeof address) == 0 && chmod(path, 0660) == 0 &&
		listen(*fd, backlog) == 0)
		return ERR_OK;
	err = err_set_errno(info, ERR_IO, errno, "cannot listen on %s", path);
	close(*fd);
	*fd = -1;
	return err;
}
