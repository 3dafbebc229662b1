/* SPDX-License-Identifier: MIT */
/*
 * Signed queries: what an address, or a cookie, carries as its own permission. In its plain form it is that of
 * signed_url.h, which existing clients make themselves. More terms make it
 *
 *     expires=UNIX[&from=UNIX][&net=PREFIX][&key=ID][&by=ORIGIN]&sig=HEX     (or grant=HEX)
 *
 * with HMAC-SHA256 over "v2/stream|{expires}|{from}|{net}|{key}|{by}|{file}", or "v2/grant|...|{track}": for one file
 * below /stream/, or for everything of one track. The key is auth.url_secret, or the one of auth.url_keys that is
 * named. Comparisons are constant-time. Thread-safe.
 */
#ifndef TONEARM_AUTH_TICKET_H
#define TONEARM_AUTH_TICKET_H

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"

#include <stdint.h>

enum ticket_kind { TICKET_STREAM, TICKET_GRANT };

struct ticket {
	enum ticket_kind kind;
	const char *name;      /* file below /stream/, or id of a track */
	int64_t expires, from; /* seconds; FROM 0: at once */
	const char *network;   /* of network.h; "" : from anywhere */
	const char *origin;    /* of origin.h; "" : unknown */
	const char *query;     /* by ticket_read(): these terms and their signature, and nothing else that stood there */
};

/*
 * The query for TICKET in ARENA, signed with the first of auth.url_keys, or with auth.url_secret when there is none; it
 * needs no escapes.
 */
char *ticket_write(const struct conf *conf, const struct ticket *ticket, struct arena *arena);

/*
 * Reads and verifies what QUERY (as sent, without "?") carries for the NAME of KIND, asked for from ADDRESS. *OUT lives
 * in ARENA. ERR_NOT_FOUND when QUERY has no such signature; ERR_FORBIDDEN with a sentence when it is not ours, not good
 * yet or any more, or not from there.
 */
enum err ticket_read(const struct conf *conf, enum ticket_kind kind, const char *name, const char *query,
	const char *address, const struct clock *clock, struct arena *arena, struct ticket *out, struct err_info *info);

#endif
