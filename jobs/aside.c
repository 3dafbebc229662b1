/* SPDX-License-Identifier: MIT */
#include "jobs/aside.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *do_work(void *argument)
{
	struct aside *aside = argument;
	const uint64_t one = 1;

	log_context(aside->log_context);
	aside->outcome = aside->work(aside->context, &aside->stop, &aside->info);
	if (write(aside->fd, &one, sizeof one) != (ssize_t)sizeof one)
		abort();
	return NULL;
}

enum err aside_start(struct aside *aside, aside_work *work, void *context, struct err_info *info)
{
	int failure;

	assert(!aside->busy);
	aside->work = work;
	aside->context = context;
	aside->info = (struct err_info){0};
	atomic_store(&aside->stop, false);
	snprintf(aside->log_context, sizeof aside->log_context, "%s", log_context_id());
	aside->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (aside->fd < 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot make an event descriptor");
	failure = pthread_create(&aside->thread, NULL, do_work, aside);
	if (failure != 0) {
		close(aside->fd);
		return err_set_errno(info, ERR_INTERNAL, failure, "cannot start a thread");
	}
	aside->busy = true;
	return ERR_OK;
}

int aside_fd(const struct aside *aside)
{
	return aside->busy ? aside->fd : -1;
}

static void join(struct aside *aside)
{
	pthread_join(aside->thread, NULL);
	close(aside->fd);
	aside->busy = false;
}

enum err aside_end(struct aside *aside, struct err_info *info)
{
	uint64_t ends;

	assert(aside->busy);
	if (read(aside->fd, &ends, sizeof ends) != (ssize_t)sizeof ends)
		return ERR_NOT_READY;
	join(aside);
	*info = aside->info;
	return aside->outcome;
}

void aside_ask(struct aside *aside)
{
	atomic_store(&aside->stop, true);
}

void aside_stop(struct aside *aside)
{
	if (!aside->busy)
		return;
	aside_ask(aside);
	join(aside);
}
