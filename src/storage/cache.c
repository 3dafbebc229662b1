/* SPDX-License-Identifier: MIT */
#include "storage/cache.h"

#include "base/fs.h"
#include "base/hash.h"
#include "storage/cache_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640, FOLDER_MODE = 0750 };

/* The time of use is written anew only when it is older. */
enum { TOUCH_MS = CACHE_FRESH_MS / 2 };

void cache_init(struct cache *cache, const struct conf *conf, const struct clock *clock, struct arena *arena)
{
	*cache = (struct cache){.folder = conf_data_path(conf, arena, "cache"),
		.media = conf_data_path(conf, arena, "media"),
		.most = (uint64_t)conf->cache_size,
		.floor = conf->disk_floor,
		.clock = clock};
}

static const char *entry_path(const struct cache *cache, const struct cache_file *file, struct arena *arena)
{
	return arena_printf(arena, "%s/%s.%" PRIu64 ".%s", cache->folder, file->track, file->size, file->file);
}

static const char *media_path(const struct cache *cache, const struct cache_file *file, struct arena *arena)
{
	return arena_printf(arena, "%s/%s/%s", cache->media, file->track, file->file);
}

static bool is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Opens or makes the entry and finds out whose turn it is; with the lock of the folder. */
static enum err take_turn(const struct cache *cache, const struct cache_file *file, const char *path,
	struct arena *arena, enum cache_turn *turn, int *fd, struct err_info *info)
{
	const char *media = media_path(cache, file, arena);

	if (is_there(media)) {
		*turn = CACHE_THERE;
		return ERR_OK;
	}
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (*fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	*turn = cache_lock(*fd, CACHE_FETCHED) ? CACHE_MINE : CACHE_THEIRS;
	/* Who fetches ends without the lock of the folder: it may have been between the look and the lock. */
	if (*turn == CACHE_MINE && is_there(media)) {
		*turn = CACHE_THERE;
		if (!cache_is_same(path, media))
			unlink(path);
	}
	return ERR_OK;
}

/* Room for all of it; what is there beyond its size was never of this file. */
static enum err reserve(const struct cache *cache, const struct cache_file *file, int fd, struct cache_room *room,
	struct err_info *info)
{
	uint64_t have = 0;
	enum err err = cache_have(fd, &have, info);

	if (err == ERR_OK && have > file->size && ftruncate(fd, 0) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot empty a file of the cache");
	if (err == ERR_OK)
		err = cache_make_room(cache, file, have, room, info);
	if (err == ERR_OK)
		cache_touch(cache, fd);
	return err;
}

enum err cache_claim(struct cache *cache, const struct cache_file *file, enum cache_turn *turn, int *fd,
	struct cache_room *room, struct err_info *info)
{
	struct arena arena = {0};
	const char *path = entry_path(cache, file, &arena);
	int lock = -1;
	enum err err;

	*fd = -1;
	*room = (struct cache_room){0};
	if ((err = cache_lock_folder(cache, &lock, info)) != ERR_OK)
		goto out;
	err = take_turn(cache, file, path, &arena, turn, fd, info);
	if (err == ERR_OK && *turn == CACHE_MINE) {
		err = reserve(cache, file, *fd, room, info);
		if (err != ERR_OK)
			unlink(path);
	}
out:
	if (*fd >= 0 && (err != ERR_OK || *turn != CACHE_MINE)) {
		close(*fd);
		*fd = -1;
	}
	if (lock >= 0)
		close(lock);
	arena_free(&arena);
	return err;
}

enum err cache_have(int fd, uint64_t *have, struct err_info *info)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot look at a file of the cache");
	*have = (uint64_t)status.st_size;
	return ERR_OK;
}

enum err cache_append(int fd, const struct cache_file *file, const void *bytes, size_t length, struct err_info *info)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot write to the cache");
	if ((uint64_t)end > file->size || length > file->size - (uint64_t)end)
		return err_set(info, ERR_UNPROCESSABLE, "the object is longer than the file it should be");
	return fs_write_all(fd, bytes, length, info);
}

static enum err prove(int fd, const struct cache_file *file, const char *etag, struct err_info *info)
{
	unsigned char hash[HASH_SIZE];
	char found[HASH_HEX_SIZE];
	uint64_t have = 0;
	enum err err = cache_have(fd, &have, info);

	if (err == ERR_OK)
		err = hash_sha256_file(fd, hash, info);
	if (err != ERR_OK)
		return err;
	hash_hex(hash, sizeof hash, found);
	if (have != file->size || strcmp(found, etag) != 0)
		return err_set(info, ERR_UNPROCESSABLE, "the object is not the file it should be: %s/%s", file->track,
			file->file);
	return fsync(fd) == 0 ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot finish a file of the cache");
}

/* The second link: the file is in the library. */
static enum err put_in_place(
	const struct cache *cache, const struct cache_file *file, struct arena *arena, struct err_info *info)
{
	const char *to = media_path(cache, file, arena);
	enum err err = fs_make_dirs(arena_printf(arena, "%s/%s", cache->media, file->track), FOLDER_MODE, info);

	if (err != ERR_OK || link(entry_path(cache, file, arena), to) == 0)
		return err;
	if (errno == EEXIST)
		return err_set(info, ERR_CONFLICT, "%s has been made anew", to);
	return err_set_errno(info, ERR_IO, errno, "cannot put %s in its place", to);
}

enum err cache_finish(struct cache *cache, const struct cache_file *file, int fd, const char *etag, int64_t modified,
	struct err_info *info)
{
	const struct timespec times[2] = {cache_now(cache), {.tv_sec = modified}};
	struct arena arena = {0};
	enum err err = prove(fd, file, etag, info);

