/* SPDX-License-Identifier: MIT */
/* A new site: the folder that holds a configuration, the data and the run folder of one Tonearm. */
#ifndef TONEARM_CLI_SITE_H
#define TONEARM_CLI_SITE_H

#include "base/arena.h"
#include "base/err.h"

/*
 * Makes FOLDER with data/ and run/ (0750), tonearm.conf with fresh secrets (0600) and the database in it. *CONF becomes
 * the path of the configuration, in ARENA. ERR_CONFLICT when there is a configuration already, which is left as it is;
 * after another failure none is left.
 */
enum err site_make(const char *folder, struct arena *arena, const char **conf, struct err_info *info);

#endif
