/* SPDX-License-Identifier: MIT */
#include "media/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ITEMS = 10000, ROOM = 4 };

static int released;

static void release(void *item)
{
	(void)item;
	released++;
}

static void *produce(void *context)
{
	static int items[ITEMS];

	for (int i = 0; i < ITEMS; i++) {
		items[i] = i;
		if (!queue_push(context, &items[i]))
			return NULL;
	}
	queue_close(context);
	return context;
}

static void passes_all_in_order(void **state)
{
	struct queue queue;
	pthread_t thread;
	void *finished;
	int *item;
	int count = 0;

	(void)state;
	queue_init(&queue, ROOM);
	assert_int_equal(pthread_create(&thread, NULL, produce, &queue), 0);
	while ((item = queue_pop(&queue)) != NULL)
		assert_int_equal(*item, count++);
	assert_int_equal(count, ITEMS);
	assert_false(queue_aborted(&queue));
	pthread_join(thread, &finished);
	assert_ptr_equal(finished, &queue);
	queue_free(&queue, release);
}

static void abort_wakes_a_full_producer(void **state)
{
	struct queue queue;
	pthread_t thread;
	void *finished;

	(void)state;
	queue_init(&queue, ROOM);
	assert_int_equal(pthread_create(&thread, NULL, produce, &queue), 0);
	assert_non_null(queue_pop(&queue));
	queue_abort(&queue);
	pthread_join(thread, &finished);
	assert_null(finished);
	assert_null(queue_pop(&queue));
	assert_true(queue_aborted(&queue));
	queue_free(&queue, release);
}

static void takes_more_after_it_was_closed(void **state)
{
	struct queue queue;
	int item;

	(void)state;
	queue_init(&queue, ROOM);
	queue_close(&queue);
	assert_null(queue_pop(&queue));
	queue_reopen(&queue);
	assert_true(queue_push(&queue, &item));
	assert_ptr_equal(queue_pop(&queue), &item);
	queue_close(&queue);
	assert_null(queue_pop(&queue));
	queue_free(&queue, release);
}

static void frees_what_is_left(void **state)
{
	struct queue queue;
	int item;

	(void)state;
	queue_init(&queue, ROOM);
	assert_true(queue_push(&queue, &item));
	assert_true(queue_push(&queue, &item));
	released = 0;
	queue_free(&queue, release);
	assert_int_equal(released, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_all_in_order),
		cmocka_unit_test(abort_wakes_a_full_producer),
		cmocka_unit_test(takes_more_after_it_was_closed),
		cmocka_unit_test(frees_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
