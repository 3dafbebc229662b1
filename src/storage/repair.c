/* SPDX-License-Identifier: MIT */
#include "storage/repair.h"

#include "base/log.h"
#include "base/wake.h"
#include "conf/profile.h"
#include "model/rendition.h"
#include "storage/origin.h"

#include <stdio.h>
#include <string.h>

#define REST_MS (REPAIR_REST_DAYS * INT64_C(86400000))

struct patient {
	const struct conf *conf;
	struct db *db;
	struct arena *arena;
	int64_t now_ms;
	struct track track;
	size_t whole; /* renditions that can be heard */
	struct stored_damaged *damaged;
	size_t count;
	struct origin origin;
	bool again, extras; /* as repair_track() has them */
};

static enum err examine(struct patient *patient, const char *track, struct err_info *info)
{
	struct rendition *renditions;
	enum err err = rendition_list(
		patient->db, track, patient->arena, &patient->track, &renditions, &patient->whole, info);

	if (err == ERR_OK)
		err = stored_list_damaged(
			patient->db, track, patient->arena, &patient->damaged, &patient->count, info);
	if (err == ERR_OK)
		err = origin_find(patient->conf, patient->db, &patient->track, patient->arena, &patient->origin, info);
	return err;
}

static bool is_same(const struct conf_rendition *rendition, const struct stored_damaged *damaged)
{
	return strcmp(rendition->quality, damaged->quality) == 0 && strcmp(rendition->codec, damaged->codec) == 0 &&
	       strcmp(rendition->container, damaged->container) == 0;
}

static bool find_order(const struct conf_rendition *renditions, size_t count, const struct stored_damaged *damaged,
	struct conf_rendition *out)
{
	for (size_t i = 0; i < count; i++) {
		if (is_same(&renditions[i], damaged)) {
			*out = renditions[i];
			return true;
		}
	}
	return false;
}

/* A rate that was measured of packets passed through may be none that an encoder has: then the next above. */
static void settle_rate(struct conf_rendition *order)
{
	enum { STEP = 8000, MOST = 320000 };
	struct err_info info;

	while (profile_check(order, &info) != ERR_OK && order->bit_rate > 0 && order->bit_rate < MOST)
		order->bit_rate = (order->bit_rate / STEP + 1) * STEP;
}

/* What was ordered when DAMAGED was made: as a job or the ladder has it, else what can be told from its row. */
static struct conf_rendition order_of(const struct patient *patient, const struct stored_damaged *damaged)
{
	const struct transcode_job *earlier = &patient->origin.order;
	const struct conf *conf = patient->conf;
	struct conf_rendition order = {
		.quality = damaged->quality,
		.codec = damaged->codec,
		.container = damaged->container,
		.bit_rate = damaged->bit_rate,
		.sample_rate = damaged->sample_rate,
		/* One of a mono source may well have been ordered with two. */
		.channels = patient->track.channels == 1 ? 2 : damaged->channels,
	};

	if (!find_order(earlier->renditions, patient->origin.ordered ? earlier->count : 0, damaged, &order) &&
		!find_order(conf->ladder, conf->ladder_count, damaged, &order))
		settle_rate(&order);
	return order;
}

static bool needs_job(const struct patient *patient, const struct stored_damaged *damaged)
{
	int64_t now = patient->now_ms;

	if (patient->again)
		return true;
	return damaged->repair_job == NULL &&
	       (damaged->repaired_ms == 0 || damaged->repaired_ms > now || now - damaged->repaired_ms > REST_MS);
}

/*
 * Submits a job for those of the damaged that need one; extras that the track lacks come with it. *JOB stays "" when
 * nothing does.
 */
