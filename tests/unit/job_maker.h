/* SPDX-License-Identifier: MIT */
/* For the tests of the queue: jobs by number, submitted and claimed in one line. */
#ifndef TONEARM_TEST_JOB_MAKER_H
#define TONEARM_TEST_JOB_MAKER_H

#include "fixture.h"
#include "model/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LEASE = 30000 };
#define MINUTE INT64_C(60000)
#define BIRTH (INT64_C(1000) * MINUTE)

/* A job with the id "00...N", so that ids sort as their numbers do, born at BIRTH. */
static inline struct job job_number(int number, const char *submitter)
{
	struct job job = {
		.kind = "transcode", .payload = "{}", .submitter = submitter, .max_attempts = 3, .created_ms = BIRTH};

	snprintf(job.id, sizeof job.id, "%026d", number);
	return job;
}

static inline void submit(struct fixture *fixture, const struct job *job)
{
	struct err_info info = {0};

	if (job_submit(fixture->db, job, 0, &info) != ERR_OK)
		fail_msg("%s", info.detail);
}

/* Claims one of CLASSES at NOW; its number, 0 when there is none. */
static inline int claim_number(struct fixture *fixture, unsigned classes, int64_t now)
{
	struct job job;
	enum err err = job_claim(fixture->db, "r", classes, now, LEASE, &fixture->arena, &job, NULL);
	int number = 0;

	assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
	if (err == ERR_OK)
		sscanf(job.id, "%d", &number);
	return number;
}

static inline void finish_number(struct fixture *fixture, int number, int64_t now)
{
	assert_int_equal(job_finish(fixture->db, job_number(number, "").id, "r", now, NULL), ERR_OK);
}

static inline struct job get_number(struct fixture *fixture, int number)
{
	struct job job;

	assert_int_equal(job_get(fixture->db, job_number(number, "").id, &fixture->arena, &job, NULL), ERR_OK);
	return job;
}

#endif
