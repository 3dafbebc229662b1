/* SPDX-License-Identifier: MIT */
#include "media/queue.h"

#include <assert.h>
#include <stdlib.h>

void queue_init(struct queue *queue, size_t room)
{
	assert(room > 0);
	*queue = (struct queue){.room = room, .items = calloc(room, sizeof *queue->items)};
	if (queue->items == NULL || pthread_mutex_init(&queue->lock, NULL) != 0 ||
		pthread_cond_init(&queue->changed, NULL) != 0)
		abort();
}

/* How many items, or places for them, a waiting side is woken for. */
static size_t batch(const struct queue *queue)
{
	size_t half = (queue->room + 1) / 2;

	return half < QUEUE_BATCH ? half : QUEUE_BATCH;
}

bool queue_push(struct queue *queue, void *item)
{
	bool taken;

	assert(item != NULL);
	pthread_mutex_lock(&queue->lock);
	while (queue->count == queue->room && !queue->aborted)
		pthread_cond_wait(&queue->changed, &queue->lock);
	taken = !queue->aborted;
	if (taken) {
		queue->items[(queue->first + queue->count++) % queue->room] = item;
		if (queue->count == batch(queue))
			pthread_cond_signal(&queue->changed);
	}
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

/* Under the lock. */
static void *take(struct queue *queue)
{
	void *item;

	if (queue->count == 0 || queue->aborted)
		return NULL;
	item = queue->items[queue->first];
	queue->first = (queue->first + 1) % queue->room;
	if (--queue->count == queue->room - batch(queue))
		pthread_cond_signal(&queue->changed);
	return item;
}

void *queue_pop(struct queue *queue)
{
	void *item;

	pthread_mutex_lock(&queue->lock);
	while (queue->count == 0 && !queue->closed && !queue->aborted)
		pthread_cond_wait(&queue->changed, &queue->lock);
	item = take(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

void *queue_try_pop(struct queue *queue)
{
	void *item;

	pthread_mutex_lock(&queue->lock);
	item = take(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void queue_reopen(struct queue *queue)
{
	queue->closed = false;
}

void queue_abort(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->aborted = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

bool queue_aborted(struct queue *queue)
{
	bool aborted;

	pthread_mutex_lock(&queue->lock);
	aborted = queue->aborted;
	pthread_mutex_unlock(&queue->lock);
	return aborted;
}

void queue_free(struct queue *queue, void (*release)(void *item))
{
	for (; queue->count > 0; queue->count--) {
		release(queue->items[queue->first]);
		queue->first = (queue->first + 1) % queue->room;
	}
	free(queue->items);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
}
