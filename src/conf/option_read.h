/* SPDX-License-Identifier: MIT */
/*
 * Reading one setting of the file into its field of struct conf, by its row in the table of options. Part of this
 * room's reader (conf.c) and included by nobody else.
 */
#ifndef TONEARM_CONF_OPTION_READ_H
#define TONEARM_CONF_OPTION_READ_H

#include "conf/option.h"

#include <libconfig.h>

/* What is at hand while one file is read. */
struct reader {
	struct conf *conf;
	const char *folder; /* of the file, absolute */
	struct err_info *info;
};

/* ERR_BAD_REQUEST with file, line, name of the setting, and the reason. */
enum err option_refuse(const struct reader *reader, const config_setting_t *setting, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Checks SETTING and writes it where OPTION has its field; text goes to the arena of the configuration.
 * ERR_BAD_REQUEST.
 */
enum err option_read(const struct reader *reader, const struct option *option, config_setting_t *setting);

/* PATH from the folder of the file, in the arena of the configuration. */
char *option_absolute(const struct reader *reader, const char *path);

/* ERR_BAD_REQUEST unless URL is "" or a base URL. */
enum err option_check_url(const struct reader *reader, const config_setting_t *setting, const char *url);

/* A list of groups, each of which becomes a struct whose first member is the text that tells it from the others. */
struct list_kind {
	const char *rows; /* what they are, for people */
	int most;
	size_t size; /* of the struct */
	enum err (*read)(const struct reader *reader, const config_setting_t *setting, void *row);
	bool filled;  /* there must be one */
	bool repeats; /* the text may stand twice, as "" always may */
};

/* The structs of the list SETTING, in the arena of the configuration; NULL when it was refused. */
void *option_read_list(
	const struct reader *reader, const config_setting_t *setting, const struct list_kind *kind, size_t *count);

/* Such lists, each as option_read(). */
enum err option_read_ladder(const struct reader *reader, const config_setting_t *setting);
enum err option_read_presets(const struct reader *reader, const config_setting_t *setting);
enum err option_read_keys(const struct reader *reader, const struct option *option, const config_setting_t *setting);
enum err option_read_edges(const struct reader *reader, const config_setting_t *setting);
enum err option_read_purges(const struct reader *reader, const config_setting_t *setting);
enum err option_read_rates(const struct reader *reader, const config_setting_t *setting);
enum err option_read_robots(const struct reader *reader, const config_setting_t *setting);

/* A whole number. */
bool option_whole(const config_setting_t *setting, int64_t *out);

/* A number of bytes, or text such as "512M". */
bool option_size(const config_setting_t *setting, int64_t *out);

/* Whether GROUP has settings besides those of the COUNT NAMES. */
bool option_has_others(const config_setting_t *group, const char *const *names, size_t count);

#endif
