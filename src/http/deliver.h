/* SPDX-License-Identifier: MIT */
/*
 * Handing a file to the listener. The handler decided who may have it; here, and only here, the way is chosen, after
 * the web server's TONEARM_DELIVERY or, where it leaves that to us, http.delivery:
 *
 *     direct     sends the bytes with all of RFC 9110's ranges and conditions
 *     xsendfile  names the file to the web server (lighttpd, Apache), which moves the bytes and answers Range itself
 *     xaccel     the same for nginx
 *     lighttpd   as xsendfile, and slices by X-Sendfile2
 *     redirect   sends the listener elsewhere
 *
 * What a way cannot do is done directly: a slice of a file (one segment) by xsendfile, xaccel and redirect, a file that
 * still grows, or that is not here, by any.
 */
#ifndef TONEARM_HTTP_DELIVER_H
#define TONEARM_HTTP_DELIVER_H

#include "http/response.h"

/* Gives the bytes of a file that is not here, or not all of it. */
struct deliver_feed {
	uint64_t size; /* of the whole file */
	/* LENGTH bytes from FIRST on are wanted next: waits until the first can be read. An error, and INFO, else. */
	enum err (*seek)(void *context, uint64_t first, uint64_t length, struct err_info *info);
	/* Up to ROOM of these, as soon as there are any; 0 or -1: no more will come. */
	ssize_t (*read)(void *context, void *out, size_t room);
	void *context;
};

struct deliverable {
	const char *path;       /* absolute, made by us, never by the client */
	const char *moved_path; /* of a slice: where the file stands when it is not at PATH any more; NULL: nowhere */
	const char *accel_path; /* the same below the internal location, "/media/<track>/<file>"; used by xaccel after TONEARM_ACCEL_PREFIX */
	const char *type;       /* Content-Type */
	const char *etag;       /* quoted, of these bytes */
	int64_t modified;       /* seconds */
	const char *cache_control;
	uint64_t offset, length; /* the slice; length 0: the whole file */
	const struct deliver_feed *feed; /* what gives the bytes in place of PATH, in `direct`; NULL: PATH does */
	const char *location;    /* where redirect leads; NULL: nowhere */
	int64_t rate;            /* bytes per second that one listener gets, 0: as many as he takes */
	bool sound;              /* its delivery counts as a stream */
};

/* The way that the web server asks for by TONEARM_DELIVERY; NULL when it does not, or leaves it to us by "auto". */
const char *deliver_told(const struct request *request);

/*
 * Answers REQUEST with the file: 200, 206 (single or multipart/byteranges), 304, 412, 416, HEAD; 404 when the file is
 * gone, and the connection ends early (never padding, never other bytes) when it shrinks underneath.
 */
void deliver_file(struct response *response, const struct deliverable *file);

/*
 * How many of the SIZE bytes of FILE, or of its slice, the ranges of REQUEST name: what goes out, whoever sends it. All
 * when it has none, or those do not count.
 */
uint64_t deliver_asked(const struct request *request, const struct deliverable *file, uint64_t size);

/*
 * The slice of FILE, whose length the caller has bounded, in the request's arena: for what is made of it. NULL when an
 * answer was sent: 404 when it is gone or shorter, 500.
 */
const void *deliver_read(struct response *response, const struct deliverable *file);

/*
 * Answers with LENGTH bytes at BYTES as deliver_file() does in `direct`. Of FILE type, etag, modified and cache_control
 * are read: they are those of the bytes.
 */
void deliver_bytes(struct response *response, const struct deliverable *file, const void *bytes, size_t length);

#endif
