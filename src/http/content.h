/* SPDX-License-Identifier: MIT */
/*
 * The bytes that deliver.c sends by itself: of a file or a part of it, of a feed, or in memory; at an even rate where
 * there is one. What fails here is answered here.
 */
#ifndef TONEARM_HTTP_CONTENT_H
#define TONEARM_HTTP_CONTENT_H

#include "http/deliver.h"
#include "http/range.h"

/* An open file or a feed, and the part of it that is the representation; or bytes in memory. */
struct content {
	int fd;
	uint64_t offset, size;
	char *piece;
	const char *bytes;               /* NULL: the file or the feed */
	const struct deliver_feed *feed; /* NULL: the file */
	int64_t rate;                    /* bytes per second, 0: no limit */
	int64_t started_us;
	uint64_t sent;
};

/*
 * The part of the file, or the feed, that FILE is of, for content_close(). False, and the answer, when it is not there.
 */
bool content_open(struct response *response, const struct deliverable *file, struct content *content);

/* The SIZE of the part that FILE is of WHOLE bytes; false when there are fewer. */
bool content_slice(const struct deliverable *file, uint64_t whole, uint64_t *size);

/* Closes the file of CONTENT, if it has one; a feed belongs to somebody else. */
void content_close(const struct content *content);

/*
 * True when the bytes of RANGE can be read, as those of a file always can. Otherwise the answer is sent, or breaks off.
 */
bool content_seek(struct response *response, const struct content *content, struct range range);

/* Sends the bytes of RANGE, to which CONTENT was sought; less when the file has shrunk or the client is gone. */
void content_send(struct response *response, struct content *content, struct range range);

/* Reads all of CONTENT, a file or a feed, into BYTES. */
bool content_read(const struct content *content, char *bytes);

/* Answers 404. */
void content_missing(struct response *response);

#endif
