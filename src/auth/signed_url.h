/* SPDX-License-Identifier: MIT */
/*
 * URLs that carry their own permission.
 *
 *   stream signature: sig = hex(HMAC-SHA256(secret, "{file}|{expires}")), for /stream/{file}?expires=UNIX&sig=HEX, as
 * existing clients compute it; grant: what a manifest hands its children: ?expires=UNIX&grant=HEX with HMAC over
 * "grant/{track}|{expires}", good for everything of one track. A file name has no "/", so neither can stand for the
 * other.
 *
 * Comparisons are constant-time. Pure but for the clock; thread-safe.
 */
#ifndef TONEARM_AUTH_SIGNED_URL_H
#define TONEARM_AUTH_SIGNED_URL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"

/* Signature of FILE ("{track}_{quality}.{ext}") until EXPIRES (seconds), hex in OUT. */
void signed_url_stream(const char *secret, const char *file, int64_t expires, char out[static HASH_HEX_SIZE]);

/* Grant for TRACK until EXPIRES. */
void signed_url_grant(const char *secret, const char *track, int64_t expires, char out[static HASH_HEX_SIZE]);

/*
 * Verify the text of the query parameters. ERR_FORBIDDEN with a sentence when EXPIRES is no number, lies in the past,
 * or the signature is not ours.
 */
enum err signed_url_check_stream(const char *secret, const char *file, const char *expires, const char *sig,
	const struct clock *clock, struct err_info *info);
enum err signed_url_check_grant(const char *secret, const char *track, const char *expires, const char *grant,
	const struct clock *clock, struct err_info *info);

#endif
