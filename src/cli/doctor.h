/* SPDX-License-Identifier: MIT */
/*
 * The checks of `tonearm doctor`. Each looks at one thing and says how it is by doctor_say(), with how to mend it; none
 * changes anything but counters in the report.
 */
#ifndef TONEARM_CLI_DOCTOR_H
#define TONEARM_CLI_DOCTOR_H

#include "cli/cli.h"

enum doctor_grade { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	struct cli *cli;
	json_t *checks; /* NULL: lines are printed instead */
	size_t counts[3];
};

/* One finding. MEND is what to do about it, NULL when there is nothing to do; FORMAT gives what was found. */
void doctor_say(struct doctor *doctor, enum doctor_grade grade, const char *check, const char *mend, const char *format,
	...) __attribute__((format(printf, 5, 6)));

/*
 * Reads the configuration into cli->conf. False when it cannot be read: the checks below need it, but for
 * doctor_programs().
 */
bool doctor_configuration(struct doctor *doctor);

/* Opens the database into cli->db. False when it cannot be used. */
bool doctor_database(struct doctor *doctor);

/* The folders of data and of what runs, free space and kind of their disk, and how many files may be open. */
void doctor_folders(struct doctor *doctor);
void doctor_disk(struct doctor *doctor);
void doctor_limits(struct doctor *doctor);

/* Needs the database too. */
void doctor_jobs(struct doctor *doctor);

/* Damage that was found in stored files, and when they were all verified. Needs the database too. */
void doctor_media(struct doctor *doctor);

/* Which files the object store has confirmed, its breaker and its budget. Needs the database too. */
void doctor_store(struct doctor *doctor);

/* Runs the worker on an empty file: does it start, and does its cage close? */
void doctor_worker(struct doctor *doctor);

/*
 * Asks the live site at URL, with the configuration, what its web server makes of requests and answers, and which way
 * of delivery is best; with WRITE that becomes http.delivery of the configuration. Errors of what it does here: making
 * a token, a file among the media, the configuration; what the site does is said by doctor_say().
 */
enum err doctor_url(struct doctor *doctor, const char *url, bool write, struct err_info *info);

/* Helper programs and web servers. */
void doctor_programs(struct doctor *doctor);

#endif
