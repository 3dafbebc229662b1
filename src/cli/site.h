/* SPDX-License-Identifier: MIT */
/* A new site: the configuration, the folders of data and of what runs, and the empty library of one Tonearm. */
#ifndef TONEARM_CLI_SITE_H
#define TONEARM_CLI_SITE_H

#include "base/arena.h"
#include "base/err.h"

/*
 * Makes FOLDER with tonearm.conf (fresh secrets, 0600), and DATA_DIR and RUN_DIR, which are absolute or relative to it,
 * with what belongs there (0750) and the database. A library that is there already stays. *CONF becomes the path of the
 * configuration, in ARENA. ERR_CONFLICT when there is a configuration already, which is left as it is; after another
 * failure none is left.
 */
enum err site_make(const char *folder, const char *data_dir, const char *run_dir, struct arena *arena,
	const char **conf, struct err_info *info);

#endif