	if (err == ERR_OK && futimens(fd, times) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot set the time of a file of the cache");
	if (err == ERR_OK)
		err = put_in_place(cache, file, &arena, info);
	if (err == ERR_UNPROCESSABLE || err == ERR_CONFLICT)
		unlink(entry_path(cache, file, &arena));
	arena_free(&arena);
	return err;
}

void cache_remove(struct cache *cache, const struct cache_file *file)
{
	struct arena arena = {0};

	if (cache_is_same(media_path(cache, file, &arena), entry_path(cache, file, &arena)))
		unlink(media_path(cache, file, &arena));
	unlink(entry_path(cache, file, &arena));
	arena_free(&arena);
}

void cache_leave(struct cache *cache, const struct cache_file *file, int fd)
{
	struct arena arena = {0};
	uint64_t have;

	if (cache_have(fd, &have, NULL) == ERR_OK && have == 0)
		unlink(entry_path(cache, file, &arena));
	close(fd);
	arena_free(&arena);
}

/* The entry PATH for the file FROM, which counts as used just now: those who read it are seen from now on only. */
static enum err link_entry(const struct cache *cache, const char *from, const char *path, struct err_info *info)
{
	int fd;

	if (unlink(path) != 0 && errno != ENOENT)
		return err_set_errno(info, ERR_IO, errno, "cannot remove %s", path);
	if (link(from, path) != 0)
		return errno == ENOENT ? err_set(info, ERR_NOT_FOUND, "%s is not there", from)
				       : err_set_errno(info, ERR_IO, errno, "cannot link %s into the cache", from);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		cache_touch(cache, fd);
		close(fd);
	}
	return ERR_OK;
}

enum err cache_adopt(
	struct cache *cache, const struct cache_file *file, struct cache_room *room, struct err_info *info)
{
	struct arena arena = {0};
	const char *path = entry_path(cache, file, &arena), *from = media_path(cache, file, &arena);
	int lock = -1;
	enum err err = cache_lock_folder(cache, &lock, info);

	*room = (struct cache_room){0};
	if (err == ERR_OK)
		err = cache_make_room(cache, file, file->size, room, info);
	if (err == ERR_OK && !cache_is_same(path, from))
		err = link_entry(cache, from, path, info);
	if (lock >= 0)
		close(lock);
	arena_free(&arena);
	return err;
}

void cache_disown(const struct cache *cache, const struct cache_file *file)
{
	struct arena arena = {0};

	unlink(entry_path(cache, file, &arena));
	arena_free(&arena);
}

enum err cache_drop(const struct cache *cache, const struct cache_file *file, struct err_info *info)
{
	struct arena arena = {0};
	const char *path = entry_path(cache, file, &arena), *from = media_path(cache, file, &arena);
	int64_t fresh_ms = clock_ms(cache->clock) - CACHE_FRESH_MS;
	struct stat status;
	int lock = -1;
	enum err err = cache_lock_folder(cache, &lock, info);

	if (err == ERR_OK && !cache_is_same(path, from)) {
		err = link_entry(cache, from, path, info);
		if (err == ERR_OK)
			err = err_set(info, ERR_BUSY, "%s may be in use", from);
	} else if (err == ERR_OK && (stat(path, &status) != 0 || cache_used_ms(&status) > fresh_ms ||
					  !cache_evict(cache, file, path)))
		err = err_set(info, ERR_BUSY, "%s is in use", from);
	if (lock >= 0)
		close(lock);
	arena_free(&arena);
	return err;
}

static enum err open_to_read(const char *path, int *fd, struct err_info *info)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd >= 0)
		return ERR_OK;
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return err_set(info, ERR_NOT_FOUND, "%s is not there", path);
	return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
}

/* A file that cannot be noted as used is delivered all the same: it may go a little early. */
static void note_use(const struct cache *cache, int fd, const struct stat *status)
{
	if (clock_ms(cache->clock) - cache_used_ms(status) > TOUCH_MS)
		cache_touch(cache, fd);
}

enum err cache_hold(const struct cache *cache, const char *path, int *fd, bool *cached, struct err_info *info)
{
	struct stat status;
	enum err err = open_to_read(path, fd, info);

	*cached = err == ERR_OK && fstat(*fd, &status) == 0 && status.st_nlink > 1;
	if (*cached) {
		cache_lock_shared(*fd, CACHE_READ);
		note_use(cache, *fd, &status);
	}
	return err;
}

enum err cache_follow(const struct cache *cache, const struct cache_file *file, int *fd, struct err_info *info)
{
	struct arena arena = {0};
	struct stat status;
	enum err err = open_to_read(entry_path(cache, file, &arena), fd, info);

	if (err == ERR_OK) {
		cache_lock_shared(*fd, CACHE_READ);
		if (fstat(*fd, &status) == 0)
			note_use(cache, *fd, &status);
	}
	arena_free(&arena);
	return err;
}

enum cache_flow cache_look(const struct cache *cache, const struct cache_file *file, int fd, uint64_t *have)
{
	struct arena arena = {0};
	bool fetched = cache_is_locked(fd, CACHE_FETCHED); /* first: it ends behind the second link */
	bool whole = false;
	struct stat status;

	*have = 0;
	if (fstat(fd, &status) == 0 && status.st_nlink > 0) {
		struct stat other;

		whole = lstat(media_path(cache, file, &arena), &other) == 0 && other.st_ino == status.st_ino &&
			other.st_dev == status.st_dev;
		*have = (uint64_t)status.st_size;
		if (!whole && *have >= file->size)
			*have = file->size - 1;
	}
	arena_free(&arena);
	if (whole)
		return CACHE_WHOLE;
	return fetched ? CACHE_FLOWS : CACHE_ENDED;
}
