/* SPDX-License-Identifier: MIT */
/*
 * Resumable uploads: a row (model/resumable.h) and a file <data>/spool/<id>.upload, whose size is how far the upload
 * has come.
 *
 *     arrival_begin() ──► arrival_open() ──► arrival_write()… ──► arrival_settle() ──► arrival_finish(): track and job
 *                              ▲      (any number of times, one writer at a time)           │
 *                              └────────────── arrival_look(): how far ◄────────────────────┘
 *
 * How far an upload has come is told only after fdatasync() of its file, by arrival_look() as by arrival_settle(), so
 * that what a client was told is on the disk whatever happens to the machine. Bytes whose checksum stands out are told
 * of by the row (`doubt`) and do not count until it was found right; a process that is killed in between takes them
 * along. A writer holds flock() on the file, which ends with its process.
 *
 * An upload that became a track has no file any more; its row stays until it expires. The database is asked between,
 * never during, the arrival of bytes. Whoever is not the owner is told that there is no such upload.
 */
#ifndef TONEARM_STORAGE_ARRIVAL_H
#define TONEARM_STORAGE_ARRIVAL_H

#include "model/resumable.h"
#include "storage/ingest.h"
#include "storage/spool.h"

enum { ARRIVALS_AT_ONCE = 100 };

struct arrival {
	struct resumable row;
	struct spool file; /* locked and open; `bytes` is how far the upload has come */
	uint64_t began;    /* `bytes` when it was opened */
};

/*
 * Writes down the new upload ROW, whose id and times are filled here; it expires conf->upload_keep_s from now.
 * ERR_TOO_MANY when its owner has conf->uploads_open of them under way.
 */
enum err arrival_begin(const struct conf *conf, struct db *db, const struct clock *clock, struct resumable *row,
	struct err_info *info);

/* The upload ID of OWNER and how far it has come, which is then on disk. ERR_NOT_FOUND, also when it has expired. */
enum err arrival_look(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, struct arena *arena, struct resumable *row, int64_t *offset, struct err_info *info);

/*
 * The same, for one who will write, until arrival_close(). The upload lives for conf->upload_keep_s more; with DOUBTED
 * nothing that is written counts before arrival_trust(). ERR_LOCKED while somebody else has it open; ERR_CONFLICT when
 * it has become a track; ERR_NO_SPACE.
 */
enum err arrival_open(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, bool doubted, struct arena *arena, struct arrival *out, struct err_info *info);

/*
 * The whole upload has LENGTH bytes, as is told with one of its pieces where it was begun without, once and for all.
 * ERR_BAD_REQUEST when it has another, or more have come.
 */
enum err arrival_measure(struct arrival *arrival, struct db *db, int64_t length, struct err_info *info);

/* As spool_write(); ERR_TOO_LARGE also past the length that the upload was to have, if that was told. */
enum err arrival_write(struct arrival *arrival, const void *bytes, size_t length, struct err_info *info);

/* What was written since it was opened is on disk. ERR_IO, ERR_NO_SPACE. */
enum err arrival_settle(struct arrival *arrival, struct err_info *info);

/* What was written since it was opened is gone. ERR_IO. */
enum err arrival_take_back(struct arrival *arrival, struct err_info *info);

/* What was written with doubt, and settled, counts from now on. */
enum err arrival_trust(struct arrival *arrival, struct db *db, struct err_info *info);

/*
 * Makes a track of the whole upload, as ingest_spool() does, and remembers which in its row, both or neither. On
 * failure the upload stays as it is when trying again may help (ERR_BUSY, ERR_NO_SPACE, ERR_IO and the like), else it
 * is gone.
 */
enum err arrival_finish(struct arrival *arrival, struct db *db, const struct ingest *ingest, const struct clock *clock,
	struct arena *arena, struct track *track, struct job *job, struct err_info *info);

/* Lets the next one in. Also of a zeroed one. */
void arrival_close(struct arrival *arrival);

/* The upload of OWNER with its file is gone; a track that it became stays. ERR_NOT_FOUND, ERR_LOCKED. */
enum err arrival_remove(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, struct arena *arena, struct err_info *info);

/*
 * Joins COUNT uploads, which are whole and partial, of ROW's owner, in order, to a new one, of which a track is made;
 * ROW is filled as by arrival_begin(), with its length, and remembers the track. On success the parts are gone.
 * ERR_BAD_REQUEST when one is not partial, ERR_CONFLICT when one is not whole, ERR_LOCKED, ERR_NOT_FOUND,
 * ERR_TOO_LARGE.
 */
enum err arrival_join(const struct conf *conf, struct db *db, const struct clock *clock, const char *const *parts,
	size_t count, struct resumable *row, const struct ingest *ingest, struct arena *arena, struct track *track,
	struct job *job, struct err_info *info);

/*
 * Removes up to ARRIVALS_AT_ONCE uploads that have expired and nobody writes; *COUNT is how many went: fewer when that
 * was all, and then also files without a row.
 */
enum err arrival_expire(
	const struct conf *conf, struct db *db, const struct clock *clock, size_t *count, struct err_info *info);

#endif
