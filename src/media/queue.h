/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of pointers between two threads of the pipeline: one pushes and waits while it is full, the other
 * pops and waits while it is empty. So memory does not grow with the length of a file, however the speeds of the stages
 * differ. No FFmpeg here.
 *
 * Who waits is woken for QUEUE_BATCH items (half of the room, where that is less) or as many free places, not for each:
 * so threads that outnumber the cores work for a while before they give way to each other.
 */
#ifndef TONEARM_MEDIA_QUEUE_H
#define TONEARM_MEDIA_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUEUE_BATCH = 32 };

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void **items; /* a ring */
	size_t room, first, count;
	bool closed;  /* no more will come */
	bool aborted; /* nobody waits any more */
};

/* A queue of at most ROOM items, ROOM > 0. Aborts the process when there is no memory for it. */
void queue_init(struct queue *queue, size_t room);

/* Appends ITEM (not NULL), waiting for room. False when the queue was aborted: ITEM is then still the caller's. */
bool queue_push(struct queue *queue, void *item);

/* Takes the oldest item, waiting for one; it is the caller's. NULL when the queue is closed and empty, or aborted. */
void *queue_pop(struct queue *queue);

/* As queue_pop(), but NULL also when there is none at the moment. */
void *queue_try_pop(struct queue *queue);

/* No more will come: what is in it can still be popped. */
void queue_close(struct queue *queue);

/* More will come after all. No thread may be in it. */
void queue_reopen(struct queue *queue);

/* Wakes both sides for good. */
void queue_abort(struct queue *queue);

/* True after queue_abort(): tells the two meanings of NULL from queue_pop() apart. */
bool queue_aborted(struct queue *queue);

/* Ends the queue; RELEASE gets each item left. No thread may be in it. */
void queue_free(struct queue *queue, void (*release)(void *item));

#endif
