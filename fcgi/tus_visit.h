/* SPDX-License-Identifier: MIT */
/*
 * What one request to /uploads does with the bytes of an upload, for api_tus.c, which speaks the protocol. No
 * connection to the database is held while a client sends. All set the visit's `info` on failure.
 */
#ifndef TONEARM_FCGI_TUS_VISIT_H
#define TONEARM_FCGI_TUS_VISIT_H

#include "auth/jwt.h"
#include "fcgi/responder.h"
#include "http/tus.h"
#include "storage/arrival.h"

struct tus_visit {
	struct request *request;
	struct response *response;
	struct responder *responder;
	struct jwt_claims claims;
	struct resumable row; /* of the upload, as it is now */
	int64_t offset;       /* how far it has come */
	int64_t length;       /* of the whole upload, as this piece tells it; 0: it does not */
	struct tus_checksum checksum;
	struct err_info info;
};

/* What the metadata of the row say, as an upload by form says it. ERR_UNPROCESSABLE, ERR_BAD_REQUEST. */
enum err tus_read_metadata(struct tus_visit *visit, struct ingest *ingest);

/*
 * The body is the piece of upload ID that begins at `offset`; row and offset are those after it. With the last piece
 * the upload becomes a track. Errors as of api_upload_begin(), arrival_open(), arrival_measure(), arrival_write(),
 * arrival_finish(); ERR_CONFLICT when the upload stands elsewhere, ERR_CHECKSUM.
 */
enum err tus_receive(struct tus_visit *visit, const char *id);

/* Makes a track of upload ID, whose last byte came when that could not be done. Errors as above. */
enum err tus_finish(struct tus_visit *visit, const char *id);

/* Counts an upload that came to its end with ERR. */
void tus_count(const struct tus_visit *visit, enum err err);

#endif
