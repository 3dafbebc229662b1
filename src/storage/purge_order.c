/* SPDX-License-Identifier: MIT */
#include "storage/purge_order.h"

#include "base/json.h"
#include "model/job.h"
#include "model/purge.h"
#include "model/stored.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128 }; /* of a cache: more than the configuration takes */

/* What the track has now; a cache has what is damaged here as it was. */
static enum err describe(
	struct db *db, const char *track, struct arena *arena, struct purge *purge, struct err_info *info)
{
	struct stored *files;
	size_t count;
	enum err err = stored_list(db, track, arena, &files, &count, info);

	purge->files = purge->qualities = "";
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		const char *apart = purge->files[0] == '\0' ? "" : " ";

		if (files[i].what != STORED_RENDITION)
			continue;
		purge->files = arena_printf(arena, "%s%s%s", purge->files, apart, files[i].file);
		purge->qualities = arena_printf(arena, "%s%s%s", purge->qualities, apart, files[i].name);
	}
	return err;
}

enum err purge_order(const struct conf *conf, struct db *db, const struct clock *clock, const char *track,
	struct arena *arena, struct err_info *info)
{
	struct purge purge = {.asked_ms = clock_ms(clock)};
	enum err err;

	if (conf->purge_count == 0 || !id_valid(track))
		return ERR_OK;
	snprintf(purge.track, sizeof purge.track, "%s", track);
	err = describe(db, track, arena, &purge, info);
	for (size_t i = 0; err == ERR_OK && i < conf->purge_count; i++) {
		const char *name = conf->purges[i].name;

		err = purge_put(db, name, &purge, info);
		if (err == ERR_OK)
			err = job_submit_once(
				db, clock, PURGE_KIND, arena_printf(arena, "{\"cache\":\"%s\"}", name), 0, NULL, info);
	}
	return err;
}

enum err purge_target(
	const struct conf *conf, const char *payload, const struct conf_purge **out, struct err_info *info)
{
	char name[NAME_SIZE];
	enum err err = json_read_only_text(payload, "cache", name, sizeof name, info);

	*out = NULL;
	for (size_t i = 0; err == ERR_OK && i < conf->purge_count; i++) {
		if (strcmp(conf->purges[i].name, name) == 0)
			*out = &conf->purges[i];
	}
	return err;
}
