/* SPDX-License-Identifier: MIT */
/*
 * How an intake looks: live bars on a terminal, plain lines elsewhere, JSON lines for programs. Each call shows one
 * step.
 */
#ifndef TONEARM_CLI_INTAKE_SHOW_H
#define TONEARM_CLI_INTAKE_SHOW_H

#include "cli/intake.h"

/* FILE is copied into the library up to SHARE (0 to 1). */
void intake_show_copy(struct intake *intake, const struct intake_file *file, double share);

/* FILE has its track and its job. */
void intake_show_queued(struct intake *intake, const struct intake_file *file);

/* The job of FILE was looked at. */
void intake_show_progress(struct intake *intake, const struct intake_file *file);

/* FILE can be heard while it is made: told once. */
void intake_show_playable(struct intake *intake, const struct intake_file *file);

/* FILE is over, done or failed; also one that failed before it had a job. */
void intake_show_end(struct intake *intake, const struct intake_file *file);

/* One round over all files is complete: the bars are drawn. */
void intake_show_all(struct intake *intake);

/* A sentence for the person; nothing with JSON. */
void intake_show_note(struct intake *intake, const char *sentence);

/* Takes the bars away. */
void intake_show_close(struct intake *intake);

#endif
