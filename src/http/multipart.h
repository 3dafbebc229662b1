/* SPDX-License-Identifier: MIT */
/*
 * multipart/form-data (RFC 7578) read as a stream: part headers and body bytes come as calls, nothing of a file is
 * held in memory beyond one read. Limits: parts, header bytes of a part, name lengths. A pure push parser.
 */
#ifndef TONEARM_HTTP_MULTIPART_H
#define TONEARM_HTTP_MULTIPART_H

#include "base/err.h"

#include <stddef.h>

enum { MULTIPART_PARTS = 32, MULTIPART_HEADER_BYTES = 4096, MULTIPART_NAME = 256, MULTIPART_BOUNDARY = 70 };

struct multipart_part {
	char name[MULTIPART_NAME];      /* "" when the part has none */
	char filename[MULTIPART_NAME];  /* as sent (filename* of RFC 5987 is not read, RFC 7578 section 4.2); "" when none */
	char type[MULTIPART_NAME];      /* Content-Type; "" when none */
};

struct multipart_sink {
	enum err (*begin)(void *context, const struct multipart_part *part, struct err_info *info);
	enum err (*data)(void *context, const void *bytes, size_t length, struct err_info *info);
	enum err (*end)(void *context, struct err_info *info);
	void *context;
};

struct multipart; /* heap */

/*
 * Takes the boundary from CONTENT_TYPE. ERR_UNSUPPORTED when it is not multipart/form-data, ERR_BAD_REQUEST when the
 * boundary is missing or bad. Owned by the caller.
 */
enum err multipart_open(const char *content_type, const struct multipart_sink *sink, struct multipart **out, struct err_info *info);

/* The next bytes of the body, in pieces of any size. The first error of parser or sink ends it. */
enum err multipart_feed(struct multipart *multipart, const void *bytes, size_t length, struct err_info *info);

/* ERR_BAD_REQUEST when the closing boundary has not come. */
enum err multipart_finish(struct multipart *multipart, struct err_info *info);

/* NULL is fine. */
void multipart_free(struct multipart *multipart);

#endif
