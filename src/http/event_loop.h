/* SPDX-License-Identifier: MIT */
/*
 * The loop of the event transport, between its two files: event_loop.c is the leader's work, serve_event.c says which
 * thread is the leader. Room-internal.
 */
#ifndef TONEARM_HTTP_EVENT_LOOP_H
#define TONEARM_HTTP_EVENT_LOOP_H

#include "http/event.h"

#include <pthread.h>

struct event_loop {
	const struct serve_options *options;
	int idle_s, send_idle_s;
	int listener, epoll;
	int stop; /* an eventfd, readable from SIGTERM on */
	int wake; /* an eventfd, readable when something came back */

	/* The leader's. */
	int64_t now_us;
	bool stopping, accepting;
	int64_t accept_again_us;
	size_t count;                /* connections, those that are away too */
	struct event_list busy, sending, kept; /* oldest sign of life first */
	struct event_list paused;     /* answers, by their time */

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t change;
	bool led, done;
	struct event_list waiting, back; /* requests for a thread; connections for the leader */
};

/*
 * Runs the loop with ARENA for its requests, until this thread has lost the lead or all is over. What it leaves of a
 * round of events, epoll tells the next leader again.
 */
void event_loop_lead(struct event_loop *loop, struct arena *arena);

/* Answers the request of CONNECTION, up to its end or a pause, in the thread that has it. */
void event_loop_answer(struct event_loop *loop, struct event_connection *connection, struct arena *arena);

/* epoll_ctl(): FD's EVENTS come as ABOUT, the address of a field of the loop, or a connection. */
bool event_loop_control(struct event_loop *loop, int operation, int fd, uint32_t events, void *about);

/* For the leader: hands a request to a thread that stands by. */
void event_loop_hand_over(struct event_loop *loop, struct event_connection *connection);

/* For any other thread: hands a connection back to the leader. */
void event_loop_give_back(struct event_loop *loop, struct event_connection *connection);

/* For the leader: the last connection is closed, all threads may end. */
void event_loop_end(struct event_loop *loop);

#endif
