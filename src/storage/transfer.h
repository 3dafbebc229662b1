/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests to other machines, several at a time, over libcurl's multi interface: connections are kept and used
 * again, HTTP/2 is spoken where the server offers it over TLS, certificates are always verified, redirects are never
 * followed, and nothing is without a limit.
 *
 *     exchanges ──► pace (requests/s) ──► as many at a time as allowed ──► each with its status, headers and body
 *
 * A struct transfer belongs to one thread.
 */
#ifndef TONEARM_STORAGE_TRANSFER_H
#define TONEARM_STORAGE_TRANSFER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct transfer;

/* When the next request would begin at an even pace. Several may share one, whatever threads they belong to. */
struct transfer_pace {
	pthread_mutex_t lock;
	int64_t next_us; /* monotonic */
};

struct transfer_limits {
	long connect_ms;         /* to connect, TLS included */
	long total_ms;           /* of one exchange; 0: none, the least rate bounds it */
	int64_t least_rate;      /* bytes/s; an exchange slower than that for SLOW_S is given up */
	long slow_s;             /* seconds, > 0 */
	int64_t bandwidth;       /* bytes/s in each direction, shared evenly by those at a time; 0: no limit */
	int64_t requests_per_s;  /* requests that begin in a second; 0: no limit */
	struct transfer_pace *pace; /* by which they are counted, borrowed; NULL: one of its own */
	size_t parallel;         /* exchanges at a time, 1 to TRANSFER_PARALLEL_MOST */
	const char *ca_file;     /* PEM file of the authorities to trust; NULL or "": those of the system */
	bool direct;             /* never by a proxy, whatever the environment says */
	bool https_only;
	/* Asked with `context` about each address before a socket is made for it; NULL: any. ERR_FORBIDDEN if none is left. */
	bool (*may_connect)(void *context, const struct sockaddr *address);
	bool (*cancelled)(void *context); /* asked about once a second; NULL: never */
	void *context; /* of may_connect and cancelled */
};

enum { TRANSFER_PARALLEL_MOST = 64, TRANSFER_HEADERS_MOST = 64, TRANSFER_HEADERS_SIZE = 32768 };

struct transfer_header {
	const char *name, *value;
};

/* The body of a request, read as it is sent. */
struct transfer_body {
	uint64_t length;
	/* Writes up to ROOM bytes to OUT, returns how many; 0 at the end, -1 on failure. */
	ssize_t (*read)(void *context, char *out, size_t room);
	/* Back to the first byte: the request is sent again over a new connection. False when that cannot be done. */
	bool (*rewind)(void *context);
	void *context;
};

/* Takes bytes of an answer with a status of 200 to 299; false ends the exchange with what INFO was given, or ERR_IO. */
typedef bool transfer_sink(void *context, const void *bytes, size_t length, struct err_info *info);

struct transfer_exchange {
	const char *method, *url;
	const struct transfer_header *headers; /* names in lower case */
	size_t header_count;
	const struct transfer_body *body; /* NULL: none */
	transfer_sink *sink;              /* NULL: the body of any answer goes to `answer` */
	void *context;
	/*
	 * Called just before the request begins, to fill in what is dear or ages, such as a signature; an error ends
	 * the exchange. And when the exchange has its end, before others begin. Each may be NULL.
	 */
	enum err (*prepare)(void *context, struct transfer_exchange *exchange, struct err_info *info);
	void (*landed)(void *context, struct transfer_exchange *exchange);

	struct buf answer; /* initialised by the caller with its limit, and freed by him */
	struct arena *arena;
	long status;                             /* 0 until a whole answer came */
	struct transfer_header *answer_headers;  /* names in lower case, in ARENA */
	size_t answer_header_count;
	enum err err;         /* ERR_OK: a whole answer came, whatever its status */
	bool refused;         /* by the sink: ERR is none of the other side */
	struct err_info info; /* with ERR */
};

/* LIMITS are copied, their text too. ERR_INTERNAL when libcurl cannot start. Owned by the caller. */
enum err transfer_open(const struct transfer_limits *limits, struct transfer **out, struct err_info *info);
void transfer_close(struct transfer *transfer);

/*
 * Makes all COUNT exchanges of LIST and returns when each has its end in `err`: ERR_OK; ERR_TIMEOUT (connecting, slower
 * than the least rate, the total); ERR_FORBIDDEN (the certificate does not convince, no address may be connected to); ERR_TOO_LARGE (an answer larger
 * than its buffer); ERR_ABORTED (cancelled); ERR_IO. Works through LIST in its order.
 */
void transfer_run(struct transfer *transfer, struct transfer_exchange *const *list, size_t count);

/* Value of the last header NAME (lower case) of the answer; NULL when there is none. */
const char *transfer_answer_header(const struct transfer_exchange *exchange, const char *name);

#endif
