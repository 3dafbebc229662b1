/* SPDX-License-Identifier: MIT */
#include "storage/local_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* A walk through the folders in the order of the keys. */
struct tour {
	const char *prefix, *after;
	size_t limit;
	struct arena *arena;
	struct storage_objects *out;
	struct err_info *info;
};

/* An entry of one folder; a folder's name ends with a slash, so that names sort as the keys below them do. */
struct place {
	const char *name;
	struct stat st;
};

static int compare(const void *left, const void *right)
{
	return strcmp(((const struct place *)left)->name, ((const struct place *)right)->name);
}

/* The plain files and folders of PATH, sorted, in ARENA. A folder that is gone is empty. */
static enum err read_places(const char *path, struct arena *arena, struct place **out, size_t *count,
	struct err_info *info)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	*count = 0;
	*out = NULL;
	if (dir == NULL)
		return errno == ENOENT ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot read the folder %s", path);
	while ((entry = readdir(dir)) != NULL) {
		struct place place = {.name = entry->d_name};

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(dir), entry->d_name, &place.st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!(S_ISDIR(place.st.st_mode) || S_ISREG(place.st.st_mode)))
			continue;
		place.name = arena_printf(arena, "%s%s", entry->d_name, S_ISDIR(place.st.st_mode) ? "/" : "");
		*out = arena_grow(arena, *out, *count, sizeof **out);
		(*out)[(*count)++] = place;
	}
	closedir(dir);
	if (*count > 0)
		qsort(*out, *count, sizeof **out, compare);
	return ERR_OK;
}

static void take(struct tour *tour, const char *key, const struct stat *st)
{
	if (strncmp(key, tour->prefix, strlen(tour->prefix)) != 0 || strcmp(key, tour->after) <= 0)
		return;
	if (tour->out->count == tour->limit) {
		tour->out->more = true;
		return;
	}
	tour->out->objects[tour->out->count++] = (struct storage_object){.key = arena_strdup(tour->arena, key),
		.size = (uint64_t)st->st_size,
		.modified_s = (int64_t)st->st_mtim.tv_sec,
		.etag = local_etag(st, tour->arena)};
}

/* Whether a folder KEY (with its slash) may hold what is looked for. */
static bool may_hold(const struct tour *tour, const char *key)
{
	size_t length = strlen(key), prefix = strlen(tour->prefix);

	if (strncmp(key, tour->prefix, length < prefix ? length : prefix) != 0)
		return false;
	/* All keys in it come before AFTER when it does, unless AFTER is in it. */
	return strcmp(key, tour->after) > 0 || strncmp(key, tour->after, length) == 0;
}

/* KEY is the folder's: "" or with a slash at its end. */
static enum err visit(struct tour *tour, const struct local *local, const char *key)
{
	struct arena arena = {0};
	struct place *places;
	size_t count;
	enum err err =
		read_places(arena_printf(&arena, "%s/%s", local->folder, key), &arena, &places, &count, tour->info);

	for (size_t i = 0; i < count && err == ERR_OK && !tour->out->more; i++) {
		const char *name = arena_printf(&arena, "%s%s", key, places[i].name);

		if (S_ISREG(places[i].st.st_mode))
			take(tour, name, &places[i].st);
		else if (strcmp(name, LOCAL_UPLOADS "/") != 0 && strlen(name) <= STORAGE_KEY_MOST &&
			 may_hold(tour, name))
			err = visit(tour, local, name);
	}
	arena_free(&arena);
	return err;
}

enum err local_list(struct storage *storage, const char *prefix, const char *after, size_t limit, struct arena *arena,
	struct storage_objects *out, struct err_info *info)
{
	struct tour tour = {prefix, after, limit, arena, out, info};

	out->objects = arena_array(arena, limit, sizeof *out->objects);
	return visit(&tour, (const struct local *)(const void *)storage, "");
}
