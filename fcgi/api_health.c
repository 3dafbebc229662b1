/* SPDX-License-Identifier: MIT */
#include "fcgi/api.h"

#include "base/clock.h"
#include "base/fs.h"
#include "model/job.h"
#include "model/job_tell.h"

#include <fcntl.h>
#include <unistd.h>

void api_health(struct request *request, struct response *response)
{
	(void)request;
	response_json(response, 200, json_pack("{s:s}", "status", "ok"));
}

/* Adds the check NAME to CHECKS; PROBLEM is NULL when it is passed. Returns whether it is. */
static bool put_check(json_t *checks, const char *name, const char *problem)
{
	json_t *check = json_pack("{s:b}", "ok", problem == NULL);

	if (problem != NULL)
		json_object_set_new(check, "detail", json_string(problem));
	json_object_set_new(checks, name, check);
	return problem == NULL;
}

static bool can_write(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/*
 * Its file, and the folder where its journal comes and goes: a disk that fails becomes read-only under what is open. No
 * write is tried, as all would have to wait for it, and anybody may ask here as often as he likes.
 */
static const char *check_database(const struct conf *conf, struct db *db, struct arena *arena)
{
	if (db == NULL)
		return "the database cannot be opened";
	return can_write(conf_data_path(conf, arena, "tonearm.db")) && can_write(conf->data_dir)
		       ? NULL
		       : "the database cannot be written to";
}

static const char *check_disk(const struct conf *conf)
{
	int64_t left = fs_free_bytes(conf->data_dir);

	if (left < 0)
		return "the free space of the data folder cannot be told";
	if (left == 0)
		return "the data folder is full";
	return left < conf->disk_floor ? "the data folder has less free space than its floor" : NULL;
}

static const char *check_runner(struct db *db, const struct clock *clock)
{
	struct err_info info;
	int64_t seen = 0;

	if (db == NULL || job_runner_last_seen(db, &seen, &info) != ERR_OK)
		return "the database cannot be read";
	if (seen == 0)
		return "no jobrunner was ever seen";
	return clock_ms(clock) - seen > JOB_RUNNER_SEEN_MS ? "no jobrunner was seen within 30 s" : NULL;
}

void api_ready(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	json_t *checks = json_object();
	struct err_info info;
	struct db *db = NULL;
	bool ready;

	db_pool_take(responder->pool, &db, &info);
	ready = put_check(checks, "database", check_database(responder->conf, db, request->arena));
	ready &= put_check(checks, "disk", check_disk(responder->conf));
	ready &= put_check(checks, "jobrunner", check_runner(db, responder->access.clock));
	if (db != NULL)
		db_pool_give(responder->pool, db);
	response_status(response, ready ? 200 : 503);
	if (!ready)
		response_header(response, "Retry-After", "5");
	response_json(response, ready ? 200 : 503,
		json_pack("{s:s, s:o}", "status", ready ? "ok" : "failing", "checks", checks));
}
