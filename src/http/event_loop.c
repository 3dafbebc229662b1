/* SPDX-License-Identifier: MIT */
#include "http/event_loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/exchange.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* A kept connection may stay idle for longer than nginx keeps its own (60 s), so that it is not we who close first. */
enum { KEPT_IDLE_S = 90, EVENTS_MOST = 64, ACCEPTS_MOST = 64, ACCEPT_PAUSE_MS = 100 };

bool event_loop_control(struct event_loop *loop, int operation, int fd, uint32_t events, void *about)
{
	struct epoll_event event = {.events = events, .data.ptr = about};

	return epoll_ctl(loop->epoll, operation, fd, &event) == 0;
}

static bool watch(struct event_loop *loop, struct event_connection *connection, uint32_t events)
{
	int operation = connection->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (connection->watched != events && !event_loop_control(loop, operation, connection->fd, events, connection))
		return false;
	connection->watched = events;
	return true;
}

/* Puts it last in LIST, with a sign of life now. */
static void stay(struct event_loop *loop, struct event_connection *connection, struct event_list *list)
{
	event_list_remove(connection);
	connection->since_us = loop->now_us;
	event_list_append(list, connection);
}

static void give_buffers(struct event_connection *connection)
{
	if (connection->in_at == connection->in_end) {
		free(connection->in);
		connection->in = NULL;
	}
	if (connection->out_used == 0) {
		free(connection->out);
		connection->out = NULL;
	}
}

/* A part of an answer is done: it pauses, or is over. */
static void settle(struct event_connection *connection, struct arena *arena)
{
	int ms = exchange_pause(connection->exchange);

	connection->due_us = clock_monotonic_us() + ms * INT64_C(1000);
	if (ms < 0) {
		exchange_end(connection->exchange);
		connection->exchange = NULL;
	}
	arena_reset(arena);
}

void event_loop_answer(struct event_loop *loop, struct event_connection *connection, struct arena *arena)
{
	connection->exchange = exchange_begin(&connection->base, loop->options, arena);
	settle(connection, arena);
}

static void go_on(struct event_connection *connection, struct arena *arena, bool wanted)
{
	exchange_resume(connection->exchange, arena, wanted);
	settle(connection, arena);
}

static void drop(struct event_loop *loop, struct event_connection *connection)
{
	struct arena arena = {0};

	event_list_remove(connection);
	if (connection->exchange != NULL) {
		connection->away = connection->broken = true; /* nobody is to wait for this peer */
		go_on(connection, &arena, false);
		arena_free(&arena);
	}
	event_forget_all(connection);
	close(connection->fd);
	free(connection->in);
	free(connection->out);
	free(connection);
	loop->count--;
}

static bool may_wait(const struct event_connection *connection)
{
	static const char *const quick[] = {"GET", "HEAD", "OPTIONS"};
	const char *method = event_parameter(connection, "REQUEST_METHOD", 0);
	const char *length = event_parameter(connection, "CONTENT_LENGTH", 0);

	if (length != NULL && *length != '\0' && strcmp(length, "0") != 0)
		return true;
	for (size_t i = 0; method != NULL && i < sizeof quick / sizeof *quick; i++) {
		if (strcmp(method, quick[i]) == 0)
			return false;
	}
	return true;
}

/*
 * The last answer is sent. Closed at once, a connection on which the peer still writes would fail it before it has
 * read our answer; so our side is shut, and what comes is dropped until the peer closes.
 */
static void close_softly(struct event_loop *loop, struct event_connection *connection)
{
	event_skip(connection);
	give_buffers(connection);
	if (connection->stdin_ended || shutdown(connection->fd, SHUT_WR) < 0 || !watch(loop, connection, EPOLLIN)) {
		drop(loop, connection);
		return;
	}
	connection->lingering = true;
	stay(loop, connection, &loop->busy);
}

/* What the answer had to say for now is sent. One that the peer has aborted is due. */
static void pause_until_due(struct event_loop *loop, struct event_connection *connection)
{
	event_list_remove(connection);
	if (connection->aborted)
		connection->due_us = 0;
	event_list_insert(&loop->paused, connection);
}

