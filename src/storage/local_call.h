/* SPDX-License-Identifier: MIT */
/* What the local_*.c of this room share; included by them alone. */
#ifndef TONEARM_STORAGE_LOCAL_CALL_H
#define TONEARM_STORAGE_LOCAL_CALL_H

#include "storage/backend.h"

#include <sys/stat.h>

#define LOCAL_UPLOADS ".uploads"

struct local {
	struct storage storage; /* first */
	char *folder;
};

/* The file of KEY in ARENA. ERR_BAD_REQUEST for a key that is no name of a file here. */
enum err local_path(
	const struct local *local, const char *key, struct arena *arena, const char **out, struct err_info *info);

/* A new file to write into, below LOCAL_UPLOADS: *FD and its *PATH. */
enum err local_draft(const struct local *local, struct arena *arena, int *fd, const char **path, struct err_info *info);

/* Copies SIZE bytes of FROM at OFFSET to the end of TO. ERR_IO when there are fewer, ERR_NO_SPACE. */
enum err local_copy_bytes(int from, uint64_t offset, uint64_t size, int to, struct err_info *info);

/*
 * Ends the file DRAFT, into which writing went as WRITTEN says: fsync()s FD, closes it, fills ST and gives the file the
 * name PATH, for which folders are made. ERR_PRECONDITION. On failure, of the writing too, DRAFT is gone.
 */
enum err local_finish(int fd, const char *draft, enum err written, const char *path, bool if_absent, struct stat *st,
	struct err_info *info);

/* What tells one state of a file from another, in ARENA. */
const char *local_etag(const struct stat *st, struct arena *arena);

/* Functions of the backend (backend.h) that have files of their own: local_list.c, local_upload.c. */
enum err local_list(struct storage *, const char *prefix, const char *after, size_t limit, struct arena *,
	struct storage_objects *, struct err_info *);
enum err local_upload_begin(
	struct storage *, const struct storage_put *, struct arena *, const char **id, struct err_info *);
enum err local_upload_parts(struct storage *, const struct storage_put *, const char *id, struct storage_part *,
	size_t count, storage_part_done *, void *context, struct arena *, struct err_info *);
enum err local_upload_complete(struct storage *, const char *key, const char *id, const struct storage_part *,
	size_t count, struct arena *, const char **etag, struct err_info *);
enum err local_upload_abort(struct storage *, const char *key, const char *id, struct err_info *);
enum err local_upload_list(struct storage *, const char *prefix, struct arena *, struct storage_upload **,
	size_t *count, struct err_info *);

#endif
