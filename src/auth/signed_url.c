/* SPDX-License-Identifier: MIT */
#include "auth/signed_url.h"

#include "base/buf.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any name that passes the router. */
enum { SUBJECT_MOST = 16384 };

static void sign(const char *secret, const char *kind, const char *name, int64_t expires, unsigned char out[HASH_SIZE])
{
	struct buf text;

	buf_init(&text, SUBJECT_MOST);
	buf_printf(&text, "%s%s|%" PRId64, kind, name, expires);
	if (text.overflow)
		abort();
	hash_hmac_sha256(secret, strlen(secret), text.data, text.length, out);
	buf_free(&text);
}

static enum err check(const char *secret, const char *kind, const char *name, const char *expires, const char *given,
	const struct clock *clock, struct err_info *info)
{
	unsigned char ours[HASH_SIZE], theirs[HASH_SIZE];
	uint64_t until;

	if (!text_to_u64(expires, INT64_MAX, &until))
		return err_set_why(info, ERR_FORBIDDEN, "malformed", "`expires` is not a number of seconds");
	if (!hash_from_hex(given, theirs, sizeof theirs))
		return err_set_why(info, ERR_FORBIDDEN, "malformed", "the signature is not %d hexadecimal digits", 2 * HASH_SIZE);
	sign(secret, kind, name, (int64_t)until, ours);
	if (!hash_equal(ours, theirs, sizeof ours))
		return err_set_why(info, ERR_FORBIDDEN, "signature", "the signature does not fit this address");
	/* Last, so that only who was given the address learns that it was good once. */
	if ((int64_t)until <= clock_seconds(clock))
		return err_set_why(info, ERR_FORBIDDEN, "expired", "the address has expired");
	return ERR_OK;
}

void signed_url_stream(const char *secret, const char *file, int64_t expires, char out[static HASH_HEX_SIZE])
{
	unsigned char mac[HASH_SIZE];

	sign(secret, "", file, expires, mac);
	hash_hex(mac, sizeof mac, out);
}

void signed_url_grant(const char *secret, const char *track, int64_t expires, char out[static HASH_HEX_SIZE])
{
	unsigned char mac[HASH_SIZE];

	sign(secret, "grant/", track, expires, mac);
	hash_hex(mac, sizeof mac, out);
}

enum err signed_url_check_stream(const char *secret, const char *file, const char *expires, const char *sig,
	const struct clock *clock, struct err_info *info)
{
	if (strlen(file) > SUBJECT_MOST / 2 || strchr(file, '/') != NULL)
		return err_set_why(info, ERR_FORBIDDEN, "signature", "the signature does not fit this address");
	return check(secret, "", file, expires, sig, clock, info);
}

enum err signed_url_check_grant(const char *secret, const char *track, const char *expires, const char *grant,
	const struct clock *clock, struct err_info *info)
{
	if (strlen(track) > SUBJECT_MOST / 2)
		return err_set_why(info, ERR_FORBIDDEN, "signature", "the signature does not fit this address");
	return check(secret, "grant/", track, expires, grant, clock, info);
}
