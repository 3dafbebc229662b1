/* SPDX-License-Identifier: MIT */
/*
 * FastCGI by libfcgi, a number of threads that each take one request at a time. We accept connections ourselves and
 * put the descriptor into the FCGX_Request, as libfcgi's own accept cannot be given timeouts, drops a Unix
 * connection that is silent for 2 s, and can only be stopped by shutting down a listening socket that
 * sibling processes may share. Its listening descriptor is -1: when a connection turns out bad, FCGX_Accept_r
 * then returns to us instead of accepting the next.
 */
#include "http/transport.h"

#include "base/log.h"
#include "http/threads.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct fcgi_transport {
	struct transport base;
	FCGX_Request fcgx;
	int stop; /* as of the pool */
};

/* What the threads of one serve_fcgi() share; read-only once they run. */
struct pool {
	const struct serve_options *options;
	int listener;
	int stop; /* an eventfd, readable from SIGTERM on */
};

static FCGX_Request *fcgx_of(struct transport *transport)
{
	return &((struct fcgi_transport *)transport)->fcgx;
}

static const char *fcgi_parameter(struct transport *transport, const char *name, size_t skip)
{
	size_t length = strlen(name);

	for (char **at = fcgx_of(transport)->envp; *at != NULL; at++) {
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=' && skip-- == 0)
			return *at + length + 1;
	}
	return NULL;
}

static ssize_t fcgi_read(struct transport *transport, void *bytes, size_t size)
{
	FCGX_Request *fcgx = fcgx_of(transport);
	ptrdiff_t here;
	int first = size > 0 ? FCGX_GetChar(fcgx->in) : EOF;

	if (first == EOF) {
		int failure = FCGX_GetError(fcgx->in);

		errno = failure == EAGAIN || failure == EWOULDBLOCK ? ETIMEDOUT : failure;
		return failure == 0 ? 0 : -1;
	}
	/* FCGX_GetStr() waits until it has all it is asked for: what is here must do, so that the pace can be told. */
	((unsigned char *)bytes)[0] = (unsigned char)first;
	here = fcgx->in->stop - fcgx->in->rdNext;
	if ((size_t)here > size - 1)
		here = (ptrdiff_t)(size - 1);
	return 1 + FCGX_GetStr((char *)bytes + 1, (int)here, fcgx->in);
}

static bool fcgi_write(struct transport *transport, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		int piece = length > INT32_MAX ? INT32_MAX : (int)length;

		if (FCGX_PutStr(at, piece, fcgx_of(transport)->out) != piece)
			return false;
		at += piece;
		length -= (size_t)piece;
	}
	return true;
}

static bool fcgi_flush(struct transport *transport)
{
	return FCGX_FFlush(fcgx_of(transport)->out) == 0;
}

static bool fcgi_wait(struct transport *transport, int ms)
{
	struct pollfd fds[] = {
		{.fd = fcgx_of(transport)->ipcFd, .events = POLLRDHUP},
		{.fd = ((struct fcgi_transport *)transport)->stop, .events = POLLIN},
	};

	return poll(fds, 2, ms) <= 0;
}

static void fcgi_finish(struct transport *transport, bool complete, bool body_read)
{
	FCGX_Request *fcgx = fcgx_of(transport);

	if (!complete) {
		FCGX_Free(fcgx, 1); /* no end record: the server sees that the answer broke off */
		return;
	}
	if (!body_read)
		fcgx->keepConnection = 0; /* the rest of the body would stand before the next request */
	FCGX_Finish_r(fcgx);
}

static const struct transport_class fcgi_class = {
	fcgi_parameter, fcgi_read, fcgi_write, fcgi_flush, fcgi_wait, fcgi_finish};

static void set_timeouts(int fd, const struct serve_options *options)
{
	struct timeval receiving = {.tv_sec = serve_idle_s(options->idle_s)};
	struct timeval sending = {.tv_sec = serve_idle_s(options->send_idle_s)};
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receiving, sizeof receiving);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &sending, sizeof sending);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* says no on a Unix socket, which needs none */
}

/* Waits for a connection. Returns -1 when it is time to stop. */
static int next_connection(const struct pool *pool, int epoll)
{
	for (;;) {
		struct epoll_event event;
		int fd;

		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == pool->stop)
			return -1;
		fd = accept4(pool->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			set_timeouts(fd, pool->options);
			return fd;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			struct pollfd stop = {.fd = pool->stop, .events = POLLIN};

			log_message(LOG_ERROR, "cannot accept: out of descriptors or memory");
			poll(&stop, 1, 100); /* others may give some back; do not spin meanwhile */
		}
	}
}

/*
 * Waits for the next request on a kept connection. False when it is silent for too long, or it is time to stop and none has
 * come.
 */
static bool kept_ready(const struct pool *pool, int fd)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = pool->stop, .events = POLLIN}};
	int idle_s = serve_idle_s(pool->options->idle_s);
	int ready;

	do
		ready = poll(fds, 2, idle_s * 1000);
	while (ready < 0 && errno == EINTR);
	return ready > 0 && fds[0].revents != 0;
}

static int watch(const struct pool *pool)
{
	struct epoll_event listener = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = pool->listener};
	struct epoll_event stop = {.events = EPOLLIN, .data.fd = pool->stop};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0)
		return -1;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, pool->listener, &listener) < 0 ||
		epoll_ctl(epoll, EPOLL_CTL_ADD, pool->stop, &stop) < 0) {
		close(epoll);
		return -1;
	}
	return epoll;
}

/* All requests of one connection. */
static void serve_connection(const struct pool *pool, struct fcgi_transport *transport, struct arena *arena)
{
	FCGX_Request *fcgx = &transport->fcgx;

	while (FCGX_Accept_r(fcgx) == 0) {
		transport_handle(&transport->base, pool->options, arena);
		arena_reset(arena);
		if (fcgx->ipcFd < 0)
			return;
		if (!kept_ready(pool, fcgx->ipcFd)) {
			FCGX_Free(fcgx, 1);
			return;
		}
	}
}

static void *run_thread(void *context)
{
	const struct pool *pool = context;
	struct fcgi_transport transport = {.base = {&fcgi_class}, .stop = pool->stop};
	struct arena arena = {0};
	int epoll = watch(pool);
	int fd;

	if (epoll < 0) {
		log_message(LOG_ERROR, "a thread cannot watch the listening socket");
		return NULL;
	}
	FCGX_InitRequest(&transport.fcgx, -1, 0);
	while ((fd = next_connection(pool, epoll)) >= 0) {
		transport.fcgx.ipcFd = fd;
		transport.fcgx.keepConnection = 1; /* FCGX_Accept_r begins by finishing: that must not close it */
		serve_connection(pool, &transport, &arena);
	}
	arena_free(&arena);
	close(epoll);
	return NULL;
}

enum err serve_fcgi(const struct serve_options *options, int listener, struct err_info *info)
{
	struct pool pool = {.options = options, .listener = listener, .stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	enum err code;

	if (pool.stop >= 0 && FCGX_Init() == 0 && fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) == 0)
		code = threads_run(options->threads, run_thread, &pool, pool.stop, listener, info);
	else
		code = err_set_errno(info, ERR_INTERNAL, errno, "cannot set up FastCGI");
	if (pool.stop >= 0)
		close(pool.stop);
	return code;
}
