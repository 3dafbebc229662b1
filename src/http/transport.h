/* SPDX-License-Identifier: MIT */
/*
 * What carries a request. serve_fcgi.c, serve_event.c and serve_cgi.c each implement this table.
 *
 *     serve_xxx.c ──► struct transport ──► transport_handle(), or exchange.h ──► router ──► handler
 *          ▲                                                │
 *          └─────────── parameter, read, write, flush ◄─────┘
 *
 * Room-internal: handlers see struct request and struct response only. A transport belongs to one thread.
 */
#ifndef TONEARM_HTTP_TRANSPORT_H
#define TONEARM_HTTP_TRANSPORT_H

#include "base/arena.h"
#include "http/serve.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct transport;

struct transport_class {
	/* The value of a CGI parameter, of the same NAME the one after SKIP others, valid until finish(); NULL when absent. */
	const char *(*parameter)(struct transport *transport, const char *name, size_t skip);
	/*
	 * Up to SIZE bytes of the body, as soon as there are any; 0 at the end of what the server sends, -1 when it
	 * broke off, with errno ETIMEDOUT when it fell silent.
	 */
	ssize_t (*read)(struct transport *transport, void *bytes, size_t size);
	/* Takes all bytes or returns false: the peer is gone or took nothing for too long. */
	bool (*write)(struct transport *transport, const void *bytes, size_t length);
	bool (*flush)(struct transport *transport);
	/* Sleeps for MS milliseconds. False, at once, when the peer is seen to be gone or the program is to stop. */
	bool (*wait)(struct transport *transport, int ms);
	/*
	 * Ends the request: COMPLETE says so to the server, otherwise the connection breaks off so that nobody
	 * takes what was sent for the whole. BODY_READ: nothing of the request is left to read on the connection.
	 */
	void (*finish)(struct transport *transport, bool complete, bool body_read);
};

/* The first member of each implementation's own struct. */
struct transport {
	const struct transport_class *class;
};

/* SECONDS of serve_options, or what stands for 0. */
int serve_idle_s(int seconds);

/*
 * For implementations that give a request a thread of its own: makes the request in ARENA, routes it, sleeps in the
 * pauses of its answer (exchange.h), finishes TRANSPORT, writes the access log line and counts. The caller resets ARENA
 * afterwards.
 */
void transport_handle(struct transport *transport, const struct serve_options *options, struct arena *arena);

/*
 * FastCGI on the listening socket LISTENER (not closed here), until SIGTERM or SIGINT. ERR_INTERNAL when no thread can
 * start.
 */
enum err serve_fcgi(const struct serve_options *options, int listener, struct err_info *info);

/* The same by one event loop: see serve_event.c. ERR_INTERNAL when it cannot be set up. */
enum err serve_event(const struct serve_options *options, int listener, struct err_info *info);

/* One request from the environment, standard input and standard output. */
void serve_cgi(const struct serve_options *options);

/* A listening Unix socket of ours. */
struct listener {
	int fd;       /* owned until listen_close() */
	dev_t device; /* of the file that bind() made */
	ino_t inode;
};

/*
 * Makes the Unix socket PATH, mode 0660, listening with room for BACKLOG, close-on-exec. A socket nobody answers on is
 * replaced; one that is served, or a file of another kind, is left alone: ERR_IO. Sets the umask for a moment: call
 * before there are threads.
 */
enum err listen_unix(const char *path, int backlog, struct listener *out, struct err_info *info);

/* Closes it and removes PATH, unless a successor has put its own socket there. */
void listen_close(struct listener *listener, const char *path);

#endif
