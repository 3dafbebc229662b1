/* SPDX-License-Identifier: MIT */
#include "cli/site.h"

#include "base/buf.h"
#include "base/fs.h"
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

enum { CONF_MOST = 1 << 20, FOLDER_MODE = 0750, CONF_MODE = 0600 };

static enum err write_conf(const char *path, const char *data_dir, const char *run_dir, struct err_info *info)
{
	struct buf text;
	enum err err;

	buf_init(&text, CONF_MOST);
	conf_write_new(&text, data_dir, run_dir);
	err = fs_write_file(path, text.data, text.length, CONF_MODE, info);
	buf_free(&text);
	return err;
}

static enum err make_folders(const struct conf *conf, struct arena *arena, struct err_info *info)
{
	static const char *const below[] = {"spool", "source", "media"};
	enum err err = fs_make_dirs(conf->run_dir, FOLDER_MODE, info);

	for (size_t i = 0; err == ERR_OK && i < sizeof below / sizeof *below; i++)
		err = fs_make_dirs(conf_data_path(conf, arena, "%s", below[i]), FOLDER_MODE, info);
	return err;
}

static enum err make_database(const struct conf *conf, struct arena *arena, struct err_info *info)
{
	struct db_options options = cli_db_options(conf, arena);
	struct db *db = NULL;
	enum err err = db_open(&options, 1, &db, info);

	if (err == ERR_OK)
		err = db_migrate(db, info);
	db_close(db);
	return err;
}

enum err site_make(const char *folder, const char *data_dir, const char *run_dir, struct arena *arena,
	const char **path, struct err_info *info)
{
	struct conf *conf = NULL;
	enum err err;

	*path = arena_printf(arena, "%s/tonearm.conf", folder);
	if (access(*path, F_OK) == 0 || errno != ENOENT)
		return err_set(info, ERR_CONFLICT, "%s is there already; nothing was changed", *path);
	err = fs_make_dirs(folder, FOLDER_MODE, info);
	if (err == ERR_OK)
		err = write_conf(*path, data_dir, run_dir, info);
	if (err != ERR_OK)
		return err;
	err = conf_read(*path, &conf, info);
	if (err == ERR_OK)
		err = make_folders(conf, arena, info);
	if (err == ERR_OK)
		err = make_database(conf, arena, info);
	if (err != ERR_OK)
		unlink(*path);
	conf_free(conf);
	return err;
}
