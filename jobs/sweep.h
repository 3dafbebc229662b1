/* SPDX-License-Identifier: MIT */
/*
 * House-keeping: what dead uploads, dead runners and deleted tracks left on the disk goes. Any number of runners may
 * sweep at once.
 */
#ifndef TONEARM_JOBS_SWEEP_H
#define TONEARM_JOBS_SWEEP_H

#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"

#include <dirent.h>

enum { SWEEP_UPLOADS_S = 10, SWEEP_FOLDERS_S = 60 };

struct sweep {
	const struct conf *conf;
	struct db *db;
	const struct clock *clock;
	DIR *media; /* where the walk through the media folder stands; NULL: at its beginning */
	DIR *source;
};

/* Every SWEEP_UPLOADS_S: uploads whose writer died. */
void sweep_uploads(struct sweep *sweep);

/*
 * Every SWEEP_FOLDERS_S: work folders whose runner died and, when they are older than an hour, media folders without a
 * track, files in them that no row names, and sources that no track names: what a crash between a rename and its commit
 * left. Looks at no more than some hundreds of folders and sources a call and goes on there the next time: a large
 * library must not stall the runner.
 */
void sweep_folders(struct sweep *sweep);

/* Closes what is open. */
void sweep_end(struct sweep *sweep);

#endif