static enum err order_repair(
	const struct patient *patient, const struct clock *clock, char job_id[static ID_SIZE], struct err_info *info)
{
	struct conf_rendition *orders = arena_array(patient->arena, patient->count + 1, sizeof *orders);
	struct transcode_job payload = {.source = patient->origin.source,
		.import = patient->origin.import,
		.renditions = orders,
		.sound = patient->origin.order.sound,
		.passthrough = patient->origin.order.passthrough};
	struct job job = {.kind = TRANSCODE_KIND,
		.track = patient->track.id,
		.submitter = "",
		.priority = REPAIR_PRIORITY,
		.max_attempts = patient->conf->job_max_attempts,
		.created_ms = patient->now_ms};
	enum err err = ERR_OK;

	id_new(clock, job.id);
	for (size_t i = 0; err == ERR_OK && i < patient->count && payload.count < TRANSCODE_RENDITIONS_MOST; i++) {
		if (!needs_job(patient, &patient->damaged[i]))
			continue;
		orders[payload.count++] = order_of(patient, &patient->damaged[i]);
		err = stored_set_repair(patient->db, patient->track.id, patient->damaged[i].quality, job.id, info);
	}
	if (err != ERR_OK || (payload.count == 0 && !patient->extras))
		return err;
	job.payload = transcode_job_encode(&payload, patient->arena);
	err = job_submit(patient->db, &job, 0, info);
	if (err == ERR_OK)
		memcpy(job_id, job.id, ID_SIZE);
	return err;
}

/* "high altered, low missing" */
static const char *describe(const struct patient *patient)
{
	const char *text = "";

	for (size_t i = 0; i < patient->count; i++)
		text = arena_printf(patient->arena, "%s%s%s %s", text, i == 0 ? "" : ", ", patient->damaged[i].quality,
			damage_name(patient->damaged[i].damage));
	return text;
}

/* What listeners are told of the track. */
static enum err settle_state(const struct patient *patient, bool in_repair, struct err_info *info)
{
	const struct track *track = &patient->track;
	enum track_state state = track->state;
	const char *failure = NULL;

	if (patient->whole > 0 && !in_repair && state != TRACK_READY)
		state = TRACK_READY;
	if (patient->whole == 0 && patient->count > 0 && in_repair)
		state = TRACK_PENDING;
	if (patient->whole == 0 && patient->count > 0 && !in_repair) {
		state = TRACK_FAILED;
		failure = arena_printf(patient->arena, "all renditions are damaged (%s)%s%s", describe(patient),
			patient->origin.lack != NULL ? ", and the source " : "",
			patient->origin.lack != NULL ? patient->origin.lack : "");
	}
	if (state == track->state &&
		(failure == NULL || (track->failure != NULL && strcmp(failure, track->failure) == 0)))
		return ERR_OK;
	return track_set_state(patient->db, track->id, state, failure, patient->now_ms, info);
}

static enum err treat(struct patient *patient, const struct clock *clock, const char *track, struct repair *out,
	struct err_info *info)
{
	enum err err = examine(patient, track, info);

	if (err == ERR_NOT_FOUND)
		return err_clear(info);
	if (err != ERR_OK)
		return err;
	out->damaged = patient->count + patient->extras;
	out->lack = patient->origin.lack;
	if (out->damaged > 0 && out->lack == NULL && !patient->origin.at_work)
		err = order_repair(patient, clock, out->job, info);
	return err == ERR_OK ? settle_state(patient, patient->origin.at_work || out->job[0] != '\0', info) : err;
}

static void log_repair(const char *track, const struct repair *repair)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, "damaged files are made anew");
	log_text(&line, "track", track);
	log_text(&line, "job", repair->job);
	log_end(&line);
}

enum err repair_track(const struct conf *conf, struct db *db, const struct clock *clock, const char *track, bool again,
	bool extras, struct arena *arena, struct repair *out, struct err_info *info)
{
	struct patient patient = {.conf = conf,
		.db = db,
		.arena = arena,
		.now_ms = clock_ms(clock),
		.again = again,
		.extras = extras};
	enum err err = db_begin(db, info);

	*out = (struct repair){0};
	if (err != ERR_OK)
		return err;
	err = treat(&patient, clock, track, out, info);
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK) {
		db_rollback(db);
		return err;
	}
	if (out->job[0] != '\0') {
		log_repair(track, out);
		wake_post(conf->run_dir);
	}
	return ERR_OK;
}
