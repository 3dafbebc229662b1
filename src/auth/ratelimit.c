/* SPDX-License-Identifier: MIT */
#include "auth/ratelimit.h"

#include "auth/rate_table.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct ratelimit {
	const struct conf *conf;
	struct arena arena;
	const char **policies; /* of each rule, as RateLimit-Policy has it; in the arena */
	struct rate_table *table;
	struct metrics *metrics;
	const struct clock *clock;
};

/* What requests count as by the beginning of their route's pattern, and its end; the first that fits counts. */
static const struct {
	int methods; /* 0: any */
	const char *begin, *end;
	enum conf_route route;
} kinds[] = {
	{0, "/hls/", ".m3u8", CONF_PLAYLIST},
	{0, "/dash/", ".mpd", CONF_PLAYLIST},
	{0, "/hls/", "", CONF_MEDIA},
	{0, "/dash/", "", CONF_MEDIA},
	{0, "/stream/", "", CONF_MEDIA},
	{0, "/media/", "", CONF_MEDIA},
	{0, "/keys/", "", CONF_KEY},
	{0, "/auth/check", "", CONF_ROUTES}, /* its handler asks, and answers in a way that web servers bear */
	{0, "/auth/", "", CONF_AUTH},
	{0, "/uploads", "", CONF_UPLOAD},
	{HTTP_POST, "/api/v1/tracks", "", CONF_UPLOAD},
	{0, "/health", "", CONF_ROUTES},
	{0, "/readyz", "", CONF_ROUTES},
	{0, "/metrics", "", CONF_ROUTES},
	{0, "/robots.txt", "", CONF_ROUTES},
};

static int64_t seconds_of(int64_t ms)
{
	return (ms + 999) / 1000;
}

/* How long the bucket of RULE takes to fill, at least a second. */
static int64_t window_of(const struct conf_rate *rule)
{
	int64_t window = (int64_t)((double)rule->burst / (rule->requests > 0 ? rule->requests : (double)rule->bytes));

	return window > 0 ? window : 1;
}

static const char *policy_of(struct arena *arena, const struct conf_rate *rule)
{
	if (rule->streams > 0)
		return arena_printf(
			arena, "\"%s\";q=%" PRId64 ";qu=\"concurrent-requests\"", rule->name, rule->streams);
	return arena_printf(arena, "\"%s\";q=%" PRId64 "%s;w=%" PRId64, rule->name, rule->burst,
		rule->bytes > 0 ? ";qu=\"content-bytes\"" : "", window_of(rule));
}

enum err ratelimit_open(const struct conf *conf, const char *path, struct metrics *metrics, const struct clock *clock,
	struct ratelimit **out, struct err_info *info)
{
	struct ratelimit *limits;
	enum err err;

	*out = NULL;
	if (conf->rate_count == 0 && conf->robot_count == 0)
		return ERR_OK;
	limits = calloc(1, sizeof *limits);
	if (limits == NULL)
		abort();
	*limits = (struct ratelimit){.conf = conf, .metrics = metrics, .clock = clock};
	limits->policies = arena_array(&limits->arena, conf->rate_count + 1, sizeof *limits->policies);
	for (size_t i = 0; i < conf->rate_count; i++)
		limits->policies[i] = policy_of(&limits->arena, &conf->rates[i]);
	err = rate_table_open(path, &limits->table, info);
	if (err == ERR_OK)
		*out = limits;
	else
		ratelimit_close(limits);
	return err;
}

void ratelimit_close(struct ratelimit *limits)
{
	if (limits == NULL)
		return;
	rate_table_close(limits->table);
	arena_free(&limits->arena);
	free(limits);
}

enum conf_route ratelimit_route(enum http_method method, const char *pattern)
{
	size_t length = strlen(pattern);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t end = strlen(kinds[i].end);

		if ((kinds[i].methods == 0 || kinds[i].methods & (int)method) &&
			strncmp(pattern, kinds[i].begin, strlen(kinds[i].begin)) == 0 && length >= end &&
			strcmp(pattern + length - end, kinds[i].end) == 0)
			return kinds[i].route;
	}
	return CONF_API;
}

/* --- what is told -------------------------------------------------------------------------------------------- */

/* One policy more, and what is left of it, to what the answer tells. */
static void tell(const struct ratelimit *limits, struct request *request, const struct conf_rate *rule,
	const struct rate_answer *answer)
{
	const char *policy = limits->policies[rule - limits->conf->rates];
	struct request_quota *told = &request->quota;
	const char *state = arena_printf(request->arena, "\"%s\";r=%" PRId64 ";t=%" PRId64, rule->name, answer->left,
		seconds_of(answer->wait_ms));

	if (told->policies != NULL) {
		policy = arena_printf(request->arena, "%s, %s", told->policies, policy);
		state = arena_printf(request->arena, "%s, %s", told->states, state);
	}
	told->policies = policy;
	told->states = state;
}

/*
 * Once in a process it is told of an address that may be everybody's, and is limited, or exempt, as one: without a word from
 * the operator what it says of its clients does not count.
 */
