/* SPDX-License-Identifier: MIT */
/*
 * Keys of an issuer that publishes them at an address (RFC 7517 section 5, auth.jwks_url). A responder never fetches
 * them itself: it looks at a file that a helper leaves, `tonearm-jwks`, and has the helper started when the file is old
 * or a token names a key that is not in it.
 *
 *     token of an unknown key ──► due? ──► tonearm-jwks ──► https ──► <data>/jwks.json ──► every process, within a second
 *
 * So no request waits for another machine, plain CGI gets along without fetching, and what was fetched last stays good
 * when the issuer is away. Of the helper there is one at a time, by a lock, and none within auth.jwks_retry_s of the
 * last, by the time of that lock, however many processes ask.
 *
 * Thread-safe.
 */
#ifndef TONEARM_AUTH_JWKS_H
#define TONEARM_AUTH_JWKS_H

#include "auth/keyring.h"
#include "base/clock.h"

enum { JWKS_LOOK_MS = 500 };

struct jwks;

/*
 * Reads what is there and has it fetched when it is old. *OUT is NULL, with ERR_OK, when auth.jwks_url is not set. CONF
 * and CLOCK must outlive it. ERR_BAD_REQUEST for an address that is neither https nor one of this machine, or for bad
 * algorithms.
 */
enum err jwks_open(const struct conf *conf, const struct clock *clock, struct jwks **out, struct err_info *info);
/* NULL is fine. */
void jwks_close(struct jwks *jwks);

/*
 * The keys as of now, for reading; given back with jwks_give(). Has them fetched when they are old, or MISSED says that
 * a token named another one; does not wait for that. An empty ring as long as none were ever fetched.
 */
const struct keyring *jwks_take(struct jwks *jwks, bool missed);
void jwks_give(struct jwks *jwks, const struct keyring *keys);

/* True for https, and for http on this machine. */
bool jwks_url_allowed(const char *url);

/* The files of the keys and of the lock, in ARENA. */
char *jwks_path(const struct conf *conf, struct arena *arena);
char *jwks_lock_path(const struct conf *conf, struct arena *arena);

#endif
