/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "base/id.h"
#include "storage/local_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An upload is a folder below LOCAL_UPLOADS: the file "key" and its parts, each under its number. */
enum { FOLDER_MODE = 0750, FILE_MODE = 0640, UPLOADS_MOST = 1000 };

static struct local *of(struct storage *storage)
{
	return (struct local *)(void *)storage;
}

static const char *upload_path(const struct local *local, const char *id, const char *name, struct arena *arena)
{
	return arena_printf(arena, "%s/" LOCAL_UPLOADS "/%s/%s", local->folder, id, name);
}

static enum err check_id(const struct local *local, const char *id, struct arena *arena, struct err_info *info)
{
	if (!id_valid(id) || access(upload_path(local, id, "key", arena), F_OK) != 0)
		return err_set(info, ERR_NOT_FOUND, "there is no such upload");
	return ERR_OK;
}

enum err local_upload_begin(struct storage *storage, const struct storage_put *put, struct arena *arena,
	const char **id, struct err_info *info)
{
	char *made = arena_alloc(arena, ID_SIZE);
	const char *path;
	enum err err;

	if ((err = local_path(of(storage), put->key, arena, &path, info)) != ERR_OK)
		return err;
	id_new(NULL, made);
	if ((err = fs_make_dirs(upload_path(of(storage), made, "", arena), FOLDER_MODE, info)) != ERR_OK)
		return err;
	*id = made;
	return fs_write_file(
		upload_path(of(storage), made, "key", arena), put->key, strlen(put->key), FILE_MODE, info);
}

static enum err write_part(struct local *local, const struct storage_put *put, const char *id,
	struct storage_part *part, struct arena *arena, struct err_info *info)
{
	const char *draft;
	struct stat st;
	enum err err;
	int fd;

	if ((err = local_draft(local, arena, &fd, &draft, info)) != ERR_OK)
		return err;
	err = local_copy_bytes(put->fd, put->offset + part->offset, part->size, fd, info);
	err = local_finish(fd, draft, err, upload_path(local, id, arena_printf(arena, "%d", part->number), arena), false,
		&st, info);
	if (err == ERR_OK)
		part->etag = local_etag(&st, arena);
	return err;
}

enum err local_upload_parts(struct storage *storage, const struct storage_put *put, const char *id,
	struct storage_part *parts, size_t count, storage_part_done *done, void *context, struct arena *arena,
	struct err_info *info)
{
	enum err err = check_id(of(storage), id, arena, info);

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		if (parts[i].etag != NULL)
			continue;
		err = write_part(of(storage), put, id, &parts[i], arena, info);
		if (err == ERR_OK && done != NULL)
			err = done(context, &parts[i], info);
	}
	return err;
}

/* Appends PART to FD when it is the one that was confirmed. */
static enum err append_part(const struct local *local, const char *id, const struct storage_part *part, int fd,
	struct arena *arena, struct err_info *info)
{
	int from = open(upload_path(local, id, arena_printf(arena, "%d", part->number), arena), O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum err err;

	if (from < 0 || fstat(from, &st) != 0 || part->etag == NULL || strcmp(local_etag(&st, arena), part->etag) != 0)
		err = err_set(info, ERR_CONFLICT, "part %d is not the one that was uploaded", part->number);
	else
		err = local_copy_bytes(from, 0, (uint64_t)st.st_size, fd, info);
	if (from >= 0)
		close(from);
	return err;
}

enum err local_upload_complete(struct storage *storage, const char *key, const char *id,
	const struct storage_part *parts, size_t count, struct arena *arena, const char **etag, struct err_info *info)
{
	const char *path, *draft;
	struct stat st;
	enum err err;
	int fd;

	if ((err = check_id(of(storage), id, arena, info)) != ERR_OK)
		return err;
	if ((err = local_path(of(storage), key, arena, &path, info)) != ERR_OK)
		return err;
	if ((err = local_draft(of(storage), arena, &fd, &draft, info)) != ERR_OK)
		return err;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = append_part(of(storage), id, &parts[i], fd, arena, info);
	if ((err = local_finish(fd, draft, err, path, false, &st, info)) != ERR_OK)
		return err;
	*etag = local_etag(&st, arena);
	return local_upload_abort(storage, key, id, info);
}

enum err local_upload_abort(struct storage *storage, const char *key, const char *id, struct err_info *info)
{
	struct arena arena = {0};
	enum err err = ERR_OK;

	(void)key;
	if (id_valid(id))
		err = fs_remove_tree(upload_path(of(storage), id, "", &arena), info);
	arena_free(&arena);
	return err;
}

enum err local_upload_list(struct storage *storage, const char *prefix, struct arena *arena,
	struct storage_upload **out, size_t *count, struct err_info *info)
{
	DIR *dir = opendir(arena_printf(arena, "%s/" LOCAL_UPLOADS, of(storage)->folder));
	struct dirent *entry;

	*out = arena_array(arena, UPLOADS_MOST, sizeof **out);
	*count = 0;
	if (dir == NULL)
		return errno == ENOENT ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot read the uploads");
	while ((entry = readdir(dir)) != NULL && *count < UPLOADS_MOST) {
		const char *path = upload_path(of(storage), entry->d_name, "key", arena);
		struct stat st;
		size_t length;
		char *key;

		if (!id_valid(entry->d_name) || stat(path, &st) != 0 ||
			fs_read_file(path, STORAGE_KEY_MOST, &key, &length, NULL) != ERR_OK)
			continue;
		if (strncmp(key, prefix, strlen(prefix)) == 0)
			(*out)[(*count)++] = (struct storage_upload){arena_strdup(arena, key),
				arena_strdup(arena, entry->d_name), (int64_t)st.st_mtim.tv_sec};
		free(key);
	}
	closedir(dir);
	return ERR_OK;
}
