/* SPDX-License-Identifier: MIT */
/*
 * A bucket of an S3-compatible store (AWS, MinIO, Ceph, Backblaze B2, Cloudflare R2, Wasabi, Garage) behind storage.h.
 *
 *     call ──► credentials ──► signature (sigv4.h) ──► budget ──► transfer.h ──► status and XML ──► enum err
 *
 * What a store does not do alike can be chosen: where the bucket stands in the URL, which checksums go along, whether
 * a body is hashed before it is sent. Whatever is chosen, a put counts only when the ETag or the checksum that the
 * store answers with is that of what was read from the file.
 */
#ifndef TONEARM_STORAGE_S3_H
#define TONEARM_STORAGE_S3_H

#include "base/clock.h"
#include "base/err.h"
#include "storage/credentials.h"
#include "storage/storage.h"
#include "storage/transfer.h"

#include <stdbool.h>
#include <stdint.h>

/* What a body carries for the store to check, besides the signature. */
enum s3_checksum {
	S3_CHECKSUM_MD5,    /* Content-MD5, which all stores know; not where a signature tells the SHA-256 that is known */
	S3_CHECKSUM_SHA256, /* x-amz-checksum-sha256 */
	S3_CHECKSUM_NONE    /* for stores that refuse them */
};

/* How the signature covers a body. */
enum s3_payload {
	S3_PAYLOAD_SIGNED,  /* read twice: hashed, then sent; once when its SHA-256 is known */
	S3_PAYLOAD_CHUNKED, /* read once: each chunk is signed on its way (aws-chunked) */
	S3_PAYLOAD_UNSIGNED /* not at all: over TLS only */
};

/* What a request costs: stores bill those that write or list many times what reading costs. */
enum s3_cost { S3_COST_WRITE, S3_COST_READ, S3_COST_FREE };

/*
 * Asked before each request; an error (ERR_TOO_MANY) keeps it from being made. Several processes may share what counts
 * behind it. SPEND may be NULL.
 */
struct s3_budget {
	enum err (*spend)(void *context, enum s3_cost cost, struct err_info *info);
	void *context;
};

/*
 * ASK is called before each request, and an error (ERR_NOT_READY) keeps it from being made; ENDED with the end of each
 * that was made. Both may be NULL.
 */
struct s3_guard {
	enum err (*ask)(void *context, struct err_info *info);
	void (*ended)(void *context, enum err err);
	void *context;
};

/* Text is copied. */
struct s3_options {
	const char *endpoint; /* "https://s3.eu-central-1.amazonaws.com", no slash at its end */
	const char *region;   /* "eu-central-1"; many stores take "us-east-1" or "auto" */
	const char *bucket;
	bool host_style; /* https://BUCKET.endpoint/KEY instead of https://endpoint/BUCKET/KEY */
	enum s3_checksum checksum;
	enum s3_payload payload;
	struct transfer_limits limits;
	struct credentials *credentials; /* borrowed */
	struct s3_budget budget;
	struct s3_guard guard;
	const struct clock *clock; /* borrowed; may be NULL */
};

/* Does not ask the store anything. ERR_BAD_REQUEST for an endpoint or a bucket's name that is none; ERR_INTERNAL. */
enum err s3_open(const struct s3_options *options, struct storage **out, struct err_info *info);

#endif
