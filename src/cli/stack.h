/* SPDX-License-Identifier: MIT */
/*
 * Everything a site needs to be heard, on one loopback port: lighttpd, the responders and the jobrunner, under a
 * supervisor. All listening sockets are opened here and handed down, so that the port cannot be lost to another process
 * between finding and using it, and no request is refused while a program is replaced.
 *
 * One thread, one stack a process (see supervisor.h for the signals it owns).
 */
#ifndef TONEARM_CLI_STACK_H
#define TONEARM_CLI_STACK_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/supervisor.h"
#include "conf/conf.h"

#include <stdbool.h>

struct stack;

struct stack_options {
	const struct conf *conf;
	unsigned port;         /* 0: one that the kernel finds free */
	bool verbose;          /* the logs go to standard error instead of <run>/serve.log */
	supervisor_note *note; /* told when a program ends and is started again */
	void *context;
};

/*
 * Looks for all programs, writes <run>/lighttpd.conf and opens the sockets; starts nothing. ERR_NOT_FOUND (a program is
 * missing), ERR_CONFLICT (the site is being served already, or the port is taken), ERR_BAD_REQUEST (a path is too long
 * for a socket), ERR_IO. Owned by the caller.
 */
enum err stack_open(const struct stack_options *options, struct stack **out, struct err_info *info);

/* "http://127.0.0.1:PORT". Valid as long as the stack. */
const char *stack_url(const struct stack *stack);

/* True when the page is served too, false when this installation has none. */
bool stack_has_page(const struct stack *stack);

/*
 * Starts everything and waits until /healthz answers. ERR_ABORTED after a signal; ERR_TIMEOUT, or ERR_INTERNAL when a
 * program does not stay up, with where its log is.
 */
enum err stack_start(struct stack *stack, struct err_info *info);

/* Keeps it running until a signal asks for the end. */
void stack_run(struct stack *stack);

/* Stops all it started, removes the sockets and frees. NULL is fine. */
void stack_close(struct stack *stack);

#endif
