/* SPDX-License-Identifier: MIT */
#include "jobs/strays.h"

#include "base/fs.h"
#include "base/log.h"
#include "model/job.h"
#include "model/stored.h"
#include "model/track.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the rows say of one track. */
struct named {
	bool gone; /* there is no such track */
	bool busy; /* a job is at work on it */
	struct track track;
	struct stored *files;
	size_t count;
};

static void log_stray(const char *message, const char *name)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, message);
	log_text(&line, "name", name);
	log_end(&line);
}

static enum err look_up(struct db *db, const char *id, struct arena *arena, struct named *out, struct err_info *info)
{
	struct job *last;
	size_t count = 0;
	enum err err = track_get(db, id, arena, &out->track, info);

	out->gone = err == ERR_NOT_FOUND;
	if (err != ERR_OK)
		return out->gone ? ERR_OK : err;
	err = stored_list(db, id, arena, &out->files, &out->count, info);
	if (err == ERR_OK)
		err = job_list(db, NULL, NULL, id, 1, arena, &last, &count, info);
	out->busy = err == ERR_OK && count > 0 && (last->state == JOB_QUEUED || last->state == JOB_RUNNING);
	return err;
}

static bool names_file(const struct named *named, const char *name)
{
	for (size_t i = 0; i < named->count; i++) {
		if (named->files[i].what != STORED_SOURCE && strcmp(named->files[i].file, name) == 0)
			return true;
	}
	return false;
}

/* Of a file the change of the inode counts, which a rename is: its bytes may be as old as the job was long. */
static bool is_old(int folder, const char *name, mode_t type, int64_t before)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || (status.st_mode & S_IFMT) != type)
		return false;
	return (type == S_IFDIR ? status.st_mtime : status.st_ctime) < before;
}

/* How many files no row names; with REMOVE they go. */
static size_t unnamed_files(const char *path, const struct named *named, int64_t before, bool remove)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		if (!is_old(dirfd(folder), entry->d_name, S_IFREG, before) || names_file(named, entry->d_name))
			continue;
		count++;
		if (remove && unlinkat(dirfd(folder), entry->d_name, 0) == 0)
			log_stray("file without a row removed", entry->d_name);
	}
	closedir(folder);
	return count;
}

static void remove_folder(const char *path, const char *track)
{
	struct err_info info = {0};

	log_stray("media folder without a track removed", track);
	if (fs_remove_tree(path, &info) != ERR_OK)
		log_failure(LOG_WARNING, "cannot remove a media folder", &info);
}

/* The second look, under the write lock. */
static enum err remove_from(
	struct db *db, const char *track, const char *path, int64_t before, struct arena *arena, struct err_info *info)
{
	struct named named = {0};
	enum err err = db_begin(db, info);

	if (err != ERR_OK)
		return err;
	err = look_up(db, track, arena, &named, info);
	if (err == ERR_OK && named.gone)
		remove_folder(path, track);
	else if (err == ERR_OK && !named.busy)
		unnamed_files(path, &named, before, true);
	db_rollback(db);
	return err;
}

void strays_in_media(const struct conf *conf, struct db *db, const char *track, int64_t before)
{
	struct err_info info = {0};
	struct arena arena = {0};
	struct named named = {0};
	const char *path = conf_data_path(conf, &arena, "media/%s", track);
	enum err err = look_up(db, track, &arena, &named, &info);
	bool strays = err == ERR_OK && (named.gone ? is_old(AT_FDCWD, path, S_IFDIR, before)
						   : !named.busy && unnamed_files(path, &named, before, false) > 0);

	if (strays)
		err = remove_from(db, track, path, before, &arena, &info);
	if (err != ERR_OK)
		log_failure(LOG_WARNING, "cannot look for files without a row", &info);
	arena_free(&arena);
}

void strays_source(const struct conf *conf, struct db *db, const char *name, int64_t before)
{
	struct err_info info = {0};
	struct arena arena = {0};
	const char *path = conf_data_path(conf, &arena, "source/%s", name);
	struct named named = {0};
	char id[ID_SIZE];
	enum err err = ERR_OK;

	snprintf(id, sizeof id, "%.*s", ID_LENGTH, name);
	if (id_valid(id) && is_old(AT_FDCWD, path, S_IFREG, before)) {
		err = look_up(db, id, &arena, &named, &info);
		if (err == ERR_OK && !named.busy &&
			(named.gone || named.track.source_file == NULL || strcmp(named.track.source_file, name) != 0)) {
			log_stray("source without a track removed", name);
			if (unlink(path) != 0 && errno != ENOENT)
				err = err_set_errno(&info, ERR_IO, errno, "cannot remove %s", path);
		}
	}
	if (err != ERR_OK)
		log_failure(LOG_WARNING, "cannot look for sources without a track", &info);
	arena_free(&arena);
}
