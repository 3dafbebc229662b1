/* SPDX-License-Identifier: MIT */
/* GET /metrics: for those whom observe.metrics_allow names, and else for this machine alone. */
#include "fcgi/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/network.h"
#include "model/breaker.h"
#include "model/job_tell.h"
#include "model/remote.h"
#include "storage/remote_key.h"

enum { METRICS_MOST = 32 << 20 };

static bool is_here(const char *address)
{
	return network_holds("127.0.0.0/8", address) || network_holds("::1", address);
}

/*
 * What a proxy on this machine brings from outside looks as if it came from here, unless it is trusted and says from
 * where: by these fields it is known.
 */
static bool brought(const struct request *request)
{
	static const char *const fields[] = {"x-forwarded-for", "forwarded", "x-real-ip", "via"};

	for (size_t i = 0; !request->proxied && i < sizeof fields / sizeof *fields; i++) {
		if (request_header(request, fields[i]) != NULL)
			return true;
	}
	return false;
}

static bool may_read(const struct conf *conf, const struct request *request)
{
	const struct conf_networks *allowed = &conf->metrics_allow;
	struct network address;

	if (is_here(request->remote) && brought(request))
		return false;
	if (allowed->count == 0)
		return is_here(request->remote);
	if (!network_read_address(request->remote, &address))
		return false;
	for (size_t i = 0; i < allowed->count; i++) {
		if (network_contains(&allowed->networks[i], &address))
			return true;
	}
	return false;
}

static enum err tell_store(const struct responder *responder, struct db *db, struct arena *arena, struct err_info *info)
{
	const char *store = remote_store(responder->conf, arena);
	struct remote_counts counts;
	enum err err = store == NULL ? ERR_OK : remote_count(db, store, &counts, info);

	if (store == NULL || err != ERR_OK)
		return err;
	metrics_set(responder->metrics, METRIC_SYNC_OBJECTS, (uint64_t)(counts.objects - counts.confirmed), "pending");
	metrics_set(responder->metrics, METRIC_SYNC_OBJECTS, (uint64_t)counts.confirmed, "confirmed");
	return ERR_OK;
}

/* What the database says of now. What cannot be read keeps its last value: the other counters still count. */
static void tell_now(const struct responder *responder, struct arena *arena)
{
	struct err_info info;
	struct db *db;
	enum err err;

	if (db_pool_take(responder->pool, &db, &info) != ERR_OK)
		return;
	err = job_tell(db, responder->metrics, clock_ms(responder->access.clock), &info);
	if (err == ERR_OK)
		err = tell_store(responder, db, arena, &info);
	if (err == ERR_OK)
		err = breaker_tell(db, responder->metrics, &info);
	if (err != ERR_OK)
		log_failure(LOG_WARNING, "not all metrics could be read", &info);
	db_pool_give(responder->pool, db);
}

void api_metrics(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct buf text;

	if (!may_read(responder->conf, request)) {
		response_problem(response, ERR_FORBIDDEN, "observe.metrics_allow does not name this address");
		return;
	}
	tell_now(responder, request->arena);
	buf_init(&text, METRICS_MOST);
	metrics_write(responder->metrics, &text);
	response_status(response, 200);
	response_header(response, "Cache-Control", "no-store");
	response_body(response, "text/plain; version=0.0.4; charset=utf-8", buf_text(&text), text.length);
	buf_free(&text);
}