/* Nothing can be done before the peer does something, or a pause is over. */
static void rest(struct event_loop *loop, struct event_connection *connection)
{
	bool idle = connection->served && connection->phase == PHASE_IDLE && connection->requests == NULL &&
		connection->stdin_ended && connection->out_used == 0 && fcgi_record_between(&connection->reader);

	give_buffers(connection);
	if (!watch(loop, connection, connection->out_used > 0 ? EPOLLOUT : EPOLLIN)) {
		drop(loop, connection);
		return;
	}
	if (connection->exchange != NULL && connection->out_used == 0)
		pause_until_due(loop, connection);
	else
		stay(loop, connection, idle ? &loop->kept : connection->out_used > 0 ? &loop->sending : &loop->busy);
}

/* Whether this thread still leads, having answered; else the connection goes to the one that does. */
static bool leads_on(struct event_loop *loop, struct event_connection *connection)
{
	if (!connection->away)
		return true;
	event_loop_give_back(loop, connection);
	return false;
}

/* Does what can be done with what was received. False when this thread has lost the lead. */
static bool proceed(struct event_loop *loop, struct event_connection *connection, struct arena *arena)
{
	enum event_step step = STEP_OUTPUT;

	while (step != STEP_MORE && event_send(connection) && connection->out_used == 0 && !connection->closing) {
		connection->body_left = 0; /* of a request whose answer pauses: nobody reads it any more */
		step = event_read(connection);
		if (step == STEP_BAD)
			connection->broken = true;
		if (step != STEP_REQUEST)
			continue;
		if (loop->options->waits || may_wait(connection)) {
			event_loop_hand_over(loop, connection);
			return true;
		}
		event_loop_answer(loop, connection, arena);
		if (!leads_on(loop, connection))
			return false;
	}
	if (connection->broken)
		drop(loop, connection);
	else if (connection->out_used == 0 && connection->closing)
		close_softly(loop, connection);
	else
		rest(loop, connection);
	return true;
}

static void on_lingering(struct event_loop *loop, struct event_connection *connection)
{
	ssize_t got = event_receive(connection);

	event_skip(connection);
	give_buffers(connection);
	if (got == 0 || connection->stdin_ended)
		drop(loop, connection);
}

static bool on_input(struct event_loop *loop, struct event_connection *connection, struct arena *arena)
{
	if (event_receive(connection) == 0) {
		drop(loop, connection);
		return true;
	}
	return proceed(loop, connection, arena);
}

static bool on_connection(struct event_loop *loop, struct event_connection *connection, struct arena *arena)
{
	if (connection->lingering) {
		on_lingering(loop, connection);
		return true;
	}
	if (connection->watched & EPOLLIN)
		return on_input(loop, connection, arena);
	return proceed(loop, connection, arena);
}

static struct event_connection *new_connection(struct event_loop *loop, int fd)
{
	struct event_connection *connection = calloc(1, sizeof *connection);
	int on = 1;

	if (connection == NULL)
		abort();
	connection->base.class = &event_transport_class;
	connection->loop = loop;
	connection->fd = fd;
	connection->idle_s = loop->idle_s;
	connection->send_idle_s = loop->send_idle_s;
	connection->record = EVENT_NO_RECORD;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* says no on a Unix socket, which needs none */
	loop->count++;
	return connection;
}

static void pause_accepting(struct event_loop *loop)
{
	event_loop_control(loop, EPOLL_CTL_DEL, loop->listener, 0, NULL);
	loop->accepting = false;
	loop->accept_again_us = loop->now_us + ACCEPT_PAUSE_MS * INT64_C(1000);
}

static void resume_accepting(struct event_loop *loop)
{
	if (!loop->accepting && !loop->stopping && loop->now_us >= loop->accept_again_us)
		loop->accepting = event_loop_control(
			loop, EPOLL_CTL_ADD, loop->listener, EPOLLIN | EPOLLEXCLUSIVE, &loop->listener);
}

/* False when this thread has lost the lead. */
static bool on_listener(struct event_loop *loop, struct arena *arena)
{
	for (int i = 0; i < ACCEPTS_MOST && loop->count < EVENT_CONNECTIONS_MOST; i++) {
		int fd = accept4(loop->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
			log_message(LOG_ERROR, "cannot accept: out of descriptors or memory");
			pause_accepting(loop); /* others may give some back; do not spin meanwhile */
		}
		if (fd < 0)
			return true;
		if (!on_input(loop, new_connection(loop, fd), arena))
			return false;
	}
	if (loop->count >= EVENT_CONNECTIONS_MOST)
		pause_accepting(loop);
	return true;
}

static void drop_list(struct event_loop *loop, struct event_list *list, int64_t silent_since_us)
{
	while (list->first != NULL && list->first->since_us <= silent_since_us)
		drop(loop, list->first);
}

