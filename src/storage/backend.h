/* SPDX-License-Identifier: MIT */
/*
 * What stands behind storage.h: each kind of store fills a table of functions, with the meaning storage.h gives them.
 * storage.c has looked at keys and counts before it calls one. Included by that room alone.
 */
#ifndef TONEARM_STORAGE_BACKEND_H
#define TONEARM_STORAGE_BACKEND_H

#include "storage/storage.h"

struct storage_backend {
	void (*close)(struct storage *);
	enum err (*put)(struct storage *, const struct storage_put *, struct arena *, struct storage_object *,
		struct err_info *);
	enum err (*get)(struct storage *, const char *key, const struct storage_range *, storage_sink *, void *context,
		struct arena *, struct storage_object *, struct err_info *);
	enum err (*head)(struct storage *, const char *key, struct arena *, struct storage_object *, struct err_info *);
	/* NULL: one after another. They leave out what has an error already. */
	void (*put_each)(struct storage *, struct storage_sent *, size_t count, struct arena *);
	void (*head_each)(struct storage *, struct storage_look *, size_t count, struct arena *);
	enum err (*delete_all)(struct storage *, const char *const *keys, size_t count, struct err_info *);
	enum err (*list)(struct storage *, const char *prefix, const char *after, size_t limit, struct arena *,
		struct storage_objects *, struct err_info *);
	enum err (*copy)(struct storage *, const char *from, const char *to, struct err_info *);
	enum err (*upload_begin)(
		struct storage *, const struct storage_put *, struct arena *, const char **id, struct err_info *);
	enum err (*upload_parts)(struct storage *, const struct storage_put *, const char *id, struct storage_part *,
		size_t count, storage_part_done *, void *context, struct arena *, struct err_info *);
	enum err (*upload_complete)(struct storage *, const char *key, const char *id, const struct storage_part *,
		size_t count, struct arena *, const char **etag, struct err_info *);
	enum err (*upload_abort)(struct storage *, const char *key, const char *id, struct err_info *);
	enum err (*upload_list)(struct storage *, const char *prefix, struct arena *, struct storage_upload **,
		size_t *count, struct err_info *);
	enum err (*presign)(struct storage *, const char *method, const char *key, int64_t lifetime_s, struct arena *,
		const char **url, struct err_info *);
};

/* The first member of what a kind of store keeps. */
struct storage {
	const struct storage_backend *backend;
};

#endif
