/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets that are handed to child processes. They close on exec and stand above the descriptors a child is
 * given.
 */
#ifndef TONEARM_CLI_LISTEN_H
#define TONEARM_CLI_LISTEN_H

#include "base/err.h"

/*
 * Listens on 127.0.0.1:*PORT; 0 becomes the port the kernel chose. ERR_CONFLICT when it is taken, ERR_FORBIDDEN,
 * ERR_IO.
 */
enum err listen_loopback(unsigned *port, int *fd, struct err_info *info);

/*
 * Listens on the Unix socket PATH (mode 0660), replacing what a dead server left. ERR_BAD_REQUEST when the path is too
 * long, ERR_IO.
 */
enum err listen_unix(const char *path, int backlog, int *fd, struct err_info *info);

#endif