static void suspect_proxy(const struct request *request)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	struct log_line line;

	if (request->proxied || request_header(request, "x-forwarded-for") == NULL || atomic_flag_test_and_set(&told))
		return;
	log_begin(&line, LOG_WARNING, "counts as one client, and names others by X-Forwarded-For: is it a proxy for http.trusted_proxies?");
	log_text(&line, "remote", request->remote);
	log_end(&line);
}

static enum err refuse(const struct ratelimit *limits, struct request *request, const char *name, const char *what,
	const char *whose, int64_t wait_ms, struct err_info *info)
{
	int64_t wait_s = wait_ms > 0 ? seconds_of(wait_ms) : 1;

	if (wait_s > request->quota.retry_s)
		request->quota.retry_s = wait_s;
	suspect_proxy(request);
	metrics_add(limits->metrics, METRIC_RATE_LIMITED, 1, what, whose, conf_route_names[request->quota.route]);
	return err_set(info, ERR_TOO_MANY, "too many %s (limit %s): come again in %" PRId64 " s", what, name, wait_s);
}

/* --- who counts ---------------------------------------------------------------------------------------------- */

/* A key of the address that is counted, and NUMBER; what is none (of a server that has none to tell) counts as it is. */
static uint64_t address_key(const struct ratelimit *limits, const struct request *request, uint64_t number)
{
	struct network network;

	if (!network_read_address(request->remote, &network))
		return rate_key(limits->table, request->remote, strlen(request->remote), number);
	network_widen(&network, NETWORK_BITS_4, (unsigned)limits->conf->ipv6_prefix);
	return rate_key(limits->table, network.bytes, sizeof network.bytes, number);
}

static uint64_t text_key(const struct ratelimit *limits, const char *text, uint64_t number)
{
	return rate_key(limits->table, text, strlen(text), number);
}

static bool is_exempt(const struct ratelimit *limits, const struct request *request)
{
	const struct conf_networks *exempt = &limits->conf->exempt;
	struct network address;

	if (!network_read_address(request->remote, &address))
		return false;
	for (size_t i = 0; i < exempt->count; i++) {
		if (network_contains(&exempt->networks[i], &address))
			return true;
	}
	return false;
}

/* Without a cookie and anything that could be a credential. */
static bool is_stranger(const struct request *request)
{
	static const char *const credentials[] = {"token", "sig", "grant"};

	if (request_header(request, "cookie") != NULL || request_header(request, "authorization") != NULL)
		return false;
	for (size_t i = 0; i < sizeof credentials / sizeof *credentials; i++) {
		if (request_query(request, credentials[i]) != NULL)
			return false;
	}
	return true;
}

/* The key of RULE for SUBJECT, or for the address. */
static uint64_t key_of(const struct ratelimit *limits, const struct request *request, const struct conf_rate *rule,
	uint64_t subject)
{
	uint64_t number = text_key(limits, rule->name, (uint64_t)rule->by);

	if (rule->by == CONF_BY_ALL)
		return number;
	if (rule->by == CONF_BY_SUBJECT)
		return rate_key(limits->table, &subject, sizeof subject, number);
	return address_key(limits, request, number);
}

/* Whether RULE is for REQUEST, which has been admitted; rules by subject only for one that has one. */
static bool concerns(const struct request *request, const struct conf_rate *rule, uint64_t subject)
{
	if ((rule->routes & 1U << request->quota.route) == 0)
		return false;
	if (rule->by == CONF_BY_SUBJECT)
		return subject != 0;
	return rule->by != CONF_BY_STRANGER || is_stranger(request);
}

/* --- the looks ----------------------------------------------------------------------------------------------- */

/* NEED and COST as rate_take() has them. */
static enum err take(const struct ratelimit *limits, struct request *request, const struct conf_rate *rule,
	uint64_t subject, double need, double cost, struct err_info *info)
{
	const struct rate_bucket bucket = {
		rule->requests > 0 ? rule->requests : (double)rule->bytes, (double)rule->burst};
	struct rate_answer answer = rate_take(limits->table, key_of(limits, request, rule, subject), &bucket, need,
		cost, clock_ms(limits->clock));

	tell(limits, request, rule, &answer);
	return answer.granted ? ERR_OK
			      : refuse(limits, request, rule->name, rule->bytes > 0 ? "bytes" : "requests",
					conf_by_names[rule->by], answer.wait_ms, info);
}

