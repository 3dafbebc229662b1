/* SPDX-License-Identifier: MIT */
/*
 * The body of a request to an S3 store as it goes over the wire: bytes of a file or of memory, as they are or in signed
 * chunks, their MD5 and SHA-256 counted before or on the way. Bytes whose SHA-256 is known are read once, and the last
 * of them do not leave when it turns out to be another. Belongs to one thread.
 */
#ifndef TONEARM_STORAGE_S3_BODY_H
#define TONEARM_STORAGE_S3_BODY_H

#include "base/hash.h"
#include "storage/sigv4.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { S3_MD5_SIZE = 16, S3_CHUNK = 65536 };

struct s3_digests {
	unsigned char sha256[HASH_SIZE], md5[S3_MD5_SIZE];
};

struct s3_body {
	const char *text; /* NULL: the file */
	int fd;
	uint64_t offset, size, at;
	struct s3_digests digests; /* of all bytes, when they were read to their end */
	bool known;                /* the SHA-256 in DIGESTS, which the bytes have to have */
	bool counting;             /* the digests, as it is read */
	bool altered;              /* the bytes do not have it, and reading them has failed */

	bool chunked;
	struct sigv4_chunks chunks, first; /* now, and as they were at the beginning */
	void *sha256, *md5;                /* EVP_MD_CTX */
	char *wire;                        /* one chunk as it goes over the wire */
	size_t wire_length, wire_at;
	bool last; /* the empty chunk is in WIRE */
};

/* SIZE bytes of FD from OFFSET on, or of TEXT. Owns nothing until s3_body_chunk(). */
void s3_body_file(struct s3_body *body, int fd, uint64_t offset, uint64_t size);
void s3_body_text(struct s3_body *body, const char *text);

/* Its bytes are to have SHA256 (hex; what is none no bytes have); NULL: it is not known. */
void s3_body_know(struct s3_body *body, const char *sha256);

/* Reads all of it to fill DIGESTS. ERR_IO, also when the file is too short; ALTERED tells more. */
enum err s3_body_digest(struct s3_body *body, struct err_info *info);

/* From now on it is read in chunks that CHUNKS (copied) signs. */
void s3_body_chunk(struct s3_body *body, const struct sigv4_chunks *chunks);

/* Bytes of SIZE on the wire in chunks. */
uint64_t s3_body_wire_size(uint64_t size);

/* As transfer.h wants them; CONTEXT is the body. From the first byte on that follows a rewind its digests are counted. */
ssize_t s3_body_read(void *context, char *out, size_t room);
bool s3_body_rewind(void *context);

/* Frees and wipes what s3_body_chunk() made. */
void s3_body_end(struct s3_body *body);

#endif
