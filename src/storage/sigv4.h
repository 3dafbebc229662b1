/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4 over OpenSSL's HMAC-SHA256: what proves to an object store that a request comes from who
 * holds the secret key, and that nobody changed it.
 *
 *     request ──► canonical request ──► string to sign ──► signature ──► Authorization header, or query
 *                                                              └──► first link of a chunked body's chain
 *
 * After "Signature Version 4 signing process" and "Authenticating Requests" of the S3 API reference. The path is
 * encoded once after RFC 3986 and nothing of it is normalised, as S3 wants it: a key may hold "//", ".." and any
 * Unicode. Pure but for chunk signatures, which a struct sigv4_chunks carries on; thread-safe.
 */
#ifndef TONEARM_STORAGE_SIGV4_H
#define TONEARM_STORAGE_SIGV4_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest canonical request; most headers or query parameters of one. */
enum { SIGV4_MOST = 65536, SIGV4_PAIRS_MOST = 64 };

/* Longest lifetime of a presigned URL, in seconds: a week. */
enum { SIGV4_EXPIRES_MOST = 604800 };

/* Values of `payload` for a body that is not hashed first. */
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"
#define SIGV4_CHUNKED "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
#define SIGV4_CHUNKED_TRAILER "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"

/* SHA-256 of nothing, in hex: `payload` of a request without a body. */
#define SIGV4_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A header or a query parameter, its value not encoded. */
struct sigv4_pair {
	const char *name, *value;
};

struct sigv4_credentials {
	const char *access_key, *secret_key;
	const char *session_token; /* NULL or "": none */
};

struct sigv4_request {
	const char *method;
	const char *path; /* from "/" on. S3: not encoded. Other services: as it is sent */
	bool normalize;   /* services other than S3: "." and ".." segments and double slashes are resolved */
	const struct sigv4_pair *query;
	size_t query_count;
	const struct sigv4_pair *headers; /* all that shall be signed, "host" among them */
	size_t header_count;
	const char *payload; /* SHA-256 of the body in hex, or one of the words above */
	const char *region, *service;
	int64_t time_s; /* seconds since 1970: when the request is made */
};

/* All text in the arena of the call. */
struct sigv4_signed {
	const char *date; /* of the x-amz-date header, e.g. "20130524T000000Z" */
	const char *scope;
	const char *canonical;
	const char *string_to_sign;
	const char *authorization; /* value of the header; NULL when presigned */
	const char *query;         /* the whole encoded query without "?", its signature last; NULL unless presigned */
	char signature[HASH_HEX_SIZE];
};

/*
 * Signs REQUEST by headers. Besides those of REQUEST the headers x-amz-date and, with a session token,
 * x-amz-security-token are signed, and the caller sends them. ERR_TOO_LARGE past SIGV4_MOST or SIGV4_PAIRS_MOST.
 */
enum err sigv4_sign(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
	struct arena *arena, struct sigv4_signed *out, struct err_info *info);

/*
 * Signs REQUEST into a query that is good for EXPIRES_S seconds (1 to SIGV4_EXPIRES_MOST) from its time on. Whoever
 * sends it has to send the headers of REQUEST, usually "host" alone. S3 wants SIGV4_UNSIGNED as payload. ERR_TOO_LARGE
 * as above, ERR_BAD_REQUEST for a lifetime out of range.
 */
enum err sigv4_presign(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
	int64_t expires_s, struct arena *arena, struct sigv4_signed *out, struct err_info *info);

/* TEXT after RFC 3986: all but unreserved characters (section 2.3) as %XX, and slashes too unless KEEP_SLASHES. */
char *sigv4_encode(const char *text, bool keep_slashes, struct arena *arena);

/* The encoded query of COUNT parameters, sorted as they are signed; "" for none. ERR_TOO_LARGE as above. */
enum err sigv4_query(
	const struct sigv4_pair *query, size_t count, struct arena *arena, const char **out, struct err_info *info);

/*
 * The signatures of a body in chunks (Content-Encoding: aws-chunked), each of which signs the one before it. Holds the
 * signing key: end it with sigv4_chunks_end(). Belongs to one thread.
 */
struct sigv4_chunks {
	unsigned char key[HASH_SIZE];
	const char *date, *scope; /* borrowed */
	char previous[HASH_HEX_SIZE];
};

/* After sigv4_sign() of REQUEST, payload SIGV4_CHUNKED or SIGV4_CHUNKED_TRAILER; its signature in SEED is the first. */
void sigv4_chunks_begin(struct sigv4_chunks *chunks, const struct sigv4_request *request,
	const struct sigv4_credentials *credentials, const struct sigv4_signed *seed);

/* The signature of the next chunk, in OUT and remembered; the last chunk is empty. */
void sigv4_chunk(struct sigv4_chunks *chunks, const void *bytes, size_t length, char out[static HASH_HEX_SIZE]);

/* The signature of the trailers after the empty chunk; TRAILERS is "name:value\n" for each, sorted, in lower case. */
void sigv4_trailer(struct sigv4_chunks *chunks, const char *trailers, char out[static HASH_HEX_SIZE]);

/* Wipes the key. */
void sigv4_chunks_end(struct sigv4_chunks *chunks);

#endif
