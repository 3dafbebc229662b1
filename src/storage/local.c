/* SPDX-License-Identifier: MIT */
#include "storage/local.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/id.h"
#include "storage/local_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640, BLOCK = 65536, TRIES = 5 };

static const char draft_suffix[] = ".part";

static struct local *of(struct storage *storage)
{
	return (struct local *)(void *)storage;
}

enum err local_path(
	const struct local *local, const char *key, struct arena *arena, const char **out, struct err_info *info)
{
	for (const char *at = key;; at++) {
		size_t length = strcspn(at, "/");

		if (length == 0 || length > 255 || (length == 1 && at[0] == '.') ||
			(length == 2 && at[0] == '.' && at[1] == '.') ||
			(at == key && strncmp(at, LOCAL_UPLOADS, length) == 0 && length == strlen(LOCAL_UPLOADS)))
			return err_set(info, ERR_BAD_REQUEST, "the key of an object is no name of a file");
		at += length;
		if (*at == '\0')
			break;
	}
	*out = arena_printf(arena, "%s/%s", local->folder, key);
	return ERR_OK;
}

enum err local_draft(const struct local *local, struct arena *arena, int *fd, const char **path, struct err_info *info)
{
	char random[33];
	enum err err;

	id_random_hex(16, random);
	*path = arena_printf(arena, "%s/" LOCAL_UPLOADS "/%s%s", local->folder, random, draft_suffix);
	err = fs_make_dirs(arena_printf(arena, "%s/" LOCAL_UPLOADS, local->folder), FOLDER_MODE, info);
	if (err != ERR_OK)
		return err;
	*fd = open(*path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	return *fd >= 0 ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot make a file in %s", local->folder);
}

enum err local_copy_bytes(int from, uint64_t offset, uint64_t size, int to, struct err_info *info)
{
	char *block = malloc(BLOCK);
	enum err err = ERR_OK;

	if (block == NULL)
		abort();
	while (size > 0 && err == ERR_OK) {
		ssize_t got = pread(from, block, size < BLOCK ? (size_t)size : BLOCK, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err = err_set(info, ERR_IO, "a file to store cannot be read, or is shorter than it was");
			break;
		}
		err = fs_write_all(to, block, (size_t)got, info);
		offset += (uint64_t)got;
		size -= (uint64_t)got;
	}
	free(block);
	return err;
}

/* DRAFT under the name PATH; ENOENT when a folder on the way went just now. */
static int name_file(const char *draft, const char *path, bool if_absent)
{
	if (!if_absent)
		return rename(draft, path) == 0 ? 0 : errno;
	if (link(draft, path) != 0)
		return errno;
	unlink(draft);
	return 0;
}

static enum err sync_folder(const char *folder, struct err_info *info)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = ERR_OK;

	if (fd < 0 || fsync(fd) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot write the folder %s", folder);
	if (fd >= 0)
		close(fd);
	return err;
}

enum err local_finish(int fd, const char *draft, enum err written, const char *path, bool if_absent, struct stat *st,
	struct err_info *info)
{
	struct arena arena = {0};
	char *folder = arena_strdup(&arena, path);
	enum err err = written;
	int failed = fsync(fd) == 0 && fstat(fd, st) == 0 ? ENOENT : errno;

