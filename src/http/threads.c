/* SPDX-License-Identifier: MIT */
#include "http/threads.h"

#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

enum { STACK_BYTES = 512 * 1024 };

/* Starts up to WANTED threads and returns how many run. */
static int start(pthread_t *threads, int wanted, void *(*run)(void *context), void *context)
{
	pthread_attr_t attributes;
	int count = 0;

	if (pthread_attr_init(&attributes) != 0)
		return 0;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (count < wanted && pthread_create(&threads[count], &attributes, run, context) == 0)
		count++;
	pthread_attr_destroy(&attributes);
	return count;
}

static void wait_for_signal(const sigset_t *signals)
{
	int got;

	while (sigwait(signals, &got) != 0)
		continue;
}

enum err threads_run(int wanted, void *(*run)(void *context), void *context, int stop, struct err_info *info)
{
	pthread_t *threads;
	sigset_t signals, before;
	int count;

	if (wanted < 1)
		wanted = 1;
	threads = calloc((size_t)wanted, sizeof *threads);
	if (threads == NULL)
		abort();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	count = start(threads, wanted, run, context);
	if (count == 0) {
		free(threads);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		return err_set(info, ERR_INTERNAL, "cannot start a thread");
	}
	if (count < wanted)
		log_message(LOG_WARNING, "fewer threads than configured could be started");
	wait_for_signal(&signals);
	eventfd_write(stop, 1);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return ERR_OK;
}
