/* SPDX-License-Identifier: MIT */
#include "conf/conf.h"

#include "base/fs.h"
#include "conf/conf_text.h"
#include "conf/option_read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20 };

/* Those in the default of OPTION, separated by spaces; NULL is none. */
static void set_networks(struct conf *conf, const struct option *option)
{
	struct conf_networks *out = option_networks(conf, option);
	char *words = arena_strdup(&conf->arena, option->text), *save = NULL;

	if (words == NULL)
		return;
	out->networks = arena_array(&conf->arena, strlen(words), sizeof *out->networks);
	for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		if (!network_read(word, &out->networks[out->count++]))
			abort();
	}
}

static void set_default(struct conf *conf, const struct option *option)
{
	switch (option->type) {
	case OPTION_INTEGER:
	case OPTION_SIZE:
		*option_number(conf, option) = option->standard;
		break;
	case OPTION_REAL:
		*option_real(conf, option) = (double)option->standard / 100;
		break;
	case OPTION_SWITCH:
		*option_switch(conf, option) = option->standard != 0;
		break;
	case OPTION_LADDER:
		conf->ladder_count = option_ladder_count;
		conf->ladder = arena_array(&conf->arena, option_ladder_count, sizeof *conf->ladder);
		memcpy(conf->ladder, option_ladder, option_ladder_count * sizeof *conf->ladder);
		break;
	case OPTION_PRESETS:
	case OPTION_KEYS:
	case OPTION_SECRETS:
	case OPTION_ROBOTS:
		break;
	case OPTION_RATES:
		conf->rate_count = option_rate_count;
		conf->rates = arena_array(&conf->arena, option_rate_count, sizeof *conf->rates);
		memcpy(conf->rates, option_rates, option_rate_count * sizeof *conf->rates);
		break;
	case OPTION_NETWORKS:
		set_networks(conf, option);
		break;
	case OPTION_EDGES:
	case OPTION_PURGES:
		break;
	case OPTION_PATHS:
		conf->import_dirs = arena_array(&conf->arena, 1, sizeof *conf->import_dirs);
		break;
	default:
		*option_text(conf, option) = option->text;
	}
}

static enum err refuse_unknown(const struct reader *reader, const config_setting_t *setting, const char *section)
{
	const struct option *nearest = option_nearest(section, config_setting_name(setting));

	if (nearest == NULL)
		return option_refuse(reader, setting, "there is no such option");
	return option_refuse(
		reader, setting, "there is no such option; did you mean %s.%s?", nearest->section, nearest->name);
}

static enum err read_section(const struct reader *reader, config_setting_t *section)
{
	const char *name = config_setting_name(section);
	unsigned count = (unsigned)config_setting_length(section);

	for (unsigned i = 0; i < count; i++) {
		config_setting_t *setting = config_setting_get_elem(section, i);
		const struct option *option = option_find(name, config_setting_name(setting));
		enum err err;

		if (option == NULL)
			return refuse_unknown(reader, setting, name);
		err = option_read(reader, option, setting);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err read_sections(const struct reader *reader, config_setting_t *root)
{
	unsigned count = (unsigned)config_setting_length(root);
	enum err err = ERR_OK;

	for (unsigned i = 0; err == ERR_OK && i < count; i++) {
		config_setting_t *section = config_setting_get_elem(root, i);

		if (!config_setting_is_group(section))
			err = refuse_unknown(reader, section, "");
		else if (!option_section_known(config_setting_name(section)))
			err = option_refuse(reader, section, "there is no such section");
		else
			err = read_section(reader, section);
	}
	return err;
}

/* Both secrets are there, and nobody else can read the file. */
static enum err check_secrets(const struct reader *reader)
{
	struct stat status;

	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].type == OPTION_SECRET && *option_text(reader->conf, &option_table[i]) == NULL)
			return err_set(reader->info, ERR_BAD_REQUEST,
				"%s: %s.%s is missing: make one with `openssl rand -hex 32`", reader->conf->path,
				option_table[i].section, option_table[i].name);
	if (stat(reader->conf->path, &status) != 0)
		return err_set(reader->info, ERR_NOT_FOUND, "%s went away", reader->conf->path);
	if (status.st_mode & 0077)
		return err_set(reader->info, ERR_FORBIDDEN, "others may read the secrets in it: chmod 600 %s",
			reader->conf->path);
	return ERR_OK;
}

