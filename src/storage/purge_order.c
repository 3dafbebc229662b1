/* SPDX-License-Identifier: MIT */
#include "storage/purge_order.h"

#include "base/json.h"
#include "model/job.h"
#include "model/purge.h"
#include "model/rendition.h"

#include <stdio.h>
#include <string.h>

static enum err submit(
	struct db *db, const struct clock *clock, const char *target, struct arena *arena, struct err_info *info)
{
	struct job job = {.kind = PURGE_KIND,
		.payload = arena_printf(arena, "{\"cache\":\"%s\"}", target),
		.submitter = "",
		.max_attempts = job_kind_find(PURGE_KIND)->max_attempts,
		.created_ms = clock_ms(clock)};

	id_new(clock, job.id);
	return job_submit_once(db, &job, NULL, info);
}

/* What the track has now. */
static enum err describe(
	struct db *db, const char *track, struct arena *arena, struct purge *purge, struct err_info *info)
{
	struct rendition *renditions;
	struct track ignored;
	size_t count = 0;
	enum err err = rendition_list(db, track, arena, &ignored, &renditions, &count, info);

	purge->files = purge->qualities = "";
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		const char *apart = i == 0 ? "" : " ";

		purge->files = arena_printf(arena, "%s%s%s", purge->files, apart, renditions[i].file);
		purge->qualities = arena_printf(arena, "%s%s%s", purge->qualities, apart, renditions[i].quality);
	}
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
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
		err = purge_put(db, conf->purges[i].name, &purge, info);
		if (err == ERR_OK)
			err = submit(db, clock, conf->purges[i].name, arena, info);
	}
	return err;
}

enum err purge_target(
	const struct conf *conf, const char *payload, const struct conf_purge **out, struct err_info *info)
{
	static const char *const names[] = {"cache", NULL};
	const char *name = "";
	json_t *object;
	enum err err = json_read_object(payload, strlen(payload), &object, info);

	*out = NULL;
	if (err != ERR_OK)
		return err;
	err = json_read_members(object, names, info);
	if (err == ERR_OK)
		err = json_read_text(object, "cache", JOB_PAYLOAD_MOST, &name, info);
	for (size_t i = 0; err == ERR_OK && i < conf->purge_count; i++) {
		if (strcmp(conf->purges[i].name, name) == 0)
			*out = &conf->purges[i];
	}
	json_decref(object);
	return err;
}
