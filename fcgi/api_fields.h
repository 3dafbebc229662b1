/* SPDX-License-Identifier: MIT */
/*
 * What a client says of a file beside its bytes: the fields of a form, of a query, of the metadata of a resumable
 * upload, of the JSON of a direct one. They have the same names and meaning everywhere.
 */
#ifndef TONEARM_FCGI_API_FIELDS_H
#define TONEARM_FCGI_API_FIELDS_H

#include "conf/conf.h"
#include "storage/ingest.h"

enum api_field {
	FIELD_TITLE,
	FIELD_ARTIST,
	FIELD_ALBUM,
	FIELD_VISIBILITY,
	FIELD_PLACES,
	FIELD_RENDITIONS,
	FIELD_FORMATS,
	FIELD_LOUDNESS,
	FIELD_PRESET,
	FIELD_ALBUM_MODE,
	FIELD_ALBUM_TRACKS,
	FIELD_PASSTHROUGH,
	FIELD_COUNT
};

struct api_fields {
	const char *values[FIELD_COUNT]; /* NULL: not given */
};

/* The name of FIELD, and the field of NAME: FIELD_COUNT when there is none. */
const char *api_field_name(enum api_field field);
enum api_field api_field_find(const char *name);

/*
 * Reads FIELDS into those members of INGEST that they fill; text is borrowed from FIELDS, lists are in ARENA.
 * ERR_UNPROCESSABLE.
 */
enum err api_fields_read(const struct conf *conf, const struct api_fields *fields, struct arena *arena,
	struct ingest *ingest, struct err_info *info);

#endif
