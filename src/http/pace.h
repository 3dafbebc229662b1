/* SPDX-License-Identifier: MIT */
/*
 * How fast a client takes or gives bytes while we wait for it. A client that falls silent the transport sees; this is
 * for the one that says a byte now and then, to keep a thread for ever. No locks: there is one for each direction of a
 * request.
 */
#ifndef TONEARM_HTTP_PACE_H
#define TONEARM_HTTP_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	int64_t least;     /* bytes per second; 0: any pace will do */
	int64_t window_us; /* of waiting, after which it is judged */
	int64_t waited_us; /* in this window */
	uint64_t bytes;    /* in this window */
};

/* BYTES moved within WAITED_US of waiting. False when a window has filled with less than it should hold. */
bool pace_keep(struct pace *pace, int64_t waited_us, size_t bytes);

#endif
