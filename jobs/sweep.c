/* SPDX-License-Identifier: MIT */
#include "jobs/sweep.h"

#include "base/id.h"
#include "base/log.h"
#include "jobs/strays.h"
#include "jobs/workdir.h"
#include "storage/spool.h"

enum { UPLOAD_AGE_S = 10, WORKDIR_AGE_S = 60, STRAY_AGE_S = 3600, MEDIA_AT_ONCE = 500 };

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

/* The next entry of <data>/NAME, where the walk of *FOLDER stands. NULL at its end: the next call begins anew. */
static struct dirent *next_entry(const struct conf *conf, const char *name, DIR **folder)
{
	struct arena arena = {0};
	struct dirent *entry;

	if (*folder == NULL)
		*folder = opendir(conf_data_path(conf, &arena, "%s", name));
	arena_free(&arena);
	if (*folder == NULL)
		return NULL;
	entry = readdir(*folder);
	if (entry == NULL) {
		closedir(*folder);
		*folder = NULL;
	}
	return entry;
}

static void sweep_media(struct sweep *sweep)
{
	struct dirent *entry;

	for (int i = 0; i < MEDIA_AT_ONCE && (entry = next_entry(sweep->conf, "media", &sweep->media)) != NULL; i++) {
		if (id_valid(entry->d_name))
			strays_in_media(
				sweep->conf, sweep->db, entry->d_name, clock_seconds(sweep->clock) - STRAY_AGE_S);
	}
}

static void sweep_sources(struct sweep *sweep)
{
	struct dirent *entry;

	for (int i = 0; i < MEDIA_AT_ONCE && (entry = next_entry(sweep->conf, "source", &sweep->source)) != NULL; i++) {
		if (entry->d_name[0] != '.')
			strays_source(sweep->conf, sweep->db, entry->d_name, clock_seconds(sweep->clock) - STRAY_AGE_S);
	}
}

void sweep_folders(struct sweep *sweep)
{
	log_swept("work folders of dead runners removed", workdir_sweep(sweep->conf, WORKDIR_AGE_S));
	sweep_media(sweep);
	sweep_sources(sweep);
}

void sweep_end(struct sweep *sweep)
{
	if (sweep->media != NULL)
		closedir(sweep->media);
	if (sweep->source != NULL)
		closedir(sweep->source);
	sweep->media = sweep->source = NULL;
}
