/* SPDX-License-Identifier: MIT */
/*
 * FastCGI by one loop. One thread, the leader, waits for all connections at once and answers what can be answered
 * without waiting; a connection between two requests, or whose answer is on its way to a slow peer, costs its struct
 * and at most its two buffers. The other threads stand by:
 *
 *  - A request that may wait goes to one of them at once: one with a body, of a method other than GET, HEAD, OPTIONS, or
 *    any, if serve_options say so.
 *  - Any other request starts with the leader. When its handler turns out to wait after all, as it flushes or
 *    writes more than the socket takes, the leader gives the loop to a thread that stands by and goes on with this request
 *    alone (event_leave()). So no handler needs to say beforehand what it will do.
 *  - An answer that pauses (response_later()) has no thread: its connection costs what it costs between two requests, and
 *    what is kept of the request. The leader goes on with it when it is due, as with a request.
 *
 * As many requests may wait as serve_options says, as there is one thread more to lead. When even that one waits, the
 * loop rests until one has ended.
 */
#include "http/event_loop.h"

#include "http/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS_LEAST = 2 };

static void detach(struct event_loop *loop, struct event_connection *connection)
{
	event_list_remove(connection);
	if (connection->watched != 0)
		event_loop_control(loop, EPOLL_CTL_DEL, connection->fd, 0, connection);
	connection->watched = 0;
	connection->away = true;
}

void event_leave(struct event_connection *connection)
{
	struct event_loop *loop = connection->loop;

	if (connection->away)
		return;
	detach(loop, connection);
	pthread_mutex_lock(&loop->mutex);
	loop->led = false;
	pthread_cond_signal(&loop->change);
	pthread_mutex_unlock(&loop->mutex);
}

void event_loop_hand_over(struct event_loop *loop, struct event_connection *connection)
{
	detach(loop, connection);
	pthread_mutex_lock(&loop->mutex);
	event_list_append(&loop->waiting, connection);
	pthread_cond_signal(&loop->change);
	pthread_mutex_unlock(&loop->mutex);
}

void event_loop_give_back(struct event_loop *loop, struct event_connection *connection)
{
	pthread_mutex_lock(&loop->mutex);
	event_list_append(&loop->back, connection);
	pthread_mutex_unlock(&loop->mutex);
	eventfd_write(loop->wake, 1);
}

void event_loop_end(struct event_loop *loop)
{
	pthread_mutex_lock(&loop->mutex);
	loop->done = true;
	pthread_cond_broadcast(&loop->change);
	pthread_mutex_unlock(&loop->mutex);
}

static void *run_thread(void *context)
{
	struct event_loop *loop = context;
	struct event_connection *connection;
	struct arena arena = {0};

	pthread_mutex_lock(&loop->mutex);
	while (!loop->done) {
		if (!loop->led) {
			loop->led = true;
			pthread_mutex_unlock(&loop->mutex);
			event_loop_lead(loop, &arena);
			pthread_mutex_lock(&loop->mutex);
		} else if ((connection = event_list_take(&loop->waiting)) != NULL) {
			pthread_mutex_unlock(&loop->mutex);
			event_loop_answer(loop, connection, &arena);
			event_loop_give_back(loop, connection);
			pthread_mutex_lock(&loop->mutex);
		} else {
			pthread_cond_wait(&loop->change, &loop->mutex);
		}
	}
	pthread_mutex_unlock(&loop->mutex);
	arena_free(&arena);
	return NULL;
}

static bool set_up(struct event_loop *loop)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return loop->epoll >= 0 && loop->stop >= 0 && loop->wake >= 0 &&
		fcntl(loop->listener, F_SETFL, fcntl(loop->listener, F_GETFL) | O_NONBLOCK) == 0 &&
		event_loop_control(loop, EPOLL_CTL_ADD, loop->stop, EPOLLIN, &loop->stop) &&
		event_loop_control(loop, EPOLL_CTL_ADD, loop->wake, EPOLLIN, &loop->wake);
}

/* A connection is a descriptor: more than the 1,024 that a program is given at first. */
static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

enum err serve_event(const struct serve_options *options, int listener, struct err_info *info)
{
	struct event_loop loop = {.options = options, .listener = listener,
		.idle_s = serve_idle_s(options->idle_s), .send_idle_s = serve_idle_s(options->send_idle_s),
		.mutex = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
	int threads = (options->threads > THREADS_LEAST ? options->threads : THREADS_LEAST) + 1;
	const int *const fds[] = {&loop.epoll, &loop.stop, &loop.wake};
	enum err code;

	raise_limit();
	if (set_up(&loop))
		code = threads_run(threads, run_thread, &loop, loop.stop, listener, info);
	else
		code = err_set_errno(info, ERR_INTERNAL, errno, "cannot set up the event loop");
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
	}
	pthread_cond_destroy(&loop.change);
	pthread_mutex_destroy(&loop.mutex);
	return code;
}
