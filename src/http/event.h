/* SPDX-License-Identifier: MIT */
/*
 * One connection of the event transport, between the files that work on it:
 *
 *     serve_event.c       which thread has the loop, and which a connection
 *     event_loop.c        accepts, waits, closes
 *     event_input.c       records to requests
 *     event_transport.c   the answer to records; struct transport for the handler
 *
 * A connection belongs to the thread that leads the loop, or, while it is away, to the one that answers its request; an
 * answer that pauses needs no thread.
 * Many requests may be on their way in at once (FCGI_MPXS_CONNS is 1); those of one connection are answered one after
 * the other, in the order in which their parameters were complete. What comes of a body before its request's turn is
 * kept, up to a limit.
 */
#ifndef TONEARM_HTTP_EVENT_H
#define TONEARM_HTTP_EVENT_H

#include "base/buf.h"
#include "http/fcgi_record.h"
#include "http/transport.h"

#include <stdint.h>

enum { EVENT_CONNECTIONS_MOST = 16384 };

struct event_loop;
struct event_parameter;
struct exchange;

struct event_list {
	struct event_connection *first, *last;
};

/* At its end; the connection must stand in no list. */
void event_list_append(struct event_list *list, struct event_connection *connection);
/* The same, but before those whose answers are due later. */
void event_list_insert(struct event_list *list, struct event_connection *connection);
/* From the list in which it stands, if any. */
void event_list_remove(struct event_connection *connection);
/* Its first, removed; NULL when it is empty. */
struct event_connection *event_list_take(struct event_list *list);

enum event_phase { PHASE_IDLE, PHASE_ANSWER };

/* A request that has begun and is not answered yet. */
struct event_request {
	struct event_request *next;
	unsigned id;
	int role;
	bool keep;              /* the connection shall outlive it */
	bool ready;             /* its parameters are complete */
	bool stdin_ended;
	struct buf params, body;
	struct event_parameter *parameters; /* point into params */
	size_t parameter_count;
};

struct event_connection {
	struct transport base;
	struct event_loop *loop;
	int fd;
	int idle_s, send_idle_s; /* silence of the peer that is borne: while it sends, and while it receives */

	/* event_loop.c */
	struct event_connection *next, *previous;
	struct event_list *list; /* in which it stands; NULL while away */
	int64_t since_us;        /* last sign of life */
	uint32_t watched;        /* epoll events; 0: not watched */
	bool away;               /* the loop does not have it */
	bool lingering;          /* our side is shut, what still comes is dropped */
	bool served;             /* a request has ended on it */
	struct exchange *exchange; /* of an answer that pauses, or goes on; NULL: there is none */
	int64_t due_us;            /* when its pause is over */

	/* event_input.c */
	struct fcgi_record_reader reader;
	unsigned char *in; /* what came and is not read yet: from in_at to in_end; NULL when there is nothing */
	size_t in_at, in_end;
	struct buf gathered;            /* content of a BEGIN_REQUEST or GET_VALUES that comes in parts */
	struct event_request *requests; /* those that wait for their turn, the first ready one is the next */
	bool refused;                   /* a request was refused: records of it may still come */
	bool leaving;                   /* it shall not outlive its requests */
	enum event_phase phase;
	struct event_request current; /* that is answered, without its body; in PHASE_IDLE only the id, of the last one */
	struct buf early;             /* what came of its body before its turn */
	const unsigned char *body;    /* of STDIN, in `in` or `early` */
	size_t body_left;
	bool stdin_ended; /* of the current request, or the last one */
	bool aborted;

	/* event_transport.c */
	unsigned char *out; /* complete records up to out_used, but for the open one; NULL when there is nothing */
	size_t out_used, out_sent;
	size_t record; /* where the open STDOUT record starts; EVENT_NO_RECORD when none is open */
	bool closing;  /* when all is sent */
	bool broken;   /* the peer is gone, or shall see that the answer broke off */
};

#define EVENT_NO_RECORD SIZE_MAX

enum event_step {
	STEP_MORE,    /* the input is used up */
	STEP_OUTPUT,  /* there is something to send */
	STEP_REQUEST, /* the parameters of a request are complete: it can be answered */
	STEP_BODY,    /* body_left bytes of the request's body are there */
	STEP_BAD      /* the peer breaks the protocol */
};

/*
 * Receives once. Bytes received; 0 when the peer has ended or is gone, -1 when there is nothing yet. All input must be
 * used up.
 */
ssize_t event_receive(struct event_connection *connection);

/* Reads on in what was received, up to the next thing to do. */
enum event_step event_read(struct event_connection *connection);

/* Drops what was received, with an eye on the end of STDIN. */
void event_skip(struct event_connection *connection);

/* The parameter NAME of the request, the one after SKIP others; NULL when absent. Valid until event_forget(). */
const char *event_parameter(const struct event_connection *connection, const char *name, size_t skip);

/* Gives up the answered request's memory; the next may have its turn. */
void event_forget(struct event_connection *connection);

/* The same of all that wait for it. */
void event_forget_all(struct event_connection *connection);

/* A request is over: KEEP says whether the connection may be kept for others, once all of them are. */
void event_over(struct event_connection *connection, bool keep);

/* The connection's struct transport. */
extern const struct transport_class event_transport_class;

/* Adds one complete record. False when there is no room: the peer asks and asks and does not read. */
bool event_put(struct event_connection *connection, const unsigned char *record, size_t length);

/* Ends the open record, sends what the socket takes without waiting; out_used is 0 when that was all. False when the peer is gone. */
bool event_send(struct event_connection *connection);

/* Takes the connection out of the loop, which another thread leads from now on: this thread is about to wait. */
void event_leave(struct event_connection *connection);

#endif
