/* SPDX-License-Identifier: MIT */
/*
 * An ingest that is asked for again under its Idempotency-Key: what makes two the same, and what the first one made.
 * For ingest.c alone.
 */
#ifndef TONEARM_STORAGE_REPEAT_H
#define TONEARM_STORAGE_REPEAT_H

#include "model/job_key.h"
#include "storage/ingest.h"

/*
 * The key of INGEST, whose `key` is not NULL, with the fingerprint of all that was asked: WHAT is "upload", "import" or
 * "more", SUBJECT the SHA-256 of the bytes, the path or the track, PAYLOAD what is made of it, sources left out.
 */
struct job_key repeat_key(const struct ingest *ingest, const char *what, const char *subject,
	const struct transcode_job *payload, struct arena *arena);

/*
 * The JOB that KEY made and, unless TRACK is NULL, its track. ERR_NOT_FOUND when KEY is free; ERR_UNPROCESSABLE when it
 * stands for another request; ERR_CONFLICT when what it made was deleted since.
 */
enum err repeat_find(struct db *db, const struct job_key *key, int64_t now_ms, struct arena *arena, struct track *track,
	struct job *job, struct err_info *info);

#endif