/* All rules of requests, those by subject or those that are not. */
static enum err count_request(
	const struct ratelimit *limits, struct request *request, uint64_t subject, struct err_info *info)
{
	for (size_t i = 0; i < limits->conf->rate_count; i++) {
		const struct conf_rate *rule = &limits->conf->rates[i];
		enum err err;

		if (rule->requests <= 0 || (rule->by == CONF_BY_SUBJECT) != (subject != 0) ||
			!concerns(request, rule, subject))
			continue;
		err = take(limits, request, rule, subject, 1, 1, info);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* The row of limits.robots that the request's User-Agent fits, NULL when there is none. */
static const struct conf_robot *find_robot(const struct ratelimit *limits, const struct request *request)
{
	const char *agent = limits->conf->robot_count > 0 ? request_header(request, "user-agent") : NULL;

	for (size_t i = 0; agent != NULL && i < limits->conf->robot_count; i++) {
		if (strcasestr(agent, limits->conf->robots[i].agent) != NULL)
			return &limits->conf->robots[i];
	}
	return NULL;
}

static enum err judge_robot(const struct ratelimit *limits, struct request *request, const struct conf_robot *robot,
	struct err_info *info)
{
	const struct rate_bucket bucket = {robot->requests, (double)robot->burst};
	struct rate_answer answer;

	if (robot->requests <= 0) {
		metrics_add(limits->metrics, METRIC_RATE_LIMITED, 1, "requests", "robot",
			conf_route_names[request->quota.route]);
		return err_set(info, ERR_FORBIDDEN, "programs of this kind get nothing here: see /robots.txt");
	}
	answer = rate_take(
		limits->table, text_key(limits, robot->agent, CONF_BYS), &bucket, 1, 1, clock_ms(limits->clock));
	return answer.granted ? ERR_OK
			      : refuse(limits, request, "robots", "requests", "robot", answer.wait_ms, info);
}

enum err ratelimit_admit(
	const struct ratelimit *limits, struct request *request, enum conf_route route, struct err_info *info)
{
	const struct conf_robot *robot;
	enum err err = ERR_OK;

	if (limits == NULL || route == CONF_ROUTES)
		return ERR_OK;
	if (is_exempt(limits, request)) {
		suspect_proxy(request);
		return ERR_OK;
	}
	request->quota = (struct request_quota){.admitted = true, .route = (int)route};
	robot = find_robot(limits, request);
	if (robot != NULL)
		err = judge_robot(limits, request, robot, info);
	return err == ERR_OK ? count_request(limits, request, 0, info) : err;
}

enum err ratelimit_subject(
	const struct ratelimit *limits, struct request *request, uint64_t subject, struct err_info *info)
{
	if (limits == NULL || !request->quota.admitted || subject == 0)
		return ERR_OK;
	if (!request->quota.counted) {
		request->quota.counted = true;
		return count_request(limits, request, subject, info);
	}
	return request->quota.retry_s == 0 ? ERR_OK : err_set(info, ERR_TOO_MANY, "too many requests");
}

/* Who listens to what, as far as places are concerned. */
static struct rate_holder holder_of(
	const struct ratelimit *limits, const struct request *request, const struct ratelimit_sound *sound)
{
	const char *agent = request_header(request, "user-agent");
	uint64_t device = text_key(limits, agent != NULL ? agent : "", 0);

	return (struct rate_holder){
		.device = address_key(limits, request, device), .what = text_key(limits, sound->track, 0)};
}

static enum err hold(const struct ratelimit *limits, struct request *request, const struct conf_rate *rule,
	const struct ratelimit_sound *sound, struct err_info *info)
{
	const struct rate_holder holder = holder_of(limits, request, sound);
	int64_t now = clock_ms(limits->clock), leave = now + limits->conf->stream_idle_s * 1000;
	int64_t lasts = sound->lasts_ms < RATE_HORIZON_MS ? sound->lasts_ms : RATE_HORIZON_MS;
	struct rate_answer answer = rate_hold(limits->table, key_of(limits, request, rule, sound->subject),
		(size_t)rule->streams, &holder, leave + lasts, leave, now);

	tell(limits, request, rule, &answer);
	return answer.granted ? ERR_OK
			      : refuse(limits, request, rule->name, "streams", conf_by_names[rule->by],
					answer.wait_ms, info);
}

enum err ratelimit_sound(const struct ratelimit *limits, struct request *request, const struct ratelimit_sound *sound,
	struct err_info *info)
{
	enum err err = ERR_OK;

	if (limits == NULL || !request->quota.admitted || request->method == HTTP_HEAD)
		return ERR_OK;
	for (size_t i = 0; err == ERR_OK && i < limits->conf->rate_count; i++) {
		const struct conf_rate *rule = &limits->conf->rates[i];
		double cost = sound->bytes < (uint64_t)rule->burst ? (double)sound->bytes : (double)rule->burst;

		if (!concerns(request, rule, sound->subject))
			continue;
		if (rule->streams > 0)
			err = hold(limits, request, rule, sound, info);
		else if (rule->bytes > 0 && sound->bytes > 0)
			err = take(limits, request, rule, sound->subject, 1, cost, info);
	}
	return err;
}

void ratelimit_silence(const struct ratelimit *limits, struct request *request, const struct ratelimit_sound *sound)
{
	struct rate_holder holder;

	if (limits == NULL || !request->quota.admitted)
		return;
	holder = holder_of(limits, request, sound);
	for (size_t i = 0; i < limits->conf->rate_count; i++) {
		const struct conf_rate *rule = &limits->conf->rates[i];

		if (rule->streams > 0 && concerns(request, rule, sound->subject))
			rate_leave(limits->table, key_of(limits, request, rule, sound->subject), (size_t)rule->streams,
				&holder, clock_ms(limits->clock) + limits->conf->stream_idle_s * 1000);
	}
}
