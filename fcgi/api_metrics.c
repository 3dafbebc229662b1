/* SPDX-License-Identifier: MIT */
/* GET /metrics: for those whom observe.metrics_allow names, and else for this machine alone. */
#include "fcgi/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/network.h"
#include "model/job_tell.h"

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

/* What cannot be read keeps its last value: the other counters still count. */
static void set_job_metrics(struct responder *responder)
{
	struct err_info info;
	struct db *db;

	if (db_pool_take(responder->pool, &db, &info) != ERR_OK)
		return;
	if (job_tell(db, responder->metrics, clock_ms(responder->access.clock), &info) != ERR_OK)
		log_failure(LOG_WARNING, "the job table cannot be read", &info);
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
	set_job_metrics(responder);
	buf_init(&text, METRICS_MOST);
	metrics_write(responder->metrics, &text);
	response_status(response, 200);
	response_header(response, "Cache-Control", "no-store");
	response_body(response, "text/plain; version=0.0.4; charset=utf-8", buf_text(&text), text.length);
	buf_free(&text);
}