static void stop_accepting(struct event_loop *loop)
{
	loop->stopping = true;
	if (loop->accepting)
		event_loop_control(loop, EPOLL_CTL_DEL, loop->listener, 0, NULL);
	loop->accepting = false;
	event_loop_control(loop, EPOLL_CTL_DEL, loop->stop, 0, NULL);
}

/* Takes back what threads are done with. False when this thread has lost the lead. */
static bool collect(struct event_loop *loop, struct arena *arena)
{
	for (;;) {
		struct event_connection *connection;

		pthread_mutex_lock(&loop->mutex);
		connection = event_list_take(&loop->back);
		pthread_mutex_unlock(&loop->mutex);
		if (connection == NULL)
			return true;
		connection->away = false;
		if (!proceed(loop, connection, arena))
			return false;
	}
}

/*
 * Goes on with the answers whose time has come; with all of them, for the last time, when the program stops. False when
 * this thread has lost the lead.
 */
static bool resume(struct event_loop *loop, struct arena *arena)
{
	struct event_connection *connection;

	while ((connection = loop->paused.first) != NULL && (loop->stopping || connection->due_us < loop->now_us)) {
		event_list_remove(connection);
		go_on(connection, arena, !loop->stopping && !connection->aborted);
		if (!leads_on(loop, connection) || !proceed(loop, connection, arena))
			return false;
	}
	return true;
}

/*
 * When the program stops, kept connections are closed. A request that has come on one by then is answered before, as the web
 * server may not send each again. False when this thread has lost the lead.
 */
static bool leave_kept(struct event_loop *loop, struct arena *arena)
{
	struct event_connection *connection;

	while (loop->stopping && (connection = loop->kept.first) != NULL) {
		connection->leaving = true;
		if (event_receive(connection) <= 0)
			drop(loop, connection);
		else if (!proceed(loop, connection, arena))
			return false;
	}
	return true;
}

static int64_t earlier(int64_t at, const struct event_list *list, int idle_s)
{
	int64_t end = list->first == NULL ? INT64_MAX : list->first->since_us + idle_s * INT64_C(1000000);

	return end < at ? end : at;
}

/* Milliseconds until there is something to do without an event; -1 for never. */
static int time_left(const struct event_loop *loop)
{
	int64_t at = loop->accepting || loop->stopping ? INT64_MAX : loop->accept_again_us;

	at = earlier(at, &loop->busy, loop->idle_s);
	at = earlier(at, &loop->sending, loop->send_idle_s);
	at = earlier(at, &loop->kept, KEPT_IDLE_S);
	if (loop->paused.first != NULL && loop->paused.first->due_us < at)
		at = loop->paused.first->due_us;
	if (at == INT64_MAX)
		return -1;
	return at <= loop->now_us ? 0 : (int)((at - loop->now_us) / 1000 + 1);
}

/* One event. False when this thread has lost the lead. */
static bool handle(struct event_loop *loop, void *about, struct arena *arena)
{
	eventfd_t value;

	if (about == &loop->listener)
		return on_listener(loop, arena);
	if (about == &loop->stop)
		stop_accepting(loop);
	else if (about == &loop->wake)
		eventfd_read(loop->wake, &value);
	else
		return on_connection(loop, about, arena);
	return true;
}

/*
 * What is due between two rounds of events: in the middle of one, a connection that is dropped could still have an
 * event.
 */
static void tidy(struct event_loop *loop)
{
	drop_list(loop, &loop->kept, loop->now_us - KEPT_IDLE_S * INT64_C(1000000));
	drop_list(loop, &loop->busy, loop->now_us - loop->idle_s * INT64_C(1000000));
	drop_list(loop, &loop->sending, loop->now_us - loop->send_idle_s * INT64_C(1000000));
	resume_accepting(loop);
}

void event_loop_lead(struct event_loop *loop, struct arena *arena)
{
	struct epoll_event events[EVENTS_MOST];

	for (;;) {
		int count;

		loop->now_us = clock_monotonic_us();
		if (!collect(loop, arena) || !resume(loop, arena) || !leave_kept(loop, arena))
			return;
		tidy(loop);
		if (loop->stopping && loop->count == 0) {
			event_loop_end(loop);
			return;
		}
		count = epoll_wait(loop->epoll, events, EVENTS_MOST, time_left(loop));
		loop->now_us = clock_monotonic_us();
		for (int i = 0; i < count; i++) {
			if (!handle(loop, events[i].data.ptr, arena))
				return;
		}
	}
}