/* media.preset may stand before media.presets, so it is looked up when all is read. */
static enum err check_preset(const struct reader *reader)
{
	const struct conf *conf = reader->conf;

	if (conf->preset[0] == '\0')
		return ERR_OK;
	for (size_t i = 0; i < conf->preset_count; i++)
		if (strcmp(conf->presets[i].name, conf->preset) == 0)
			return ERR_OK;
	return err_set(reader->info, ERR_BAD_REQUEST, "%s: media.preset: there is no \"%.40s\" in media.presets",
		conf->path, conf->preset);
}

static void settle_workers(struct conf *conf)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->job_workers == 0)
		conf->job_workers = processors >= 2 ? processors / 2 : 1;
}

static enum err read_text_of_file(struct reader *reader, const char *text)
{
	enum err err = conf_text_check(reader->conf->path, text, reader->info);
	config_t config;

	if (err != ERR_OK)
		return err;
	config_init(&config);
	if (config_read_string(&config, text) != CONFIG_TRUE)
		err = err_set(reader->info, ERR_BAD_REQUEST, "%s:%d: %s", reader->conf->path,
			config_error_line(&config), config_error_text(&config));
	else
		err = read_sections(reader, config_root_setting(&config));
	config_destroy(&config);
	return err;
}

enum err conf_read(const char *path, struct conf **out, struct err_info *info)
{
	struct conf *conf = calloc(1, sizeof *conf);
	struct reader reader = {.conf = conf, .info = info};
	char *text = NULL, real[PATH_MAX], *slash;
	size_t length = 0;
	enum err err;

	*out = NULL;
	if (conf == NULL)
		abort();
	err = fs_read_file(path, FILE_MOST, &text, &length, info);
	if (err != ERR_OK)
		goto out;
	if (strlen(text) != length || realpath(path, real) == NULL) {
		err = err_set(info, ERR_BAD_REQUEST, "%s is no text", path);
		goto out;
	}
	conf->path = arena_strdup(&conf->arena, real);
	slash = strrchr(real, '/');
	slash[slash == real] = '\0';
	reader.folder = real;
	for (size_t i = 0; i < option_count; i++)
		set_default(conf, &option_table[i]);
	err = read_text_of_file(&reader, text);
	if (err == ERR_OK)
		err = check_preset(&reader);
	if (err == ERR_OK)
		err = check_secrets(&reader);
	settle_workers(conf);
out:
	free(text);
	if (err == ERR_OK)
		*out = conf;
	else
		conf_free(conf);
	return err;
}

void conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	arena_free(&conf->arena);
	free(conf);
}

const char *conf_find(const char *argument)
{
	const char *named = getenv("TONEARM_CONF");

	if (argument != NULL)
		return argument;
	if (named != NULL && named[0] != '\0')
		return named;
	return SYSCONFDIR "/tonearm/tonearm.conf";
}

static char *path_below(struct arena *arena, const char *folder, const char *format, va_list args)
{
	return arena_printf(arena, "%s/%s", folder, arena_vprintf(arena, format, args));
}

char *conf_data_path(const struct conf *conf, struct arena *arena, const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = path_below(arena, conf->data_dir, format, args);
	va_end(args);
	return path;
}

char *conf_run_path(const struct conf *conf, struct arena *arena, const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = path_below(arena, conf->run_dir, format, args);
	va_end(args);
	return path;
}
