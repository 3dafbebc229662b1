/* SPDX-License-Identifier: MIT */
#include "storage/cache_folder.h"

#include "base/fs.h"
#include "base/id.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, LOCK_MODE = 0640 };

/* Whoever has the folder's lock looks through it and removes files. */
enum { LOCK_WAIT_MS = 10000, LOCK_PAUSE_MS = 10 };

static bool set_lock(int fd, short type, int64_t first, int64_t length)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = length};

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool cache_lock(int fd, enum cache_byte byte)
{
	return set_lock(fd, F_WRLCK, (int64_t)byte, 1);
}

bool cache_lock_shared(int fd, enum cache_byte byte)
{
	return set_lock(fd, F_RDLCK, (int64_t)byte, 1);
}

bool cache_is_locked(int fd, enum cache_byte byte)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

enum err cache_lock_folder(const struct cache *cache, int *fd, struct err_info *info)
{
	struct arena arena = {0};
	const char *path = arena_printf(&arena, "%s/.lock", cache->folder);
	enum err err = fs_make_dirs(cache->folder, FOLDER_MODE, info);

	*fd = err == ERR_OK ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE) : -1;
	if (err == ERR_OK && *fd < 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	for (int waited = 0; err == ERR_OK && !set_lock(*fd, F_WRLCK, 0, 1); waited += LOCK_PAUSE_MS) {
		if (errno != EAGAIN && errno != EACCES)
			err = err_set_errno(info, ERR_IO, errno, "cannot lock %s", path);
		else if (waited >= LOCK_WAIT_MS)
			err = err_set(info, ERR_BUSY, "the cache stays locked");
		else
			poll(NULL, 0, LOCK_PAUSE_MS);
	}
	if (err != ERR_OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	arena_free(&arena);
	return err;
}

bool cache_is_same(const char *one, const char *other)
{
	struct stat a, b;

	return lstat(one, &a) == 0 && lstat(other, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

struct timespec cache_now(const struct cache *cache)
{
	int64_t now = clock_ms(cache->clock);

	return (struct timespec){.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
}

int64_t cache_used_ms(const struct stat *status)
{
	return (int64_t)status->st_atim.tv_sec * 1000 + status->st_atim.tv_nsec / 1000000;
}

void cache_touch(const struct cache *cache, int fd)
{
	const struct timespec times[2] = {cache_now(cache), {.tv_nsec = UTIME_OMIT}};

	(void)futimens(fd, times);
}

struct entry {
	const char *name;
	struct cache_file file;
	uint64_t size;    /* reserved, or on the disk if that is more */
	uint64_t to_come; /* of what is reserved */
	int64_t used_ms;
};

struct entries {
	struct entry *entries;
	size_t count;
	uint64_t total, to_come;
};

/* Reads "<track>.<size>.<file>". */
static bool read_name(const char *name, struct arena *arena, struct cache_file *out)
{
	const char *size, *file;

	if (strlen(name) <= ID_LENGTH || name[ID_LENGTH] != '.')
		return false;
	out->track = arena_memdup(arena, name, ID_LENGTH);
	size = name + ID_LENGTH + 1;
	file = strchr(size, '.');
	if (!id_valid(out->track) || file == NULL || file[1] == '\0')
		return false;
	out->file = arena_strdup(arena, file + 1);
	return text_to_u64(arena_memdup(arena, size, (size_t)(file - size)), INT64_MAX, &out->size);
}

static void add_entry(struct entries *all, const struct entry *entry, struct arena *arena)
{
	all->entries = arena_grow(arena, all->entries, all->count, sizeof *all->entries);
	all->entries[all->count++] = *entry;
	all->total += entry->size;
	all->to_come += entry->to_come;
}

/* All entries but that of WANT. */
static enum err read_folder(const struct cache *cache, const struct cache_file *want, struct arena *arena,
	struct entries *out, struct err_info *info)
{
	DIR *folder = opendir(cache->folder);
	struct dirent *found;

	if (folder == NULL)
		return err_set_errno(info, ERR_IO, errno, "cannot look into %s", cache->folder);
	while ((found = readdir(folder)) != NULL) {
		struct entry entry = {.name = arena_strdup(arena, found->d_name)};
		struct stat status;

		if (!read_name(found->d_name, arena, &entry.file) ||
			fstatat(dirfd(folder), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(status.st_mode))
			continue;
		if (entry.file.size == want->size && strcmp(entry.file.track, want->track) == 0 &&
			strcmp(entry.file.file, want->file) == 0)
			continue;
		entry.size = (uint64_t)status.st_size > entry.file.size ? (uint64_t)status.st_size : entry.file.size;
		entry.to_come = entry.size - (uint64_t)status.st_size;
		entry.used_ms = cache_used_ms(&status);
		add_entry(out, &entry, arena);
	}
	closedir(folder);
	return ERR_OK;
}

static int by_use(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->used_ms != other->used_ms)
		return one->used_ms < other->used_ms ? -1 : 1;
	return strcmp(one->name, other->name);
}

bool cache_evict(const struct cache *cache, const struct cache_file *file, const char *path)
{
	struct arena arena = {0};
	const char *place = arena_printf(&arena, "%s/%s/%s", cache->media, file->track, file->file);
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool free = fd >= 0 && set_lock(fd, F_WRLCK, 0, CACHE_BYTES);

	/* Its place first: between the two it is what a fetcher has left. */
	if (free && cache_is_same(path, place))
		free = unlink(place) == 0;
	if (free)
		free = unlink(path) == 0;
	if (fd >= 0)
		close(fd);
	arena_free(&arena);
	return free;
}

static bool fits(const struct cache *cache, const struct entries *all, uint64_t size, uint64_t there)
{
	int64_t left = fs_free_bytes(cache->folder) - cache->floor;
	uint64_t to_come = all->to_come + (size > there ? size - there : 0);

	return all->total <= cache->most - size && (to_come == 0 || (left >= 0 && (uint64_t)left >= to_come));
}

enum err cache_make_room(const struct cache *cache, const struct cache_file *want, uint64_t there,
	struct cache_room *room, struct err_info *info)
{
	int64_t fresh_ms = clock_ms(cache->clock) - CACHE_FRESH_MS;
	struct arena arena = {0};
	struct entries all = {0};
	enum err err;

	if (want->size == 0 || want->size > cache->most)
		return err_set(info, ERR_NO_SPACE, "the file is larger than the cache");
	err = read_folder(cache, want, &arena, &all, info);
	if (all.count > 0)
		qsort(all.entries, all.count, sizeof *all.entries, by_use);
	for (size_t i = 0; err == ERR_OK && i < all.count && !fits(cache, &all, want->size, there); i++) {
		const struct entry *entry = &all.entries[i];

		if (entry->used_ms > fresh_ms)
			break;
		if (!cache_evict(cache, &entry->file, arena_printf(&arena, "%s/%s", cache->folder, entry->name)))
			continue;
		all.total -= entry->size;
		all.to_come -= entry->to_come;
		room->evicted++;
	}
	if (err == ERR_OK && !fits(cache, &all, want->size, there))
		err = err_set(info, ERR_NO_SPACE, "the cache has no room for the file");
	room->total = all.total + (err == ERR_OK ? want->size : 0);
	arena_free(&arena);
	return err;
}

void cache_forget(const struct cache *cache, const char *track)
{
	DIR *folder = opendir(cache->folder);
	struct dirent *found;

	if (folder == NULL)
		return;
	while ((found = readdir(folder)) != NULL) {
		if (strncmp(found->d_name, track, ID_LENGTH) == 0)
			unlinkat(dirfd(folder), found->d_name, 0);
	}
	closedir(folder);
}
