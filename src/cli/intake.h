/* SPDX-License-Identifier: MIT */
/*
 * Files of this machine into the library, and the wait until they can be played: the work behind `tonearm add`.
 *
 *     file ──copy──► spool ──ingest──► track + job ──(jobrunner)──► watched in the job table until all are over
 *
 * On a terminal each file has a bar that moves; elsewhere a plain line tells of each step; with JSON one object a line
 * does:
 *     {"event": "queued", "file", "track", "job"}
 *     {"event": "playable", "file", "track", "job"} when it can be heard while the rest is made
 *     {"event": "progress", "file", "track", "job", "stage", "progress", "speed", "left_ms"?}
 *     {"event": "done" | "failed", "file", "track", "job", "error"?}
 */
#ifndef TONEARM_CLI_INTAKE_H
#define TONEARM_CLI_INTAKE_H

#include "cli/cli.h"
#include "media/sound.h"
#include "model/job.h"
#include "model/track.h"

enum intake_state { INTAKE_NEW, INTAKE_QUEUED, INTAKE_DONE, INTAKE_FAILED };

struct intake_file {
	const char *path; /* or address */
	enum intake_state state;
	char track[ID_SIZE], job[ID_SIZE];
	enum job_state job_state; /* this and the next five as last seen in the table */
	double progress, speed;
	int64_t left_ms; /* -1: unknown */
	char stage[32];
	bool stage_is_new, is_new; /* the stage, or any of them, since the look before */
	bool playable;             /* can be heard while it is made */
	char reason[256];          /* why it failed */
	int64_t started_us, took_us;
};

struct intake {
	struct cli *cli; /* with its database open */
	struct intake_file *files;
	size_t count;
	bool json;
	const char *title, *artist, *album; /* NULL: from the tags */
	enum track_visibility visibility;
	const char *places; /* of conf/geo_rule.h; NULL: as configured */
	const struct conf_rendition *renditions; /* to make of each */
	size_t rendition_count;
	struct sound sound; /* what is done to each */
	bool passthrough;
};

/*
 * Copies file INDEX into the library, or has it fetched there when it is an address (source_url.h). ERR_ABORTED after
 * Ctrl-C; errors as ingest_spool() and ingest_fetch(), with the file's name in the sentence. Nothing of it is left
 * then.
 */
enum err intake_copy(struct intake *intake, size_t index, struct err_info *info);

/*
 * Waits until the jobs of all queued files are over, showing how they go. When no jobrunner was seen lately it says so
 * and runs one itself until then. ERR_ABORTED after Ctrl-C (the jobs stay queued), ERR_UNPROCESSABLE when a file did
 * not make it.
 */
enum err intake_wait(struct intake *intake, struct err_info *info);

#endif
