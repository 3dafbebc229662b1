/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, from the first look at the request to its line in the access log.
 *
 *     exchange_begin() ──► router ──► handler ──► over ──► exchange_end()
 *                                        │          ▲
 *                        response_later()│          │
 *                                        ▼          │
 *                                      pause ──► exchange_resume()
 *
 * In a pause nothing of it lies on a stack or in an arena, so that a transport may do other things meanwhile; one that
 * cannot sleeps, by transport_handle(). Room-internal. An exchange belongs to one thread at a time.
 */
#ifndef TONEARM_HTTP_EXCHANGE_H
#define TONEARM_HTTP_EXCHANGE_H

#include "http/transport.h"

/*
 * Makes the request of TRANSPORT in ARENA and has it answered, up to its end or its first pause; then the caller resets
 * ARENA, but not before exchange_end().
 */
struct exchange *exchange_begin(
	struct transport *transport, const struct serve_options *options, struct arena *arena);

/* How long its pause shall last, milliseconds; -1: it is over. */
int exchange_pause(const struct exchange *exchange);

/*
 * Ends its pause: up to the next one or its end, with ARENA as in exchange_begin(). WANTED: false when it had better
 * end; then no pause follows.
 */
void exchange_resume(struct exchange *exchange, struct arena *arena, bool wanted);

/* Finishes the transport, writes the line of the access log, counts, and frees EXCHANGE, which is over. */
void exchange_end(struct exchange *exchange);

#endif
