/* SPDX-License-Identifier: MIT */
/*
 * Tracks and jobs as JSON objects for `--json`. Times are RFC 3339 in UTC; what is not known is null. The caller owns
 * the result.
 */
#ifndef TONEARM_CLI_VIEW_H
#define TONEARM_CLI_VIEW_H

#include "cli/term.h"
#include "model/loudness_row.h"
#include "model/job.h"
#include "model/job_history.h"
#include "model/rendition.h"
#include "model/track.h"

#include <jansson.h>

json_t *view_track(const struct track *track);
json_t *view_rendition(const struct rendition *rendition);
json_t *view_loudness(const struct loudness_row *row);
json_t *view_job(const struct job *job, int64_t now_ms);
json_t *view_job_event(const struct job_event *event);

/* The colour a state is shown in. */
enum term_style view_track_style(enum track_state state);
enum term_style view_job_style(enum job_state state);

#endif
