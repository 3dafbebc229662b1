/* SPDX-License-Identifier: MIT */
#include "fcgi/api.h"

#include "base/clock.h"
#include "base/fs.h"
#include "model/job.h"
#include "model/job_tell.h"

void api_health(struct request *request, struct response *response)
{
	(void)request;
	response_status(response, 200);
	response_header(response, "Cache-Control", "no-store");
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

/* A transaction that may write is begun, which fails on a read-only or a locked database, and taken back. */
static const char *check_database(struct db *db)
{
	struct err_info info;

	if (db == NULL)
		return "the database cannot be opened";
	if (db_begin(db, &info) != ERR_OK)
		return "the database cannot be written to";
	db_rollback(db);
	return NULL;
}

static const char *check_disk(const struct conf *conf)
{
	int64_t left = fs_free_bytes(conf->data_dir);

	if (left < 0)
		return "the free space of the data folder cannot be told";
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
	ready = put_check(checks, "database", check_database(db));
	ready &= put_check(checks, "disk", check_disk(responder->conf));
	ready &= put_check(checks, "jobrunner", check_runner(db, responder->access.clock));
	if (db != NULL)
		db_pool_give(responder->pool, db);
	response_status(response, ready ? 200 : 503);
	response_header(response, "Cache-Control", "no-store");
	if (!ready)
		response_header(response, "Retry-After", "5");
	response_json(response, ready ? 200 : 503,
		json_pack("{s:s, s:o}", "status", ready ? "ok" : "failing", "checks", checks));
}
