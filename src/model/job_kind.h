/* SPDX-License-Identifier: MIT */
/*
 * The kinds of jobs: one table (job_kind.c) says what each kind is called, what it wears out, and how often it is
 * tried. A class is what a runner has room for: as many media jobs at a time as it has places for workers, beside them
 * some that only wait for a network, and house-keeping one by one. Each class has a line of its own in the queue.
 * Static data.
 */
#ifndef TONEARM_MODEL_JOB_KIND_H
#define TONEARM_MODEL_JOB_KIND_H

#include <stdint.h>

/* Flags, so that several make a mask. */
enum job_class {
	JOB_MEDIA = 1 << 0,   /* the processor: each has a worker */
	JOB_NETWORK = 1 << 1, /* waits for other machines */
	JOB_UPKEEP = 1 << 2,  /* the runner's own house-keeping: disk and database */
	JOB_CLASS_ALL = JOB_MEDIA | JOB_NETWORK | JOB_UPKEEP
};
#define JOB_CLASS_COUNT 3

struct job_kind {
	const char *name;
	enum job_class class;
	int64_t max_attempts; /* 0: as jobs.max_attempts of the configuration says */
};

/* The kind of this name; NULL when there is none. */
const struct job_kind *job_kind_find(const char *name);

/* The word of one class in the job table. */
const char *job_class_name(enum job_class class);

#endif