	if (close(fd) != 0 && failed == ENOENT)
		failed = errno;
	*strrchr(folder, '/') = '\0';
	/* Somebody who deletes the last object of a folder removes the folder too. */
	for (int i = 0; i < TRIES && failed == ENOENT && err == ERR_OK; i++) {
		err = fs_make_dirs(folder, FOLDER_MODE, info);
		if (err == ERR_OK)
			failed = name_file(draft, path, if_absent);
	}
	if (err == ERR_OK && failed == EEXIST)
		err = err_set(info, ERR_PRECONDITION, "there is an object under that key");
	else if (err == ERR_OK && failed != 0)
		err = err_set_errno(info, ERR_IO, failed, "cannot write %s", path);
	if (err == ERR_OK)
		err = sync_folder(folder, info);
	else
		unlink(draft);
	arena_free(&arena);
	return err;
}

const char *local_etag(const struct stat *st, struct arena *arena)
{
	return arena_printf(arena, "%llx-%llx-%llx", (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
		(unsigned long long)st->st_mtim.tv_sec * 1000000000ULL + (unsigned long long)st->st_mtim.tv_nsec);
}

static void describe(const struct stat *st, const char *key, struct arena *arena, struct storage_object *out)
{
	*out = (struct storage_object){.key = arena_strdup(arena, key),
		.size = (uint64_t)st->st_size,
		.modified_s = (int64_t)st->st_mtim.tv_sec,
		.etag = local_etag(st, arena)};
}

/* Opens the object KEY; ERR_NOT_FOUND also for what is no plain file. */
static enum err open_object(const struct local *local, const char *key, struct arena *arena, int *fd, struct stat *st,
	struct err_info *info)
{
	const char *path;
	enum err err = local_path(local, key, arena, &path, info);

	*fd = -1;
	if (err != ERR_OK)
		return err;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd >= 0 && fstat(*fd, st) == 0 && S_ISREG(st->st_mode))
		return ERR_OK;
	if (*fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		err = err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	else
		err = err_set(info, ERR_NOT_FOUND, "there is no object %s", key);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return err;
}

/* Whether FD has the SHA-256 that is asked for, if one is. */
static enum err check_bytes(int fd, const char *sha256, struct err_info *info)
{
	unsigned char hash[HASH_SIZE];
	char hex[HASH_HEX_SIZE];
	enum err err;

	if (sha256 == NULL)
		return ERR_OK;
	if ((err = hash_sha256_file(fd, hash, info)) != ERR_OK)
		return err;
	hash_hex(hash, sizeof hash, hex);
	if (strcmp(hex, sha256) != 0)
		return err_set(info, ERR_UNPROCESSABLE, "it is not what it was when it was made");
	return ERR_OK;
}

static enum err local_put(struct storage *storage, const struct storage_put *put, struct arena *arena,
	struct storage_object *out, struct err_info *info)
{
	const char *path, *draft;
	struct stat st;
	enum err err;
	int fd;

	if ((err = local_path(of(storage), put->key, arena, &path, info)) != ERR_OK)
		return err;
	if ((err = local_draft(of(storage), arena, &fd, &draft, info)) != ERR_OK)
		return err;
	err = local_copy_bytes(put->fd, put->offset, put->size, fd, info);
	if (err == ERR_OK)
		err = check_bytes(fd, put->sha256, info);
	if ((err = local_finish(fd, draft, err, path, put->if_absent, &st, info)) == ERR_OK)
		describe(&st, put->key, arena, out);
	return err;
}

static enum err local_get(struct storage *storage, const char *key, const struct storage_range *range,
	storage_sink *sink, void *context, struct arena *arena, struct storage_object *out, struct err_info *info)
{
	uint64_t at = range == NULL ? 0 : range->first, end;
	char *block = NULL;
	struct stat st;
	enum err err;
	int fd;

	if ((err = open_object(of(storage), key, arena, &fd, &st, info)) != ERR_OK)
		return err;
	end = (uint64_t)st.st_size;
	if (at > 0 && at >= end) {
		err = err_set(info, ERR_RANGE, "the object ends before the range");
		goto out;
	}
	if (range != NULL && range->length > 0 && range->length < end - at)
		end = at + range->length;
	if ((block = malloc(BLOCK)) == NULL)
		abort();
	describe(&st, key, arena, out);
	while (at < end) {
		ssize_t got = pread(fd, block, end - at < BLOCK ? (size_t)(end - at) : BLOCK, (off_t)at);
		struct err_info refusal = {0};

		if (got <= 0) {
			err = err_set(info, ERR_IO, "the object %s cannot be read", key);
			goto out;
		}
		if (!sink(context, block, (size_t)got, &refusal)) {
			err = refusal.code != ERR_OK ? err_set(info, refusal.code, "%s", refusal.detail)
						     : err_set(info, ERR_IO, "the object was not taken");
			goto out;
		}
		at += (uint64_t)got;
	}
out:
	free(block);
	close(fd);
	return err;
}

static enum err local_head(struct storage *storage, const char *key, struct arena *arena, struct storage_object *out,
	struct err_info *info)
{
	struct stat st;
	int fd;
	enum err err = open_object(of(storage), key, arena, &fd, &st, info);

	if (err != ERR_OK)
		return err;
	describe(&st, key, arena, out);
	close(fd);
	return ERR_OK;
}

/* Folders that are left empty on the way to PATH. */
static void remove_empty(const struct local *local, char *path)
{
	size_t least = strlen(local->folder);

	for (;;) {
		*strrchr(path, '/') = '\0';
		if (strlen(path) <= least || rmdir(path) != 0)
			return;
	}
}

static enum err local_delete_all(
	struct storage *storage, const char *const *keys, size_t count, struct err_info *info)
{
	struct arena arena = {0};
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		const char *path;

		if ((err = local_path(of(storage), keys[i], &arena, &path, info)) != ERR_OK)
			break;
		if (unlink(path) == 0)
			remove_empty(of(storage), arena_strdup(&arena, path));
		else if (errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
			err = err_set_errno(info, ERR_IO, errno, "cannot remove %s", path);
	}
	arena_free(&arena);
	return err;
}

static enum err local_copy(struct storage *storage, const char *from, const char *to, struct err_info *info)
{
	struct storage_put put = {.key = to};
	struct storage_object object;
	struct arena arena = {0};
	struct stat st;
	enum err err = open_object(of(storage), from, &arena, &put.fd, &st, info);

	if (err == ERR_OK) {
		put.size = (uint64_t)st.st_size;
		err = local_put(storage, &put, &arena, &object, info);
		close(put.fd);
	}
	arena_free(&arena);
	return err;
}

static enum err local_presign(struct storage *storage, const char *method, const char *key, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info)
{
	(void)storage;
	(void)method;
	(void)key;
	(void)lifetime_s;
	(void)arena;
	*url = NULL;
	return err_set(info, ERR_UNSUPPORTED, "a folder has no URLs");
}

static void local_close(struct storage *storage)
{
	free(of(storage)->folder);
	free(of(storage));
}

static const struct storage_backend backend = {
	.close = local_close,
	.put = local_put,
	.get = local_get,
	.head = local_head,
	.delete_all = local_delete_all,
	.list = local_list,
	.copy = local_copy,
	.upload_begin = local_upload_begin,
	.upload_parts = local_upload_parts,
	.upload_complete = local_upload_complete,
	.upload_abort = local_upload_abort,
	.upload_list = local_upload_list,
	.presign = local_presign,
};

/* Drafts that nobody has written to for long: whoever did has died. */
static void sweep_drafts(const char *folder)
{
	time_t before = time(NULL) - LOCAL_DRAFT_AGE_S;
	struct arena arena = {0};
	DIR *drafts = opendir(arena_printf(&arena, "%s/" LOCAL_UPLOADS, folder));
	struct dirent *entry;

	while (drafts != NULL && (entry = readdir(drafts)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');
		struct stat st;

		if (dot != NULL && strcmp(dot, draft_suffix) == 0 &&
			fstatat(dirfd(drafts), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
			st.st_mtime < before)
			unlinkat(dirfd(drafts), entry->d_name, 0);
	}
	if (drafts != NULL)
		closedir(drafts);
	arena_free(&arena);
}

enum err local_open(const char *folder, struct storage **out, struct err_info *info)
{
	struct local *local;
	enum err err = fs_make_dirs(folder, FOLDER_MODE, info);

	*out = NULL;
	if (err != ERR_OK)
		return err;
	sweep_drafts(folder);
	local = calloc(1, sizeof *local);
	if (local == NULL || (local->folder = strdup(folder)) == NULL)
		abort();
	local->storage.backend = &backend;
	*out = &local->storage;
	return ERR_OK;
}
