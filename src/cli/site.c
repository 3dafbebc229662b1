/* SPDX-License-Identifier: MIT */
#include "cli/site.h"

#include "base/buf.h"
#include "base/fs.h"
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONF_MOST = 1 << 20, FOLDER_MODE = 0750, CONF_MODE = 0600 };

static enum err make_folders(const char *folder, struct arena *arena, struct err_info *info)
{
	static const char *const below[] = {"data/spool", "data/source", "data/media", "run"};
	enum err err = fs_make_dirs(folder, FOLDER_MODE, info);

	for (size_t i = 0; err == ERR_OK && i < sizeof below / sizeof *below; i++)
		err = fs_make_dirs(arena_printf(arena, "%s/%s", folder, below[i]), FOLDER_MODE, info);
	return err;
}

static enum err write_conf(const char *path, struct err_info *info)
{
	struct buf text;
	enum err err;

	buf_init(&text, CONF_MOST);
	conf_write_new(&text, "data", "run");
	err = fs_write_file(path, text.data, text.length, CONF_MODE, info);
	buf_free(&text);
	return err;
}

static enum err make_database(const char *path, struct arena *arena, struct err_info *info)
{
	struct conf *conf;
	struct db *db = NULL;
	enum err err = conf_read(path, &conf, info);

	if (err == ERR_OK) {
		struct db_options options = cli_db_options(conf, arena);

		err = db_open(&options, 1, &db, info);
	}
	if (err == ERR_OK)
		err = db_migrate(db, info);
	db_close(db);
	conf_free(conf);
	return err;
}

enum err site_make(const char *folder, struct arena *arena, const char **conf, struct err_info *info)
{
	enum err err;

	*conf = arena_printf(arena, "%s/tonearm.conf", folder);
	if (access(*conf, F_OK) == 0 || errno != ENOENT)
		return err_set(info, ERR_CONFLICT, "%s is there already; nothing was changed", *conf);
	err = make_folders(folder, arena, info);
	if (err == ERR_OK)
		err = write_conf(*conf, info);
	if (err != ERR_OK)
		return err;
	err = make_database(*conf, arena, info);
	if (err != ERR_OK)
		unlink(*conf);
	return err;
}
