/* SPDX-License-Identifier: MIT */
#include "http/threads.h"

#include "base/log.h"
#include "http/successor.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 512 * 1024, SUCCESSORS_MOST = 8 };

struct crew {
	void *(*run)(void *context);
	void *context;
	int stop, listener;

	pthread_t *threads;
	int count;
	atomic_int working;
	int idle; /* an eventfd, readable when the last thread has returned */

	int signals;
	bool stopping;
	pid_t serving;                     /* the successor that serves now; 0: we do */
	pid_t successors[SUCCESSORS_MOST]; /* that one and those that end; 0: none */
};

/* That are obeyed, and what was blocked before they were. */
static sigset_t obeyed, before;

static void *run_thread(void *context)
{
	struct crew *crew = context;

	crew->run(crew->context);
	if (atomic_fetch_sub(&crew->working, 1) == 1)
		eventfd_write(crew->idle, 1);
	return NULL;
}

/* Starts up to WANTED threads. */
static void start(struct crew *crew, int wanted)
{
	pthread_attr_t attributes;

	crew->threads = calloc((size_t)wanted, sizeof *crew->threads);
	if (crew->threads == NULL)
		abort();
	atomic_store(&crew->working, 1); /* this one, until all are started */
	if (pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (crew->count < wanted) {
		atomic_fetch_add(&crew->working, 1);
		if (pthread_create(&crew->threads[crew->count], &attributes, run_thread, crew) != 0) {
			atomic_fetch_sub(&crew->working, 1);
			break;
		}
		crew->count++;
	}
	pthread_attr_destroy(&attributes);
	if (atomic_fetch_sub(&crew->working, 1) == 1)
		eventfd_write(crew->idle, 1);
}

/* Whoever serves now shall come to an end. */
static void retire(struct crew *crew)
{
	if (crew->serving != 0)
		kill(crew->serving, SIGTERM);
	else
		eventfd_write(crew->stop, 1);
}

static pid_t *free_place(struct crew *crew)
{
	for (size_t i = 0; i < SUCCESSORS_MOST; i++) {
		if (crew->successors[i] == 0)
			return &crew->successors[i];
	}
	return NULL;
}

static void succeed(struct crew *crew)
{
	pid_t *place = free_place(crew);
	struct err_info info = {0};

	if (place == NULL) {
		log_message(LOG_ERROR, "not started anew: too many predecessors are still at work");
		return;
	}
	if (successor_start(crew->listener, &before, place, &info) != ERR_OK) {
		*place = 0;
		log_failure(LOG_ERROR, "not started anew", &info);
		return;
	}
	log_message(LOG_INFO, "started anew");
	retire(crew);
	crew->serving = *place;
}

/* The jobs of ended successors are over. False when one of them was at work. */
static bool reap(struct crew *crew)
{
	bool well = true;

	for (size_t i = 0; i < SUCCESSORS_MOST; i++) {
		pid_t pid = crew->successors[i];

		if (pid == 0 || waitpid(pid, NULL, WNOHANG) != pid)
			continue;
		crew->successors[i] = 0;
		if (pid == crew->serving && !crew->stopping) {
			crew->stopping = true;
			well = false;
		}
	}
	return well;
}

static bool has_successors(const struct crew *crew)
{
	for (size_t i = 0; i < SUCCESSORS_MOST; i++) {
		if (crew->successors[i] != 0)
			return true;
	}
	return false;
}

/* False when a successor has ended by itself. */
static bool obey(struct crew *crew)
{
	struct signalfd_siginfo signal;

	if (read(crew->signals, &signal, sizeof signal) != sizeof signal)
		return true;
	if (signal.ssi_signo == SIGCHLD)
		return reap(crew);
	if (signal.ssi_signo == SIGHUP && !crew->stopping)
		succeed(crew);
	else if (signal.ssi_signo != SIGHUP && !crew->stopping) {
		crew->stopping = true;
		retire(crew);
	}
	return true;
}

/* Until the threads have returned and no successor is left. False when one of these ended by itself. */
static bool attend(struct crew *crew)
{
	struct pollfd fds[] = {{.fd = crew->signals, .events = POLLIN}, {.fd = crew->idle, .events = POLLIN}};
	bool well = true;

	while (fds[1].fd >= 0 || has_successors(crew)) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0) {
			fds[1].fd = -1;
			malloc_trim(0); /* who only waits for a successor needs little */
		}
		if (fds[0].revents != 0 && !obey(crew))
			well = false;
	}
	return well;
}

void threads_prepare(void)
{
	static const int list[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

	sigemptyset(&obeyed);
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		sigaddset(&obeyed, list[i]);
	pthread_sigmask(SIG_BLOCK, &obeyed, &before);
}

static enum err serve(struct crew *crew, int wanted, struct err_info *info)
{
	bool well;

	start(crew, wanted);
	if (crew->count == 0)
		return err_set(info, ERR_INTERNAL, "cannot start a thread");
	if (crew->count < wanted)
		log_message(LOG_WARNING, "fewer threads than configured could be started");
	successor_ready();
	well = attend(crew);
	for (int i = 0; i < crew->count; i++)
		pthread_join(crew->threads[i], NULL);
	return well ? ERR_OK : err_set(info, ERR_INTERNAL, "the successor has ended");
}

enum err threads_run(
	int wanted, void *(*run)(void *context), void *context, int stop, int listener, struct err_info *info)
{
	struct crew crew = {.run = run, .context = context, .stop = stop, .listener = listener};
	enum err err;

	crew.signals = signalfd(-1, &obeyed, SFD_CLOEXEC | SFD_NONBLOCK);
	crew.idle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (crew.signals < 0 || crew.idle < 0)
		err = err_set_errno(info, ERR_INTERNAL, errno, "cannot wait for signals");
	else
		err = serve(&crew, wanted > 1 ? wanted : 1, info);
	free(crew.threads);
	if (crew.signals >= 0)
		close(crew.signals);
	if (crew.idle >= 0)
		close(crew.idle);
	return err;
}
