/* SPDX-License-Identifier: MIT */
/*
 * Where the keys of an object store come from, in this order; the first place that has some counts:
 *
 *     the configuration ─► AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN) of the environment
 *     ─► a file as AWS's tools share it ─► the instance metadata service (version 2), for a machine with a role
 *
 * Keys are kept until shortly before they expire, those of a file for some minutes, as other programs renew it. They
 * are wiped from memory when they go and never logged. Belongs to one thread.
 */
#ifndef TONEARM_STORAGE_CREDENTIALS_H
#define TONEARM_STORAGE_CREDENTIALS_H

#include "base/clock.h"
#include "base/err.h"
#include "storage/sigv4.h"

/* A key is renewed this long before it expires; one from a file is read again after this time. Seconds. */
enum { CREDENTIALS_EARLY_S = 300, CREDENTIALS_FILE_S = 300 };

struct credentials;
struct credentials_found;

/* NULL and "" are the same. All text is copied. */
struct credentials_places {
	const char *access_key, *secret_key, *session_token; /* of the configuration */
	const char *file;         /* NULL: $AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials */
	const char *profile;      /* section of the file; NULL: $AWS_PROFILE, else "default" */
	/* What asks the metadata service: credentials_find_in_metadata(); NULL: it is not asked. */
	enum err (*find_in_metadata)(
		const struct credentials_places *places, struct credentials_found *found, struct err_info *info);
	const char *metadata_url; /* NULL: http://169.254.169.254; "off": it is not asked */
	long metadata_ms;         /* how long one of its answers may take; 0: 2000 */
};

/*
 * The role of this machine, by version 2 of the instance metadata service: a token by PUT, then the name of the role,
 * then its keys. For programs that have the network (libstorage). Not reachable is ERR_NOT_FOUND; ERR_UNPROCESSABLE for
 * an answer that cannot be understood.
 */
enum err credentials_find_in_metadata(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info);

/* ERR_BAD_REQUEST when an access key stands without its secret. CLOCK may be NULL. Owned by the caller. */
enum err credentials_open(const struct credentials_places *places, const struct clock *clock,
	struct credentials **out, struct err_info *info);
void credentials_free(struct credentials *credentials);

/*
 * Keys that are good now; borrowed until the next call. When they cannot be renewed the old ones are given as long as
 * they live. ERR_UNAUTHORIZED when no place has any; ERR_FORBIDDEN for a file that others may read;
 * ERR_UNPROCESSABLE for one, or for an answer, that cannot be understood; ERR_IO.
 */
enum err credentials_get(struct credentials *credentials, struct sigv4_credentials *out, struct err_info *info);

/* The store said that the keys have expired: the next credentials_get() looks anew. */
void credentials_expire(struct credentials *credentials);

/* Where the keys came from: "configuration", "environment", "file", "metadata"; "" before the first. Static. */
const char *credentials_origin(const struct credentials *credentials);

#endif
