/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys: a client that did not hear the answer to a submit sends it again under the same key and gets the
 * same job. A key belongs to its submitter and is kept for JOB_KEY_KEPT_MS after the job was queued, or until the job
 * is pruned; then it is free again. The fingerprint, a SHA-256 in hex of what was asked, tells a repetition from
 * another request that took the same key by mistake.
 *
 *     db_begin ──► job_key_find ──► found: roll back, answer with that job
 *                       └─────────► not found: job_submit, job_key_put, commit
 */
#ifndef TONEARM_MODEL_JOB_KEY_H
#define TONEARM_MODEL_JOB_KEY_H

#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"
#include "db/db.h"

#include <stdint.h>

enum { JOB_KEY_LENGTH = 255, JOB_KEY_KEPT_MS = 24 * 3600 * 1000 };

struct job_key {
	const char *submitter;
	const char *name; /* as the client chose it */
	char fingerprint[HASH_HEX_SIZE];
};

/* ERR_UNPROCESSABLE unless NAME is 1 to JOB_KEY_LENGTH printable ASCII characters. */
enum err job_key_check(const char *name, struct err_info *info);

/* The job under KEY. ERR_NOT_FOUND when it is free; ERR_UNPROCESSABLE when it stands for another request. */
enum err job_key_find(
	struct db *db, const struct job_key *key, int64_t now_ms, char job[static ID_SIZE], struct err_info *info);

/* Puts JOB under KEY, which job_key_find() found free in the same transaction. Forgets old keys. */
enum err job_key_put(struct db *db, const struct job_key *key, const char *job, int64_t now_ms, struct err_info *info);

#endif
