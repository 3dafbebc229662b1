/* SPDX-License-Identifier: MIT */
/*
 * A rendition: one encoding of a track, in one file, with the table of its segments. A row exists only for
 * a file that is whole and in place; one that was found to be damaged since is seen by stored.h alone, and ends when
 * the rendition is put anew.
 *
 * While a job makes it, a rendition can be heard already: as a growing one, in a table of its own, whose `work` is set.
 * It has the segments that are whole so far, and lives as long as one attempt of its job:
 *
 *     first segments ──rendition_grow()──► growing, longer each time ──► whole: rendition_put(), when the job is done
 *                                              └── attempt fails, is lost or begins anew: gone, with the job's row
 */
#ifndef TONEARM_MODEL_RENDITION_H
#define TONEARM_MODEL_RENDITION_H

#include "base/hash.h"
#include "conf/conf.h"
#include "model/segment_table.h"
#include "model/track.h"

struct rendition {
	char track[ID_SIZE];
	char quality[CONF_QUALITY_MOST + 1]; /* "high": text_is_word(), the name in URLs */
	char codec[16];             /* "aac" */
	char container[8];          /* "cmaf"; others have no segments, init section and index */
	char codecs[32];            /* RFC 6381, "mp4a.40.2" */
	char file[40];              /* name below <data>/media/<track>/, "high.mp4" */
	char etag[HASH_HEX_SIZE];   /* SHA-256 of the file, without quotes */
	uint32_t bit_rate;          /* asked for, bits/s; 0 for lossless */
	uint32_t peak_bandwidth;    /* of the fastest segment, bits/s, rounded up */
	uint32_t average_bandwidth; /* of all segments, bits/s, rounded up */
	uint32_t sample_rate, channels;
	uint32_t timescale; /* of durations: the sampling rate */
	uint32_t priming;   /* samples at the start that the edit list discards; native containers: 0 */
	uint64_t samples;   /* presented length, in `timescale`: what a listener hears */
	uint64_t file_size;
	uint64_t init_size;                /* ftyp and moov: bytes 0 to init_size-1 */
	uint64_t index_offset, index_size; /* the sidx box */
	int64_t modified;                  /* seconds since 1970 */
	struct segment_table segments;
	/*
	 * Of a growing one the file below <data>/spool, else NULL. `samples` is then an estimate of the length to
	 * come, `file_size` the end of the last segment, `etag` says which attempt makes it; there is no index.
	 */
	const char *work;
};

/* A rendition with what a responder must know of its track before it answers: filled by one indexed read. */
struct rendition_view {
	struct rendition rendition;
	struct track_audience audience;
	enum track_state state;
};

/* Inserts or replaces (by track and quality). */
enum err rendition_put(struct db *db, const struct rendition *rendition, struct err_info *info);

/*
 * One rendition, segments decoded into ARENA. One statement. ERR_NOT_FOUND when the track or the quality is
 * not there: then OUT->state tells nothing.
 */
enum err rendition_get(struct db *db, const char *track, const char *quality, struct arena *arena,
	struct rendition_view *out, struct err_info *info);

/*
 * All renditions of a track, without segments, best first (descending bit rate, then quality name). One statement that
 * also yields the track's row: ERR_NOT_FOUND only when there is no such track; *COUNT may be 0.
 */
enum err rendition_list(struct db *db, const char *track, struct arena *arena, struct track *of, struct rendition **out,
	size_t *count, struct err_info *info);

/*
 * Makes RENDITION, which grows in the work file that it names, visible as far as its segments go, on behalf of JOB
 * which OWNER has leased. One statement. ERR_CONFLICT when the job is not the owner's any more, or when the track has
 * this quality already, whole or from another job: then it stays as it is.
 */
enum err rendition_grow(
	struct db *db, const char *job, const char *owner, const struct rendition *rendition, struct err_info *info);

/* As rendition_get(), of a growing one. */
enum err rendition_get_growing(struct db *db, const char *track, const char *quality, struct arena *arena,
	struct rendition_view *out, struct err_info *info);

/* The growing ones of a track, without segments, best first. *COUNT may be 0. */
enum err rendition_list_growing(struct db *db, const char *track, struct arena *arena, struct rendition **out,
	size_t *count, struct err_info *info);

#endif
