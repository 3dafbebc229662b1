/* SPDX-License-Identifier: MIT */
/*
 * Where the objects of a bucket are, and URLs by which anybody may have one for a while. No network: for responders
 * too. Pure and thread-safe.
 */
#ifndef TONEARM_STORAGE_S3_ADDRESS_H
#define TONEARM_STORAGE_S3_ADDRESS_H

#include "storage/sigv4.h"

/* Text in the arena of s3_address_read(). */
struct s3_address {
	const char *scheme; /* "https://" */
	const char *host;   /* as in the Host header, the bucket before it with host_style */
	const char *bucket;
	const char *region;
	bool host_style;
};

/*
 * ENDPOINT, BUCKET, REGION and HOST_STYLE as in s3.h. ERR_BAD_REQUEST for an endpoint or a bucket's name that is none.
 */
enum err s3_address_read(const char *endpoint, const char *bucket, const char *region, bool host_style,
	struct arena *arena, struct s3_address *out, struct err_info *info);

/* The path of KEY (NULL: the bucket) that is signed, not encoded, in ARENA. */
const char *s3_address_path(const struct s3_address *address, const char *key, struct arena *arena);

/*
 * A URL in ARENA by which anybody may METHOD ("GET", "HEAD" or "PUT") KEY for LIFETIME_S seconds from NOW_S (seconds
 * since 1970) on; with LENGTH (-1: none) only with that Content-Length, which is signed. ERR_BAD_REQUEST for a lifetime
 * out of sigv4_presign()'s range, ERR_TOO_LARGE.
 */
enum err s3_address_presign(const struct s3_address *address, const struct sigv4_credentials *credentials,
	const char *method, const char *key, int64_t length, int64_t lifetime_s, int64_t now_s, struct arena *arena,
	const char **url, struct err_info *info);

#endif
