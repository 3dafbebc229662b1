/* SPDX-License-Identifier: MIT */
/*
 * One request to an S3 store, from its parts to what its answer means. Included by the s3_*.c of this room alone.
 *
 *     s3_call_begin() ─► s3_call_header(), _query(), _file() or _text() ─► s3_run() ─► s3_call_end()
 *
 * A call is signed when it is about to be sent, as a signature ages while others are sent before it.
 */
#ifndef TONEARM_STORAGE_S3_CALL_H
#define TONEARM_STORAGE_S3_CALL_H

#include "storage/backend.h"
#include "storage/s3.h"
#include "storage/s3_address.h"
#include "storage/s3_body.h"
#include "storage/sigv4.h"
#include "storage/transfer.h"

#include <stdbool.h>

enum { S3_HEADERS_MOST = 32, S3_QUERY_MOST = 12 };

struct s3 {
	struct storage storage; /* first */
	struct s3_options options;
	struct arena arena; /* of the address */
	struct s3_address address;
	struct transfer *transfer;
};

/* Whatever of a call the caller wants to know when it ended: its context is given back. */
struct s3_call {
	struct s3 *s3;
	struct arena *arena;
	enum s3_cost cost;
	const char *method, *path; /* path not encoded */
	bool of_bucket;            /* about no single object */
	struct sigv4_pair query[S3_QUERY_MOST];
	size_t query_count;
	struct transfer_header headers[S3_HEADERS_MOST];
	size_t header_count;
	const char *payload; /* as sigv4.h has it */
	bool has_body;
	struct s3_body body;
	struct transfer_body transfer_body;
	storage_sink *sink;
	void *sink_context;
	void (*ended)(void *context, struct s3_call *call); /* with ERR set; may be NULL */
	void *context;
	struct transfer_exchange exchange;
	int64_t began_us; /* clock_monotonic_us(); 0: it never got so far */
	uint64_t poured;  /* bytes that the sink was given */
	enum err err;
	struct err_info info;
};

/* KEY NULL: the bucket itself. Everything lives in ARENA but for the answer, which s3_call_end() frees. */
void s3_call_begin(struct s3_call *call, struct s3 *s3, enum s3_cost cost, const char *method, const char *key,
	struct arena *arena);
void s3_call_end(struct s3_call *call);

/* Adds what has a value; NULL is left out. NAME in lower case. */
void s3_call_header(struct s3_call *call, const char *name, const char *value);
void s3_call_query(struct s3_call *call, const char *name, const char *value);

/*
 * Its body: bytes of a file with the checksums that are chosen, hashed when the call begins, or on their way when their
 * SHA256 (hex; NULL: unknown) is all that has to be told before; others end the call with ERR_UNPROCESSABLE. Or TEXT,
 * hashed now.
 */
void s3_call_file(struct s3_call *call, int fd, uint64_t offset, uint64_t size, const char *sha256);
void s3_call_text(struct s3_call *call, const char *text);

/* Makes all calls of LIST; each has its end in err and info. Returns the first that is not ERR_OK. */
enum err s3_run(struct s3 *s3, struct s3_call **list, size_t count, struct err_info *info);

/* Makes one. */
enum err s3_run_one(struct s3_call *call, struct err_info *info);

/* The answer's ETag without quotes, in the arena; NULL when there is none. */
const char *s3_call_etag(const struct s3_call *call);

/* ERR_IO unless the store's answer to a body of a file proves that it has what was read. */
enum err s3_call_confirm(struct s3_call *call, struct err_info *info);

/*
 * What an answer means: fills INFO when its status is not 2xx or its body is an error all the same. WHAT it was for
 * goes into the sentence.
 */
enum err s3_judge(struct s3 *s3, long status, const char *body, size_t length, const char *what, struct err_info *info);

/* The functions of the table that stand in files of their own. */
enum err s3_put(
	struct storage *, const struct storage_put *, struct arena *, struct storage_object *, struct err_info *);
enum err s3_get(struct storage *, const char *key, const struct storage_range *, storage_sink *, void *context,
	struct arena *, struct storage_object *, struct err_info *);
enum err s3_head(struct storage *, const char *key, struct arena *, struct storage_object *, struct err_info *);
void s3_put_each(struct storage *, struct storage_sent *, size_t count, struct arena *);
void s3_head_each(struct storage *, struct storage_look *, size_t count, struct arena *);
enum err s3_copy(struct storage *, const char *from, const char *to, struct err_info *);
enum err s3_presign(struct storage *, const char *method, const char *key, int64_t lifetime_s, struct arena *,
	const char **url, struct err_info *);
enum err s3_delete_all(struct storage *, const char *const *keys, size_t count, struct err_info *);
enum err s3_list(struct storage *, const char *prefix, const char *after, size_t limit, struct arena *,
	struct storage_objects *, struct err_info *);
enum err s3_upload_begin(
	struct storage *, const struct storage_put *, struct arena *, const char **id, struct err_info *);
enum err s3_upload_parts(struct storage *, const struct storage_put *, const char *id, struct storage_part *,
	size_t count, storage_part_done *, void *context, struct arena *, struct err_info *);
enum err s3_upload_complete(struct storage *, const char *key, const char *id, const struct storage_part *,
	size_t count, struct arena *, const char **etag, struct err_info *);
enum err s3_upload_abort(struct storage *, const char *key, const char *id, struct err_info *);
enum err s3_upload_list(struct storage *, const char *prefix, struct arena *, struct storage_upload **, size_t *count,
	struct err_info *);

/* Headers that describe an object, for a put and for the beginning of an upload. */
void s3_describe(struct s3_call *call, const struct storage_put *put);

#endif
