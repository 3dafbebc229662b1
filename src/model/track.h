/* SPDX-License-Identifier: MIT */
/*
 * A track: one piece of sound somebody uploaded, what is known of it, and who may hear it. Functions take a
 * connection that the caller holds; results live in the given arena. Text fields are clean UTF-8 of at most
 * TRACK_TEXT bytes; NULL where unknown.
 */
#ifndef TONEARM_MODEL_TRACK_H
#define TONEARM_MODEL_TRACK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRACK_TEXT = 512, TRACK_PAGE_MOST = 200 };

enum track_visibility { TRACK_PUBLIC, TRACK_PRIVATE };
enum track_state {
	TRACK_PENDING, /* in the works: nothing to play yet, but for what grows */
	TRACK_READY,   /* at least one ladder is published */
	TRACK_FAILED   /* its job is dead; `failure` says why */
};

struct track {
	char id[ID_SIZE];
	enum track_visibility visibility;
	enum track_state state;
	const char *owner; /* subject of the token that uploaded it; "" from the command line */
	const char *title, *artist, *album;
	int64_t number, year;          /* 0 when unknown */
	int64_t duration_ms;           /* 0 until known */
	int64_t sample_rate, channels; /* of the source; 0 until known */
	const char *source_name;       /* file name as uploaded, cleaned; for display only, never a path */
	const char *source_file;       /* name below <data>/source, or NULL when it is not kept */
	const char *source_format;     /* "flac", "mp3", ... or NULL */
	int64_t source_bytes;
	const char *failure; /* NULL unless failed */
	int64_t created_ms, updated_ms;
	const char *places; /* where it may be heard, of conf/geo_rule.h; NULL: as configured */
	bool growing; /* some renditions can be heard while they are made (rendition.h); read only */
};

/* Who may listen to a track. */
struct track_audience {
	enum track_visibility visibility;
	const char *places; /* as in struct track */
};

/* "public"/"private" and back; ERR_BAD_REQUEST for another word. */
const char *track_visibility_name(enum track_visibility visibility);
enum err track_visibility_parse(const char *name, enum track_visibility *out);
const char *track_state_name(enum track_state state);

/* Inserts TRACK as it stands (id and times filled by the caller). ERR_CONFLICT when the id exists. */
enum err track_insert(struct db *db, const struct track *track, struct err_info *info);

/* ERR_NOT_FOUND when there is none. */
enum err track_get(struct db *db, const char *id, struct arena *arena, struct track *out, struct err_info *info);

/*
 * A page of at most LIMIT (1 to TRACK_PAGE_MOST) tracks, newest first, older than the id AFTER (NULL: from
 * the newest). With PUBLIC_ONLY private tracks are left out, but for those of OWNER (may be NULL).
 * *OUT is an array in ARENA.
 */
enum err track_list(struct db *db, const char *after, int public_only, const char *owner, size_t limit,
	struct arena *arena, struct track **out, size_t *count, struct err_info *info);

/* Writes title, artist, album, number, year, visibility and places as they stand in TRACK, and updated_ms. */
enum err track_update(struct db *db, const struct track *track, struct err_info *info);

/*
 * What the worker learned from the source: fills duration, rate, channels, source_format, and those of title, artist,
 * album, number and year that are still unset.
 */
enum err track_set_source(struct db *db, const struct track *track, struct err_info *info);

/*
 * Writes source_file, source_format, source_bytes and updated_ms: the source came. ERR_NOT_FOUND when the track is
 * gone.
 */
enum err track_set_fetched(struct db *db, const struct track *track, struct err_info *info);

/*
 * The tags of the source as JSON text (media/tags.h), which the model does not look into; NULL when it is not known
 * yet. ERR_NOT_FOUND when there is no such track.
 */
enum err track_set_tags(struct db *db, const char *id, const char *tags, struct err_info *info);
enum err track_get_tags(struct db *db, const char *id, struct arena *arena, const char **out, struct err_info *info);

/* Moves to STATE; FAILURE is the reason for TRACK_FAILED, else NULL. */
enum err track_set_state(struct db *db, const char *id, enum track_state state, const char *failure, int64_t now_ms,
	struct err_info *info);

/* Removes the row with its renditions; its jobs stay as history. ERR_NOT_FOUND. The caller removes the files. */
enum err track_delete(struct db *db, const char *id, struct err_info *info);

#endif
