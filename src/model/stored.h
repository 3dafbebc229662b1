/* SPDX-License-Identifier: MIT */
/*
 * The files of the library as things that can be damaged: every rendition, kept source and extra with the SHA-256 that
 * it had when it was made, and what is known of it since.
 *
 *     stored_list() ──► files of a track ──► storage/verify.h reads them ──► stored_mark(): what was found
 *
 * A damaged rendition keeps its row, as its file may be all that is left, but nobody is led to it: rendition.h does not
 * find it, so no playlist names it and a job that wants its quality makes it anew, which is its end. The row of a
 * damaged extra goes at once, and the next job of the track makes it. A damaged source stays, and is not used.
 */
#ifndef TONEARM_MODEL_STORED_H
#define TONEARM_MODEL_STORED_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum damage {
	DAMAGE_NONE,
	DAMAGE_MISSING,
	DAMAGE_TRUNCATED,
	DAMAGE_ALTERED,
	DAMAGE_UNREADABLE /* the disk fails to read it */
};

enum stored_what { STORED_SOURCE, STORED_RENDITION, STORED_EXTRA };

/* "whole", "missing", ...; "source", "rendition", "extra". */
const char *damage_name(enum damage damage);
const char *stored_what_name(enum stored_what what);

struct stored {
	enum stored_what what;
	char track[ID_SIZE];
	const char *name;         /* the quality, the role, or the file itself of a source */
	const char *file;         /* name below <data>/source or <data>/media/<track> */
	char etag[HASH_HEX_SIZE]; /* "" for a source that was never read */
	int64_t size;             /* bytes */
	int64_t modified_s;       /* seconds since 1970; 0 of a source */
	enum damage damage;       /* as known */
	bool away;                /* only an object store has it (remote.h): it is missed here by nobody */
};

/* All files of TRACK in ARENA, its source first; *COUNT is 0 also when there is no such track. */
enum err stored_list(
	struct db *db, const char *track, struct arena *arena, struct stored **out, size_t *count, struct err_info *info);

/*
 * Writes down that STORED is in the state DAMAGE (DAMAGE_NONE: as it was made) and, of a source without a checksum,
 * that ETAG is its; unless another file took its place since it was listed. *NEWS tells whether anything changed.
 */
enum err stored_mark(struct db *db, const struct stored *stored, enum damage damage, const char *etag, int64_t now_ms,
	bool *news, struct err_info *info);

/* A damaged rendition, and what it was. Text in the arena. */
struct stored_damaged {
	char track[ID_SIZE];
	const char *quality, *codec, *container, *file;
	int64_t bit_rate, sample_rate, channels;
	enum damage damage;
	int64_t damaged_ms;     /* when it was found out */
	const char *repair_job; /* that was queued for it, or NULL */
	int64_t repaired_ms;    /* when it was made anew the last time; 0: never */
};

/* Those of TRACK, or with NULL of all tracks, by track, best first. */
enum err stored_list_damaged(struct db *db, const char *track, struct arena *arena, struct stored_damaged **out,
	size_t *count, struct err_info *info);

/* Says that JOB (NULL: none) was queued to make a damaged rendition anew. */
enum err stored_set_repair(struct db *db, const char *track, const char *quality, const char *job, struct err_info *info);

/* What is known of the source of TRACK: DAMAGE_NONE when nothing bad is. */
enum err stored_source_damage(struct db *db, const char *track, enum damage *out, struct err_info *info);

struct stored_counts {
	int64_t renditions, tracks; /* damaged renditions, and the tracks they belong to */
	int64_t sources;
};

/* Counts what is damaged. Database errors. */
enum err stored_count(struct db *db, struct stored_counts *out, struct err_info *info);

/* The walk of stored_next_track() through the library. Zeroed when there was none. */
struct stored_pass {
	char after[ID_SIZE]; /* the last track that was looked at; "" at the beginning */
	int64_t began_ms;    /* of the pass that goes on, 0 between two */
	int64_t ended_ms;    /* of the last one that came to its end */
};

/* Reads and writes how far the walk has come. Database errors. */
enum err stored_pass_get(struct db *db, struct stored_pass *out, struct err_info *info);
enum err stored_pass_put(struct db *db, const struct stored_pass *pass, struct err_info *info);

/* The track that follows AFTER ("" for the first), oldest first. ERR_NOT_FOUND behind the last. */
enum err stored_next_track(struct db *db, const char *after, char out[static ID_SIZE], struct err_info *info);

#endif
