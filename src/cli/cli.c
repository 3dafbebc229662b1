/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/id.h"

#include <string.h>
#include <sys/stat.h>

enum err cli_words(const struct args *args, size_t least, size_t most, struct err_info *info)
{
	if (args->count < least)
		return err_set(info, ERR_BAD_REQUEST, "a word is missing; see --help");
	if (args->count > most)
		return err_set(info, ERR_BAD_REQUEST, "\"%s\" is one word too many; see --help", args->rest[most]);
	return ERR_OK;
}

enum err cli_verb(struct cli *cli, const struct cli_verb *verbs, const struct args *args, struct err_info *info)
{
	const struct cli_verb *verb = verbs;
	size_t count = args->count > 0 ? args->count - 1 : 0;

	if (args->count == 0)
		return verb->run(cli, args, args->rest, 0, info);
	while (verb->name != NULL && strcmp(verb->name, args->rest[0]) != 0)
		verb++;
	if (verb->name == NULL)
		return err_set(info, ERR_BAD_REQUEST, "\"%s\" is not known here; see --help", args->rest[0]);
	if (count < verb->least)
		return err_set(info, ERR_BAD_REQUEST, "%s of what? A word is missing; see --help", verb->name);
	if (count > verb->most)
		return err_set(
			info, ERR_BAD_REQUEST, "\"%s\" is one word too many; see --help", args->rest[1 + verb->most]);
	return verb->run(cli, args, args->rest + 1, count, info);
}

enum err cli_check_id(const char *id, const char *what, struct err_info *info)
{
	return id == NULL || id_valid(id) ? ERR_OK
					  : err_set(info, ERR_BAD_REQUEST, "\"%s\" is not the id of a %s", id, what);
}

static const char *conf_path(struct cli *cli)
{
	const char *path = conf_find(cli->config);
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return arena_printf(&cli->arena, "%s/tonearm.conf", path);
	return path;
}

enum err cli_open_conf(struct cli *cli, struct err_info *info)
{
	const char *path = conf_path(cli);
	enum err err = conf_read(path, &cli->conf, info);

	if (err == ERR_NOT_FOUND)
		return err_set(info, err,
			"there is no configuration at %s: make one with `tonearm init DIR`, then name it with "
			"--config DIR or TONEARM_CONF",
			path);
	return err;
}

struct db_options cli_db_options(const struct conf *conf, struct arena *arena)
{
	return (struct db_options){.path = conf_data_path(conf, arena, "tonearm.db"),
		.journal_mode = conf->journal_mode,
		.busy_ms = (int)conf->db_busy_ms};
}

enum err cli_open_db(struct cli *cli, struct err_info *info)
{
	enum err err = cli->conf != NULL ? ERR_OK : cli_open_conf(cli, info);
	struct db_options options;

	if (err != ERR_OK || cli->db != NULL)
		return err;
	options = cli_db_options(cli->conf, &cli->arena);
	err = db_open(&options, 0, &cli->db, info);
	if (err != ERR_OK)
		return err;
	return db_check_version(cli->db, info);
}

enum err cli_json(struct cli *cli, json_t *value, struct err_info *info)
{
	int failed = json_dumpf(value, cli->out.out, JSON_COMPACT | JSON_REAL_PRECISION(6));

	json_decref(value);
	if (failed != 0 || fputc('\n', cli->out.out) == EOF || fflush(cli->out.out) != 0)
		return err_set(info, ERR_IO, "cannot write to standard output");
	return ERR_OK;
}
