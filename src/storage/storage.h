/* SPDX-License-Identifier: MIT */
/*
 * Where objects are kept: one interface, a folder of this machine (local.h) and S3-compatible stores (s3.h) behind it.
 * An object is bytes under a key; a key is UTF-8 without control characters, at most STORAGE_KEY_MOST bytes, its parts
 * divided by slashes.
 *
 *     put ──► digest ──► the store takes it ──► its checksum is compared ──► the object, confirmed
 *
 * Errors that trying again may mend are told by storage_may_retry(): the store is busy or slow, the connection broke,
 * what arrived was damaged, the budget is used up. Besides what they say themselves all calls fail with ERR_BAD_REQUEST
 * (a key that is none), ERR_FORBIDDEN (the store refuses us), ERR_UNAUTHORIZED (no keys, or they have expired: asked
 * again they are renewed), ERR_BUSY (slow down), ERR_TIMEOUT, ERR_IO, ERR_TOO_MANY (budget), ERR_ABORTED (cancelled),
 * ERR_UNSUPPORTED (the store cannot do that). A struct storage belongs to one thread.
 */
#ifndef TONEARM_STORAGE_STORAGE_H
#define TONEARM_STORAGE_STORAGE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORAGE_KEY_MOST = 1024, STORAGE_PAGE_MOST = 1000, STORAGE_TAGS_MOST = 10, STORAGE_PARTS_MOST = 10000 };

struct storage;

/* What a store says of an object; text in the arena of the call. */
struct storage_object {
	const char *key;
	uint64_t size;
	int64_t modified_s;       /* seconds since 1970; 0: unknown */
	const char *etag;         /* without quotes */
	const char *content_type; /* NULL: not told */
	const char *sha256;       /* hex, as it was put; NULL: not told */
};

struct storage_objects {
	struct storage_object *objects;
	size_t count;
	bool more; /* go on behind the last key */
};

struct storage_tag {
	const char *name, *value;
};

struct storage_put {
	const char *key;
	int fd; /* its bytes are read by position; borrowed */
	uint64_t offset, size;
	const char *content_type, *cache_control; /* NULL: none */
	const struct storage_tag *tags;           /* at most STORAGE_TAGS_MOST */
	size_t tag_count;
	/* Of the whole object in hex, kept with it. One request (storage_put) stores no other bytes. NULL: any bytes. */
	const char *sha256;
	bool if_absent;     /* ERR_PRECONDITION when the key is taken */
};

/* LENGTH 0: to the end. */
struct storage_range {
	uint64_t first, length;
};

/* Takes bytes as they come; false ends the call with what INFO was given, else with ERR_IO. */
typedef bool storage_sink(void *context, const void *bytes, size_t length, struct err_info *info);

/* One part of a multipart upload: bytes OFFSET to OFFSET + SIZE - 1 of what is uploaded. */
struct storage_part {
	int number; /* from 1 on */
	uint64_t offset, size;
	const char *etag; /* NULL until the store has confirmed it */
};

struct storage_upload {
	const char *key, *id;
	int64_t begun_s;
};

/* Of whichever kind. NULL is fine. */
void storage_close(struct storage *storage);

/* Whether the same call may go well later. */
bool storage_may_retry(enum err err);

/*
 * Stores PUT and returns when the store has confirmed what it holds; OUT may be NULL. ERR_PRECONDITION, ERR_TOO_LARGE,
 * ERR_NO_SPACE, ERR_UNPROCESSABLE (the bytes are not those of PUT's checksum: nothing was stored), ERR_IO also when the
 * store confirmed something else or the file is shorter than PUT says.
 */
enum err storage_put(struct storage *storage, const struct storage_put *put, struct arena *arena,
	struct storage_object *out, struct err_info *info);

/* One of several objects that are asked about at a time; ERR and INFO as of storage_head(), OBJECT without an error. */
struct storage_look {
	const char *key;
	struct storage_object object;
	enum err err;
	struct err_info info;
};

