/* SPDX-License-Identifier: MIT */
#include "jobs/sweep.h"

#include "base/fs.h"
#include "base/log.h"
#include "jobs/workdir.h"
#include "model/track.h"
#include "storage/spool.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { UPLOAD_AGE_S = 10, WORKDIR_AGE_S = 60, MEDIA_AGE_S = 3600, MEDIA_AT_ONCE = 500 };

static void log_swept(const char *message, size_t count)
{
	struct log_line line;

	if (count == 0)
		return;
	log_begin(&line, LOG_INFO, message);
	log_number(&line, "count", (int64_t)count);
	log_end(&line);
}

void sweep_uploads(struct sweep *sweep)
{
	log_swept("uploads given up by their writers removed", spool_sweep(sweep->conf, UPLOAD_AGE_S));
}

static bool has_no_track(struct sweep *sweep, const char *id)
{
	struct err_info info = {0};
	struct arena arena = {0};
	struct track track;
	enum err err = track_get(sweep->db, id, &arena, &track, &info);

	arena_free(&arena);
	return err == ERR_NOT_FOUND;
}

static void remove_media(struct sweep *sweep, const char *id)
{
	struct err_info info = {0};
	struct arena arena = {0};
	struct log_line line;

	log_begin(&line, LOG_WARNING, "media folder without a track removed");
	log_text(&line, "track", id);
	log_end(&line);
	if (fs_remove_tree(conf_data_path(sweep->conf, &arena, "media/%s", id), &info) != ERR_OK)
		log_failure(LOG_WARNING, "cannot remove a media folder", &info);
	arena_free(&arena);
}

static void sweep_media(struct sweep *sweep)
{
	struct arena arena = {0};
	struct dirent *entry;
	struct stat status;

	if (sweep->media == NULL)
		sweep->media = opendir(conf_data_path(sweep->conf, &arena, "media"));
	arena_free(&arena);
	if (sweep->media == NULL)
		return;
	for (int i = 0; i < MEDIA_AT_ONCE; i++) {
		entry = readdir(sweep->media);
		if (entry == NULL) {
			sweep_end(sweep);
			return;
		}
		if (!id_valid(entry->d_name) ||
			fstatat(dirfd(sweep->media), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISDIR(status.st_mode) || status.st_mtime > clock_seconds(sweep->clock) - MEDIA_AGE_S)
			continue;
		if (has_no_track(sweep, entry->d_name))
			remove_media(sweep, entry->d_name);
	}
}

void sweep_folders(struct sweep *sweep)
{
	log_swept("work folders of dead runners removed", workdir_sweep(sweep->conf, WORKDIR_AGE_S));
	sweep_media(sweep);
}

void sweep_end(struct sweep *sweep)
{
	if (sweep->media != NULL)
		closedir(sweep->media);
	sweep->media = NULL;
}
