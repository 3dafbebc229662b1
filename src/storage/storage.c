/* SPDX-License-Identifier: MIT */
#include "storage/storage.h"

#include "base/text.h"
#include "storage/backend.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DELETE_MOST = 1000 };

void storage_close(struct storage *storage)
{
	if (storage != NULL)
		storage->backend->close(storage);
}

bool storage_may_retry(enum err err)
{
	switch (err) {
	case ERR_UNAUTHORIZED:
	case ERR_TOO_MANY:
	case ERR_IO:
	case ERR_NO_MEMORY:
	case ERR_BUSY:
	case ERR_NOT_READY:
	case ERR_TIMEOUT:
		return true;
	default:
		return false;
	}
}

/* What text_to_utf8() leaves as it is, but for tabs and line breaks. */
static bool is_clean(const char *text)
{
	char *clean = text_to_utf8(text, strlen(text));
	bool same = strcmp(clean, text) == 0 && strpbrk(text, "\t\n") == NULL;

	free(clean);
	return same;
}

static enum err check_key(const char *key, struct err_info *info)
{
	size_t length = strlen(key);

	if (length == 0 || length > STORAGE_KEY_MOST)
		return err_set(info, ERR_BAD_REQUEST, "the key of an object has 1 to %d bytes", STORAGE_KEY_MOST);
	if (!is_clean(key))
		return err_set(info, ERR_BAD_REQUEST, "the key of an object is UTF-8 without control characters");
	return ERR_OK;
}

static enum err check_put(const struct storage_put *put, struct err_info *info)
{
	assert(put->tag_count <= STORAGE_TAGS_MOST);
	return check_key(put->key, info);
}

enum err storage_put(struct storage *storage, const struct storage_put *put, struct arena *arena,
	struct storage_object *out, struct err_info *info)
{
	struct storage_object object;
	enum err err = check_put(put, info);

	return err != ERR_OK ? err : storage->backend->put(storage, put, arena, out != NULL ? out : &object, info);
}

enum err storage_get(struct storage *storage, const char *key, const struct storage_range *range, storage_sink *sink,
	void *context, struct arena *arena, struct storage_object *out, struct err_info *info)
{
	struct storage_object object;
	enum err err = check_key(key, info);

	if (err != ERR_OK)
		return err;
	return storage->backend->get(storage, key, range, sink, context, arena, out != NULL ? out : &object, info);
}

enum err storage_head(struct storage *storage, const char *key, struct arena *arena, struct storage_object *out,
	struct err_info *info)
{
	enum err err = check_key(key, info);

	return err != ERR_OK ? err : storage->backend->head(storage, key, arena, out, info);
}

void storage_put_each(struct storage *storage, struct storage_sent *list, size_t count, struct arena *arena)
{
	const struct storage_backend *backend = storage->backend;

	for (size_t i = 0; i < count; i++) {
		struct storage_object object;

		list[i].err = check_put(&list[i].put, &list[i].info);
		if (list[i].err == ERR_OK && backend->put_each == NULL)
			list[i].err = backend->put(storage, &list[i].put, arena, &object, &list[i].info);
	}
	if (backend->put_each != NULL)
		backend->put_each(storage, list, count, arena);
}

void storage_head_each(struct storage *storage, struct storage_look *list, size_t count, struct arena *arena)
{
	const struct storage_backend *backend = storage->backend;

	for (size_t i = 0; i < count; i++) {
		list[i].err = check_key(list[i].key, &list[i].info);
		if (list[i].err == ERR_OK && backend->head_each == NULL)
			list[i].err = backend->head(storage, list[i].key, arena, &list[i].object, &list[i].info);
	}
	if (backend->head_each != NULL)
		backend->head_each(storage, list, count, arena);
}

enum err storage_delete(struct storage *storage, const char *key, struct err_info *info)
{
	return storage_delete_all(storage, &key, 1, info);
}

enum err storage_delete_all(
	struct storage *storage, const char *const *keys, size_t count, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = check_key(keys[i], info);
	while (count > 0 && err == ERR_OK) {
		size_t some = count < DELETE_MOST ? count : DELETE_MOST;

		err = storage->backend->delete_all(storage, keys, some, info);
		keys += some;
		count -= some;
	}
	return err;
}

enum err storage_list(struct storage *storage, const char *prefix, const char *after, size_t limit,
	struct arena *arena, struct storage_objects *out, struct err_info *info)
{
	*out = (struct storage_objects){0};
	if (limit < 1 || limit > STORAGE_PAGE_MOST)
		return err_set(info, ERR_BAD_REQUEST, "a page has 1 to %d objects", STORAGE_PAGE_MOST);
	if (strlen(prefix) > STORAGE_KEY_MOST || strlen(after) > STORAGE_KEY_MOST || !is_clean(prefix) ||
		!is_clean(after))
		return err_set(info, ERR_BAD_REQUEST, "a prefix is no beginning of a key");
	return storage->backend->list(storage, prefix, after, limit, arena, out, info);
}

enum err storage_copy(struct storage *storage, const char *from, const char *to, struct err_info *info)
{
	enum err err = check_key(from, info);

	if (err == ERR_OK)
		err = check_key(to, info);
	return err != ERR_OK ? err : storage->backend->copy(storage, from, to, info);
}

enum err storage_upload_begin(struct storage *storage, const struct storage_put *put, struct arena *arena,
	const char **id, struct err_info *info)
{
	enum err err = check_put(put, info);

	return err != ERR_OK ? err : storage->backend->upload_begin(storage, put, arena, id, info);
}

enum err storage_upload_parts(struct storage *storage, const struct storage_put *put, const char *id,
	struct storage_part *parts, size_t count, storage_part_done *done, void *context, struct arena *arena,
	struct err_info *info)
{
	enum err err = check_put(put, info);

	if (err != ERR_OK)
		return err;
	assert(count <= STORAGE_PARTS_MOST);
	return storage->backend->upload_parts(storage, put, id, parts, count, done, context, arena, info);
}

enum err storage_upload_complete(struct storage *storage, const char *key, const char *id,
	const struct storage_part *parts, size_t count, struct arena *arena, const char **etag, struct err_info *info)
{
	enum err err = check_key(key, info);

	if (err != ERR_OK)
		return err;
	assert(count <= STORAGE_PARTS_MOST);
	return storage->backend->upload_complete(storage, key, id, parts, count, arena, etag, info);
}

enum err storage_upload_abort(struct storage *storage, const char *key, const char *id, struct err_info *info)
{
	enum err err = check_key(key, info);

	return err != ERR_OK ? err : storage->backend->upload_abort(storage, key, id, info);
}

enum err storage_upload_list(struct storage *storage, const char *prefix, struct arena *arena,
	struct storage_upload **out, size_t *count, struct err_info *info)
{
	return storage->backend->upload_list(storage, prefix, arena, out, count, info);
}

enum err storage_presign(struct storage *storage, const char *method, const char *key, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info)
{
	enum err err = check_key(key, info);

	return err != ERR_OK ? err : storage->backend->presign(storage, method, key, lifetime_s, arena, url, info);
}