/* One of several that are stored at a time; ERR and INFO as of storage_put(). */
struct storage_sent {
	struct storage_put put;
	enum err err;
	struct err_info info;
};

/*
 * Makes all COUNT calls of LIST, as many at a time as the store was opened for, and returns when each has its end; none
 * keeps another from being made. Text in ARENA.
 */
void storage_put_each(struct storage *storage, struct storage_sent *list, size_t count, struct arena *arena);
void storage_head_each(struct storage *storage, struct storage_look *list, size_t count, struct arena *arena);

/*
 * RANGE (NULL: all) of KEY to SINK. OUT, as of storage_head(), is filled before SINK gets the first byte; may be NULL.
 * ERR_NOT_FOUND, ERR_RANGE.
 */
enum err storage_get(struct storage *storage, const char *key, const struct storage_range *range, storage_sink *sink,
	void *context, struct arena *arena, struct storage_object *out, struct err_info *info);

/* What the store says of KEY, into OUT. ERR_NOT_FOUND. */
enum err storage_head(struct storage *storage, const char *key, struct arena *arena, struct storage_object *out,
	struct err_info *info);

/* ERR_OK also when there was none. */
enum err storage_delete(struct storage *storage, const char *key, struct err_info *info);

/* All KEYS, in as few requests as the store allows. With an error some may be gone. */
enum err storage_delete_all(
	struct storage *storage, const char *const *keys, size_t count, struct err_info *info);

/* Up to LIMIT (at most STORAGE_PAGE_MOST) objects, sorted, whose keys begin with PREFIX and come behind AFTER. */
enum err storage_list(struct storage *storage, const char *prefix, const char *after, size_t limit,
	struct arena *arena, struct storage_objects *out, struct err_info *info);

/* Within the store. ERR_NOT_FOUND. */
enum err storage_copy(struct storage *storage, const char *from, const char *to, struct err_info *info);

/*
 * An object in parts, which may come in any order, several at a time, from several runs of a program: what begins it
 * gives an id, each part an ETag, and with all of them the object appears. Parts but the last are 5 MiB or more.
 */
enum err storage_upload_begin(struct storage *storage, const struct storage_put *put, struct arena *arena,
	const char **id, struct err_info *info);

/* Told of each part as soon as it is confirmed; an error other than ERR_OK ends the call with it. */
typedef enum err storage_part_done(void *context, const struct storage_part *part, struct err_info *info);

/* Uploads those of PARTS that have no etag, and gives them one (in ARENA). ERR_NOT_FOUND: the upload is gone. */
enum err storage_upload_parts(struct storage *storage, const struct storage_put *put, const char *id,
	struct storage_part *parts, size_t count, storage_part_done *done, void *context, struct arena *arena,
	struct err_info *info);

/*
 * Makes the object of all PARTS, sorted; *ETAG (in ARENA) is its own, NULL when the store does not say. ERR_NOT_FOUND:
 * the upload is gone; ERR_CONFLICT: the store does not know a part, so that the upload has to begin anew.
 */
enum err storage_upload_complete(struct storage *storage, const char *key, const char *id,
	const struct storage_part *parts, size_t count, struct arena *arena, const char **etag,
	struct err_info *info);

/* ERR_OK also when it was not there. */
enum err storage_upload_abort(struct storage *storage, const char *key, const char *id, struct err_info *info);

/* Uploads that were begun and not ended: of a store up to 100 pages of 1,000, of a folder 1,000. */
enum err storage_upload_list(struct storage *storage, const char *prefix, struct arena *arena,
	struct storage_upload **out, size_t *count, struct err_info *info);

/* A URL by which anybody may METHOD ("GET", "HEAD" or "PUT") KEY for LIFETIME_S seconds. ERR_UNSUPPORTED. */
enum err storage_presign(struct storage *storage, const char *method, const char *key, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info);

#endif
