/* SPDX-License-Identifier: MIT */
/*
 * The header fields of tus 1.0 that are more than a number (https://tus.io/protocols/resumable-upload). Pure and
 * thread-safe; what they give lives in the arena of the call. All refuse with ERR_BAD_REQUEST.
 */
#ifndef TONEARM_HTTP_TUS_H
#define TONEARM_HTTP_TUS_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/id.h"

enum { TUS_PAIRS_MOST = 32, TUS_PARTS_MOST = 64 };

#define TUS_VERSION "1.0.0"

/* One pair of Upload-Metadata. */
struct tus_pair {
	const char *name, *value; /* the value decoded, without NUL; "" when there was none */
};

struct tus_metadata {
	struct tus_pair pairs[TUS_PAIRS_MOST];
	size_t count;
};

/* Upload-Metadata; HEADER NULL or "" is none. No name stands twice. */
enum err tus_metadata(const char *header, struct arena *arena, struct tus_metadata *out, struct err_info *info);

/* The value of NAME; NULL when it is not there. */
const char *tus_metadata_find(const struct tus_metadata *metadata, const char *name);

struct tus_checksum {
	const char *algorithm; /* one of DIGEST_NAMES; NULL: no checksum */
	unsigned char digest[DIGEST_MOST];
	size_t length;
};

/* Upload-Checksum: algorithm and digest in Base64. HEADER NULL is none. */
enum err tus_checksum(const char *header, struct arena *arena, struct tus_checksum *out, struct err_info *info);

enum tus_kind { TUS_WHOLE, TUS_PARTIAL, TUS_FINAL };

struct tus_concat {
	enum tus_kind kind;
	const char *parts[TUS_PARTS_MOST]; /* of a final one: ids, in order, none twice */
	size_t count;
};

/* Upload-Concat; HEADER NULL is TUS_WHOLE. Of the addresses of a final one the last segment is taken, an id. */
enum err tus_concat(const char *header, struct arena *arena, struct tus_concat *out, struct err_info *info);

#endif
