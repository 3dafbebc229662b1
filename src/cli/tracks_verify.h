/* SPDX-License-Identifier: MIT */
/* `tonearm tracks verify`, and what `list` and `show` say of damage that was found. */
#ifndef TONEARM_CLI_TRACKS_VERIFY_H
#define TONEARM_CLI_TRACKS_VERIFY_H

#include "cli/cli.h"
#include "model/stored.h"

/*
 * Reads all files of the tracks that WORDS name, or of all tracks, as fast as the disk goes, and does what the job
 * "verify-media" does. ERR_IO when something is damaged, ERR_ABORTED when it was interrupted; database errors.
 */
enum err tracks_verify(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info);

/* The damaged renditions as JSON; a new reference. */
json_t *tracks_damaged_json(const struct stored_damaged *damaged, size_t count);

#endif
