/* SPDX-License-Identifier: MIT */
#include "http/serve.h"

#include "http/successor.h"
#include "http/threads.h"
#include "http/transport.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDLE_DEFAULT_S = 30 };

int serve_idle_s(int seconds)
{
	return seconds > 0 ? seconds : IDLE_DEFAULT_S;
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof listening;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

enum err serve(const struct serve_options *options, struct err_info *info)
{
	enum err code;
	struct listener listener = {.fd = STDIN_FILENO};

	signal(SIGPIPE, SIG_IGN);
	successor_prepare();
	if (options->socket == NULL && !is_listening(STDIN_FILENO)) {
		if (getenv("GATEWAY_INTERFACE") == NULL)
			return err_set(
				info, ERR_IO, "standard input is no listening socket: start it from a web server");
		serve_cgi(options);
		return ERR_OK;
	}
	threads_prepare();
	if (options->socket != NULL && !successor_is()) {
		code = listen_unix(options->socket, options->backlog, &listener, info);
		if (code != ERR_OK)
			return code;
	}
	code = options->event ? serve_event(options, listener.fd, info) : serve_fcgi(options, listener.fd, info);
	if (options->socket != NULL)
		listen_close(&listener, options->socket);
	return code;
}
