/* SPDX-License-Identifier: MIT */
#include "fcgi/api_fields.h"

#include "base/text.h"
#include "fcgi/api.h"

#include <string.h>

static const char *const names[FIELD_COUNT] = {
	"title", "artist", "album", "visibility", "places", "renditions", "formats", "loudness", "preset",
	"album_mode", "album_tracks", "passthrough"};

const char *api_field_name(enum api_field field)
{
	return names[field];
}

enum api_field api_field_find(const char *name)
{
	enum api_field field = 0;

	while (field < FIELD_COUNT && strcmp(name, names[field]) != 0)
		field++;
	return field;
}

/* How many tracks the album has; 0 when WORD is NULL. */
static enum err read_tracks(const char *word, int64_t *out, struct err_info *info)
{
	uint64_t tracks = 0;

	if (word != NULL && !text_to_u64(word, SOUND_TRACKS_MOST, &tracks))
		return err_set(
			info, ERR_UNPROCESSABLE, "\"album_tracks\" is a number from 1 to %d", (int)SOUND_TRACKS_MOST);
	*out = (int64_t)tracks;
	return ERR_OK;
}

enum err api_fields_read(const struct conf *conf, const struct api_fields *given, struct arena *arena,
	struct ingest *ingest, struct err_info *info)
{
	const char *const *fields = given->values;
	const char *visibility = fields[FIELD_VISIBILITY] != NULL ? fields[FIELD_VISIBILITY] : conf->default_visibility;
	json_t *renditions = NULL;
	int64_t tracks = 0;
	enum err err = api_visibility(visibility, &ingest->visibility, info);

	ingest->title = fields[FIELD_TITLE];
	ingest->artist = fields[FIELD_ARTIST];
	ingest->album = fields[FIELD_ALBUM];
	if (err == ERR_OK)
		err = api_places(fields[FIELD_PLACES], arena, &ingest->places, info);
	if (err == ERR_OK)
		err = read_tracks(fields[FIELD_ALBUM_TRACKS], &tracks, info);
	if (err == ERR_OK)
		err = sound_choose(conf, fields[FIELD_LOUDNESS], fields[FIELD_PRESET], fields[FIELD_ALBUM_MODE], tracks,
			&ingest->sound, info);
	if (err == ERR_OK)
		err = transcode_job_passthrough(conf, fields[FIELD_PASSTHROUGH], &ingest->passthrough, info);
	if (err == ERR_OK && fields[FIELD_RENDITIONS] != NULL) {
		renditions = json_loads(fields[FIELD_RENDITIONS], JSON_REJECT_DUPLICATES, NULL);
		if (renditions == NULL)
			err = err_set(info, ERR_UNPROCESSABLE, "\"renditions\" is no JSON");
	}
	if (err == ERR_OK)
		err = transcode_job_renditions(
			conf, renditions, arena, &ingest->renditions, &ingest->rendition_count, info);
	if (err == ERR_OK && fields[FIELD_FORMATS] != NULL)
		err = transcode_job_formats(conf, fields[FIELD_FORMATS], arena, &ingest->renditions,
			&ingest->rendition_count, info);
	json_decref(renditions);
	return err;
}
