/* SPDX-License-Identifier: MIT */
/* limits.rates and limits.robots: lists of groups, read and written. */
#include "conf/option_read.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_MOST = 32, AGENT_MOST = 128, BURST_S = 10, DAY_S = 86400, STREAMS_MOST = 256 };
enum { ALL_ROUTES = (1 << CONF_ROUTES) - 1 };

static const double requests_most = 1e6;
static const int64_t bytes_most = INT64_C(1) << 40;

const char *const conf_route_names[CONF_ROUTES] = {"playlist", "media", "key", "auth", "upload", "api"};
const char *const conf_by_names[CONF_BYS] = {"address", "subject", "stranger", "all"};

/* The place of the LENGTH bytes at WORD among COUNT NAMES, COUNT when it is none of them. */
static size_t place_of(const char *word, size_t length, const char *const *names, size_t count)
{
	size_t place = 0;

	while (place < count && (strlen(names[place]) != length || memcmp(names[place], word, length) != 0))
		place++;
	return place;
}

static bool read_routes(const char *words, unsigned *out)
{
	*out = 0;
	for (words += strspn(words, " "); *words != '\0'; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");
		size_t route = place_of(words, length, conf_route_names, CONF_ROUTES);

		if (route == CONF_ROUTES)
			return false;
		*out |= 1U << route;
		words += length;
	}
	return *out != 0;
}

/* A number above 0 of GROUP that may be missing: *OUT stays then. */
static bool read_real(const config_setting_t *group, const char *name, double most, double *out)
{
	const config_setting_t *setting = config_setting_get_member(group, name);
	int64_t whole;

	if (setting == NULL)
		return true;
	if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
		*out = config_setting_get_float(setting);
	else if (config_setting_type(setting) != CONFIG_TYPE_STRING && option_size(setting, &whole))
		*out = (double)whole;
	else
		return false;
	return *out > 0 && *out <= most;
}

/* The same of a size. */
static bool read_size(const config_setting_t *group, const char *name, int64_t most, int64_t *out)
{
	const config_setting_t *setting = config_setting_get_member(group, name);

	return setting == NULL || (option_size(setting, out) && *out > 0 && *out <= most);
}

/* What is not told of the burst, and whether it can be had again within a day. */
static bool settle_burst(double per_second, int64_t *burst)
{
	if (*burst == 0)
		*burst = (int64_t)(per_second * BURST_S) + 1;
	return (double)*burst / per_second <= DAY_S;
}

static enum err read_amounts(const struct reader *reader, const config_setting_t *setting, struct conf_rate *out)
{
	if (!read_real(setting, "requests", requests_most, &out->requests))
		return option_refuse(reader, setting, "requests must be a number above 0, at most %g", requests_most);
	if (!read_size(setting, "streams", STREAMS_MOST, &out->streams))
		return option_refuse(reader, setting, "streams must be 1 to %d", (int)STREAMS_MOST);
	if (!read_size(setting, "bytes", bytes_most, &out->bytes))
		return option_refuse(reader, setting, "bytes must be a size above 0, at most 1T");
	if (!read_size(setting, "burst", bytes_most, &out->burst))
		return option_refuse(reader, setting, "burst must be a size above 0, at most 1T");
	if ((out->requests > 0) + (out->streams > 0) + (out->bytes > 0) != 1)
		return option_refuse(reader, setting, "one of requests, streams and bytes is wanted");
	if (out->streams > 0 && out->burst > 0)
		return option_refuse(reader, setting, "streams have no burst");
	if (out->streams == 0 && !settle_burst(out->requests > 0 ? out->requests : (double)out->bytes, &out->burst))
		return option_refuse(reader, setting, "burst is more than comes in a day");
	return ERR_OK;
}

static enum err read_rate(const struct reader *reader, const config_setting_t *setting, void *row)
{
	static const char *const names[] = {"name", "routes", "by", "requests", "streams", "bytes", "burst"};
	const char *name = NULL, *routes = NULL, *by = NULL;
	struct conf_rate *out = row;
	size_t place;
	enum err err;

