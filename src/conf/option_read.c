/* SPDX-License-Identifier: MIT */
#include "conf/option_read.h"

#include "conf/geo_rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err option_refuse(const struct reader *reader, const config_setting_t *setting, const char *format, ...)
{
	const config_setting_t *parent = config_setting_parent(setting);
	const char *section = parent == NULL || config_setting_is_root(parent) ? NULL : config_setting_name(parent);
	const char *name = config_setting_name(setting);
	char reason[200];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	return err_set(reader->info, ERR_BAD_REQUEST, "%s:%u: %s%s%s: %s", reader->conf->path,
		config_setting_source_line(setting), section == NULL ? "" : section, section == NULL ? "" : ".",
		name == NULL ? "list" : name, reason);
}

char *option_absolute(const struct reader *reader, const char *path)
{
	struct arena *arena = &reader->conf->arena;

	if (path[0] == '/')
		return arena_strdup(arena, path);
	return arena_printf(arena, "%s/%s", strcmp(reader->folder, "/") == 0 ? "" : reader->folder, path);
}

bool option_whole(const config_setting_t *setting, int64_t *out)
{
	int type = config_setting_type(setting);

	if (type == CONFIG_TYPE_INT)
		*out = config_setting_get_int(setting);
	else if (type == CONFIG_TYPE_INT64)
		*out = config_setting_get_int64(setting);
	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

/* "512M": digits and at most one of K, M, G, T, powers of 1024. */
static bool parse_size(const char *text, int64_t *out)
{
	static const char suffixes[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *suffix = NULL;
	int64_t value;

	if (digits == 0 || digits > 15)
		return false;
	if (text[digits] != '\0') {
		suffix = strchr(suffixes, text[digits]);
		if (suffix == NULL || text[digits + 1] != '\0')
			return false;
	}
	value = strtoll(text, NULL, 10);
	for (ptrdiff_t i = suffix == NULL ? -1 : suffix - suffixes; i >= 0; i--)
		if (__builtin_mul_overflow(value, 1024, &value))
			return false;
	*out = value;
	return true;
}

bool option_size(const config_setting_t *setting, int64_t *out)
{
	if (config_setting_type(setting) == CONFIG_TYPE_STRING)
		return parse_size(config_setting_get_string(setting), out);
	return option_whole(setting, out);
}

static enum err read_number(const struct reader *reader, const struct option *option, const config_setting_t *setting)
{
	bool size = option->type == OPTION_SIZE;
	int64_t value = 0;

	if (size && config_setting_type(setting) == CONFIG_TYPE_STRING) {
		if (!parse_size(config_setting_get_string(setting), &value))
			return option_refuse(reader, setting,
				"a size is a number of bytes, or text such as \"512K\", \"20M\" or \"2G\"");
	} else if (!option_whole(setting, &value)) {
		return option_refuse(reader, setting,
			size ? "a number of bytes or text such as \"2G\" is wanted" : "a whole number is wanted");
	}
	if (value < option->least || value > option->most)
		return option_refuse(reader, setting, "%lld is not from %lld to %lld", (long long)value,
			(long long)option->least, (long long)option->most);
	*option_number(reader->conf, option) = value;
	return ERR_OK;
}

static enum err read_real(const struct reader *reader, const struct option *option, const config_setting_t *setting)
{
	double least = (double)option->least / 100, most = (double)option->most / 100, value;
	int64_t whole;

	if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
		value = config_setting_get_float(setting);
	else if (option_whole(setting, &whole))
		value = (double)whole;
	else
		return option_refuse(reader, setting, "a number is wanted");
	if (!(value >= least && value <= most))
		return option_refuse(reader, setting, "%g is not from %g to %g", value, least, most);
	*option_real(reader->conf, option) = value;
	return ERR_OK;
}

enum err option_check_url(const struct reader *reader, const config_setting_t *setting, const char *url)
{
	size_t length = strlen(url);

	if (length == 0)
		return ERR_OK;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return option_refuse(reader, setting, "it must begin with http:// or https://");
	if (url[length - 1] == '/')
		return option_refuse(reader, setting, "it must not end in a slash");
	if (strpbrk(url, " \t\r\n\"<>?#") != NULL)
		return option_refuse(reader, setting, "it holds a character that no base URL has");
	return ERR_OK;
}

static enum err check_choice(
	const struct reader *reader, const struct option *option, const config_setting_t *setting, const char *value)
{
	char known[80] = "";

	for (size_t i = 0; option->choices[i] != NULL; i++) {
		if (strcmp(option->choices[i], value) == 0)
			return ERR_OK;
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s\"%s\"", i == 0 ? "" : ", ",
			option->choices[i]);
	}
	return option_refuse(reader, setting, "\"%.40s\" is none of %s", value, known);
}

static enum err read_text(const struct reader *reader, const struct option *option, const config_setting_t *setting)
{
	const char *value = config_setting_get_string(setting);
	bool path = option->type == OPTION_PATH && value != NULL && value[0] != '\0';
	struct err_info reason = {0};
	enum err err = ERR_OK;

	if (value == NULL)
		return option_refuse(reader, setting, "text in quotes is wanted");
	if (option->type == OPTION_PATH && !path && option->text[0] != '\0')
		return option_refuse(reader, setting, "it must not be empty");
	if (option->type == OPTION_URL)
		err = option_check_url(reader, setting, value);
	if (option->type == OPTION_PLACES && geo_rule_read(value, &reader->conf->arena, &value, &reason) != ERR_OK)
		err = option_refuse(reader, setting, "%s", reason.detail);
	if (option->type == OPTION_CHOICE)
		err = check_choice(reader, option, setting, value);
	if (option->type == OPTION_SECRET && strlen(value) < OPTION_SECRET_LEAST)
		err = option_refuse(reader, setting,
			"it needs at least %d characters: make one with `openssl rand -hex 32`", OPTION_SECRET_LEAST);
	if (err == ERR_OK)
		*option_text(reader->conf, option) =
			path ? option_absolute(reader, value) : arena_strdup(&reader->conf->arena, value);
	return err;
}

static enum err read_paths(const struct reader *reader, config_setting_t *setting)
{
	struct conf *conf = reader->conf;
	int count = config_setting_length(setting);

	if (!config_setting_is_array(setting) && !config_setting_is_list(setting))
		return option_refuse(reader, setting, "an array of folders such as [\"/srv/music\"] is wanted");
	if (count > OPTION_PATHS_MOST)
		return option_refuse(reader, setting, "at most %d folders are allowed", (int)OPTION_PATHS_MOST);
	conf->import_dirs = arena_array(&conf->arena, (size_t)count + 1, sizeof *conf->import_dirs);
	for (int i = 0; i < count; i++) {
		const char *path = config_setting_get_string_elem(setting, i);

		if (path == NULL || path[0] == '\0')
			return option_refuse(reader, setting, "folder %d is empty or no text", i + 1);
		conf->import_dirs[conf->import_dir_count++] = option_absolute(reader, path);
	}
	return ERR_OK;
}

static enum err read_networks(const struct reader *reader, const struct option *option, config_setting_t *setting)
{
	struct conf_networks *out = option_networks(reader->conf, option);
	int count = config_setting_length(setting);

	if ((!config_setting_is_array(setting) && !config_setting_is_list(setting)) || count > OPTION_NETWORKS_MOST)
		return option_refuse(reader, setting,
			"an array of at most %d addresses such as [\"192.0.2.7\", \"2001:db8::/32\"] is wanted",
			(int)OPTION_NETWORKS_MOST);
	out->networks = arena_array(&reader->conf->arena, (size_t)count + 1, sizeof *out->networks);
	for (out->count = 0; out->count < (size_t)count; out->count++) {
		const char *text = config_setting_get_string_elem(setting, (int)out->count);

		if (text == NULL || !network_read(text, &out->networks[out->count]))
			return option_refuse(reader, setting, "number %zu is no address and no prefix", out->count + 1);
	}
	return ERR_OK;
}

enum err option_read(const struct reader *reader, const struct option *option, config_setting_t *setting)
{
	switch (option->type) {
	case OPTION_INTEGER:
	case OPTION_SIZE:
		return read_number(reader, option, setting);
	case OPTION_REAL:
		return read_real(reader, option, setting);
	case OPTION_SWITCH:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			return option_refuse(reader, setting, "true or false is wanted");
		*option_switch(reader->conf, option) = config_setting_get_bool(setting) != 0;
		return ERR_OK;
	case OPTION_PATHS:
		return read_paths(reader, setting);
	case OPTION_NETWORKS:
		return read_networks(reader, option, setting);
	case OPTION_RATES:
		return option_read_rates(reader, setting);
	case OPTION_ROBOTS:
		return option_read_robots(reader, setting);
	case OPTION_LADDER:
		return option_read_ladder(reader, setting);
	case OPTION_PRESETS:
		return option_read_presets(reader, setting);
	case OPTION_KEYS:
	case OPTION_SECRETS:
		return option_read_keys(reader, option, setting);
	case OPTION_EDGES:
		return option_read_edges(reader, setting);
	case OPTION_PURGES:
		return option_read_purges(reader, setting);
	default:
		return read_text(reader, option, setting);
	}
}
