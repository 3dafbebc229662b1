/* SPDX-License-Identifier: MIT */
/* Plain CGI, RFC 3875: one request from the environment, standard input and standard output. */
#include "http/transport.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_BYTES = 16 * 1024, DISCARD_MOST = 16 << 20, DISCARD_IDLE_S = 2 };

/* Set by SIGTERM, by which a web server ends the program of a client that has gone. Blocked but while we wait. */
static volatile sig_atomic_t ended;
static sigset_t waiting_mask;

struct cgi_transport {
	struct transport base;
	int idle_s, send_idle_s;
	bool failed;
	size_t used;
	char out[OUT_BYTES];
};

static const char *cgi_parameter(struct transport *transport, const char *name, size_t skip)
{
	(void)transport;
	return skip == 0 ? getenv(name) : NULL;
}

static void end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

/* So that what a request has begun, such as the file of an upload, is put in order before the program ends. */
static void hear_sigterm(void)
{
	const struct sigaction action = {.sa_handler = end};
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &waiting_mask);
	sigdelset(&waiting_mask, SIGTERM);
	sigaction(SIGTERM, &action, NULL);
}

/* Whether FD gets ready within the time of silence we bear. */
static bool wait_ready(int fd, short events, int idle_s)
{
	const struct timespec idle = {.tv_sec = idle_s};
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int ready = -1;

	while (!ended) {
		ready = ppoll(&poll_fd, 1, &idle, &waiting_mask);
		if (ready >= 0 || errno != EINTR)
			break;
	}
	return ready > 0;
}

static ssize_t cgi_read(struct transport *transport, void *bytes, size_t size)
{
	const struct cgi_transport *cgi = (const struct cgi_transport *)transport;
	ssize_t got;

	if (!wait_ready(STDIN_FILENO, POLLIN, cgi->idle_s)) {
		errno = ETIMEDOUT;
		return -1;
	}
	do
		got = read(STDIN_FILENO, bytes, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking (POSIX), so pieces of that size cannot hang. */
static bool drain(struct cgi_transport *cgi)
{
	size_t at = 0;

	while (at < cgi->used && !cgi->failed) {
		size_t piece = cgi->used - at < PIPE_BUF ? cgi->used - at : PIPE_BUF;
		ssize_t put;

		if (!wait_ready(STDOUT_FILENO, POLLOUT, cgi->send_idle_s)) {
			cgi->failed = true;
			break;
		}
		put = write(STDOUT_FILENO, cgi->out + at, piece);
		if (put > 0)
			at += (size_t)put;
		else if (put == 0 || (errno != EINTR && errno != EAGAIN))
			cgi->failed = true;
	}
	cgi->used = 0;
	return !cgi->failed;
}

static bool cgi_write(struct transport *transport, const void *bytes, size_t length)
{
	struct cgi_transport *cgi = (struct cgi_transport *)transport;
	const char *at = bytes;

	while (length > 0 && !cgi->failed) {
		size_t room = sizeof cgi->out - cgi->used;
		size_t piece = length < room ? length : room;

		memcpy(cgi->out + cgi->used, at, piece);
		cgi->used += piece;
		at += piece;
		length -= piece;
		if (cgi->used == sizeof cgi->out)
			drain(cgi);
	}
	return !cgi->failed;
}

static bool cgi_flush(struct transport *transport)
{
	return drain((struct cgi_transport *)transport);
}

/* A reader that has closed its end of the pipe shows without our asking. */
static bool cgi_wait(struct transport *transport, int ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	struct pollfd out = {.fd = STDOUT_FILENO};

	(void)transport;
	return !ended && ppoll(&out, 1, &pause, &waiting_mask) <= 0 && !ended;
}

/* A server that is still passing the body on may lose the answer of a program that has ended: mod_cgid does. */
static void discard_body(void)
{
	char piece[OUT_BYTES];
	size_t total = 0;
	ssize_t got;

	while (total < DISCARD_MOST && wait_ready(STDIN_FILENO, POLLIN, DISCARD_IDLE_S) &&
		(got = read(STDIN_FILENO, piece, sizeof piece)) > 0)
		total += (size_t)got;
}

/* A CGI answer can break off in one way only: the process ends. Content-Length tells the rest. */
static void cgi_finish(struct transport *transport, bool complete, bool body_read)
{
	(void)complete;
	drain((struct cgi_transport *)transport);
	if (!body_read)
		discard_body();
}

static const struct transport_class cgi_class = {cgi_parameter, cgi_read, cgi_write, cgi_flush, cgi_wait, cgi_finish};

void serve_cgi(const struct serve_options *options)
{
	struct cgi_transport cgi = {.base = {&cgi_class}, .idle_s = serve_idle_s(options->idle_s),
		.send_idle_s = serve_idle_s(options->send_idle_s)};
	struct arena arena = {0};

	hear_sigterm();
	transport_handle(&cgi.base, options, &arena);
	arena_free(&arena);
}