	*out = (struct conf_rate){.routes = ALL_ROUTES};
	if (!config_setting_is_group(setting) || option_has_others(setting, names, sizeof names / sizeof *names))
		return option_refuse(reader, setting,
			"name, routes, by, requests, streams, bytes and burst are wanted, and nothing else");
	if (!config_setting_lookup_string(setting, "name", &name) || !text_is_word(name, NAME_MOST))
		return option_refuse(
			reader, setting, "name must be 1 to %d characters of a-z, 0-9 and -", (int)NAME_MOST);
	if (config_setting_get_member(setting, "routes") != NULL &&
		(!config_setting_lookup_string(setting, "routes", &routes) || !read_routes(routes, &out->routes)))
		return option_refuse(reader, setting, "routes are of playlist, media, key, auth, upload and api");
	if (!config_setting_lookup_string(setting, "by", &by) ||
		(place = place_of(by, strlen(by), conf_by_names, CONF_BYS)) == CONF_BYS)
		return option_refuse(reader, setting, "by is \"address\", \"subject\", \"stranger\" or \"all\"");
	out->name = arena_strdup(&reader->conf->arena, name);
	out->by = (enum conf_by)place;
	err = read_amounts(reader, setting, out);
	if (err == ERR_OK && out->requests <= 0 && routes != NULL && out->routes != 1U << CONF_MEDIA)
		err = option_refuse(reader, setting, "streams and bytes are of \"media\"");
	if (out->requests <= 0)
		out->routes = 1U << CONF_MEDIA;
	return err;
}

enum err option_read_rates(const struct reader *reader, const config_setting_t *setting)
{
	static const struct list_kind kind = {.rows = "limits",
		.most = OPTION_RATES_MOST,
		.size = sizeof(struct conf_rate),
		.read = read_rate};

	reader->conf->rates = option_read_list(reader, setting, &kind, &reader->conf->rate_count);
	return reader->conf->rates != NULL ? ERR_OK : ERR_BAD_REQUEST;
}

static enum err read_robot(const struct reader *reader, const config_setting_t *setting, void *row)
{
	static const char *const names[] = {"agent", "requests", "burst"};
	struct conf_robot *out = row;
	const char *agent = NULL;

	*out = (struct conf_robot){0};
	if (!config_setting_is_group(setting) || option_has_others(setting, names, sizeof names / sizeof *names))
		return option_refuse(reader, setting, "agent, requests and burst are wanted, and nothing else");
	if (!config_setting_lookup_string(setting, "agent", &agent) || agent[0] == '\0' || strlen(agent) > AGENT_MOST)
		return option_refuse(reader, setting, "agent must be 1 to %d characters", (int)AGENT_MOST);
	if (!read_real(setting, "requests", requests_most, &out->requests) ||
		!read_size(setting, "burst", bytes_most, &out->burst))
		return option_refuse(reader, setting, "requests and burst must be numbers above 0");
	if (out->requests <= 0 ? out->burst > 0 : !settle_burst(out->requests, &out->burst))
		return option_refuse(reader, setting, "burst is more than comes in a day");
	out->agent = arena_strdup(&reader->conf->arena, agent);
	return ERR_OK;
}

enum err option_read_robots(const struct reader *reader, const config_setting_t *setting)
{
	static const struct list_kind kind = {.rows = "agents",
		.most = OPTION_ROBOTS_MOST,
		.size = sizeof(struct conf_robot),
		.read = read_robot,
		.repeats = true};

	reader->conf->robots = option_read_list(reader, setting, &kind, &reader->conf->robot_count);
	return reader->conf->robots != NULL ? ERR_OK : ERR_BAD_REQUEST;
}

void option_write_rates(struct buf *out, const struct conf_rate *rates, size_t count, const char *between)
{
	for (size_t i = 0; i < count; i++) {
		const struct conf_rate *rate = &rates[i];
		const char *space = "";

		buf_printf(out, "%s{ name = \"%s\"; routes = \"", i == 0 ? "" : between, rate->name);
		for (size_t route = 0; route < CONF_ROUTES; route++) {
			if ((rate->routes & 1U << route) == 0)
				continue;
			buf_printf(out, "%s%s", space, conf_route_names[route]);
			space = " ";
		}
		buf_printf(out, "\"; by = \"%s\"; ", conf_by_names[rate->by]);
		if (rate->streams > 0)
			buf_printf(out, "streams = %" PRId64 "; }", rate->streams);
		else if (rate->requests > 0)
			buf_printf(out, "requests = %g; burst = %" PRId64 "; }", rate->requests, rate->burst);
		else
			buf_printf(out, "bytes = %" PRId64 "L; burst = %" PRId64 "L; }", rate->bytes, rate->burst);
	}
}
