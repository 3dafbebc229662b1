/* SPDX-License-Identifier: MIT */
/*
 * Work that waits for a disk, done aside from the loop: one thread does one piece of work, and its end makes a
 * descriptor readable that the loop waits for among its others.
 *
 *     aside_start() ──► thread: work(context) ──► fd readable ──► aside_end(): the outcome, and ready for the next
 *
 * What CONTEXT leads to belongs to the thread from aside_start() to the end; all else of the program is the loop's
 * alone. The functions below are called by the thread of the loop.
 */
#ifndef TONEARM_JOBS_ASIDE_H
#define TONEARM_JOBS_ASIDE_H

#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Looks at *STOP now and then and ends soon with ERR_ABORTED when it is true. */
typedef enum err aside_work(void *context, const atomic_bool *stop, struct err_info *info);

/* Zeroed at the beginning. */
struct aside {
	pthread_t thread;
	aside_work *work;
	void *context;
	struct err_info info; /* the thread's until its end, as `outcome` is */
	enum err outcome;
	atomic_bool stop;
	char log_context[64];
	int fd;
	bool busy; /* started, and aside_end() has not told the outcome yet */
};

/* Begins WORK; nothing may be at work. ERR_INTERNAL when a thread or descriptor cannot be had. */
enum err aside_start(struct aside *aside, aside_work *work, void *context, struct err_info *info);

/* Readable when the work is over, for poll(2); -1 when there is none. */
int aside_fd(const struct aside *aside);

/* ERR_NOT_READY while it goes on, else what the work returned. Something must have been started. */
enum err aside_end(struct aside *aside, struct err_info *info);

/* Asks the work to stop, and does not wait for it. */
void aside_ask(struct aside *aside);

/* Asks the work to stop and waits until it has. Does nothing when there is none. */
void aside_stop(struct aside *aside);

#endif
