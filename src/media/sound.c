/* SPDX-License-Identifier: MIT */
#include "media/sound.h"

#include "base/json.h"
#include "base/text.h"
#include "conf/preset.h"

#include <string.h>

/* Past this nobody wants to hear it. */
#define GAIN_MOST_DB 120.0
/* Past this it is no level. */
#define LEVEL_MOST 200.0

static const char *const modes[] = {[SOUND_OFF] = "off", [SOUND_TAGS] = "tags", [SOUND_APPLY] = "apply"};
static const char *const members[] = {
	"loudness", "target_lufs", "true_peak_dbtp", "limiter", "gain_db", "known", "filter", "album",
	"album_tracks", NULL};

static enum err parse_mode(const char *word, enum sound_mode *out, struct err_info *info)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(modes[i], word) == 0) {
			*out = (enum sound_mode)i;
			return ERR_OK;
		}
	}
	return err_set(info, ERR_UNPROCESSABLE, "\"loudness\" must be \"tags\", \"apply\" or \"off\"");
}

static enum err find_preset(const struct conf *conf, const char *name, const char **filter, struct err_info *info)
{
	*filter = NULL;
	if (name == NULL || name[0] == '\0')
		return ERR_OK;
	for (size_t i = 0; i < conf->preset_count; i++) {
		if (strcmp(conf->presets[i].name, name) == 0) {
			*filter = conf->presets[i].filter;
			return ERR_OK;
		}
	}
	return err_set(info, ERR_UNPROCESSABLE, "there is no preset \"%.*s\" in the configuration",
		(int)PRESET_NAME_MOST, name);
}

static enum err check_album(const struct sound *sound, struct err_info *info)
{
	size_t length = sound->album != NULL ? strlen(sound->album) : 1;

	if (length == 0 || length > SOUND_ALBUM_MOST || (sound->album != NULL && !text_is_utf8(sound->album)))
		return err_set(info, ERR_UNPROCESSABLE, "\"album_mode\" is a name of 1 to %d bytes of UTF-8",
			(int)SOUND_ALBUM_MOST);
	if (sound->album != NULL && sound->mode == SOUND_OFF)
		return err_set(info, ERR_UNPROCESSABLE, "\"album_mode\" does not go with the loudness \"off\"");
	if (sound->album == NULL && sound->album_tracks != 0)
		return err_set(info, ERR_UNPROCESSABLE, "\"album_tracks\" goes with \"album_mode\"");
	if (sound->album_tracks < 0 || sound->album_tracks > SOUND_TRACKS_MOST)
		return err_set(
			info, ERR_UNPROCESSABLE, "\"album_tracks\" is a number from 1 to %d", (int)SOUND_TRACKS_MOST);
	if (sound->album != NULL && sound->mode == SOUND_APPLY && sound->album_tracks == 0)
		return err_set(info, ERR_UNPROCESSABLE,
			"\"album_mode\" with the loudness \"apply\" needs \"album_tracks\": how many the album has");
	return ERR_OK;
}

enum err sound_choose(const struct conf *conf, const char *loudness, const char *preset, const char *album,
	int64_t album_tracks, struct sound *out, struct err_info *info)
{
	enum err err;

	*out = (struct sound){.target_lufs = conf->loudness_target,
		.peak_dbtp = conf->true_peak,
		.limiter = conf->limiter,
		.album = album,
		.album_tracks = album_tracks};
	if (loudness == NULL)
		loudness = conf->loudness;
	err = loudness != NULL ? parse_mode(loudness, &out->mode, info) : ERR_OK;
	if (err == ERR_OK)
		err = check_album(out, info);
	return err == ERR_OK ? find_preset(conf, preset != NULL ? preset : conf->preset, &out->filter, info) : err;
}

json_t *sound_json(const struct sound *sound)
{
	json_t *object = json_pack("{s:s, s:f, s:f, s:b}", "loudness", modes[sound->mode], "target_lufs",
		sound->target_lufs, "true_peak_dbtp", sound->peak_dbtp, "limiter", (int)sound->limiter);

	if (sound->gain_known)
		json_object_set_new(object, "gain_db", json_real(sound->gain_db));
	if (sound->loudness_known)
		json_object_set_new(object, "known",
			json_pack("{s:f, s:f}", "integrated_lufs", sound->known_lufs, "true_peak_dbtp",
				sound->known_peak_dbtp));
	if (sound->filter != NULL)
		json_object_set_new(object, "filter", json_string(sound->filter));
	if (sound->album != NULL)
		json_object_set_new(object, "album", json_string(sound->album));
	if (sound->album != NULL && sound->album_tracks > 0)
		json_object_set_new(object, "album_tracks", json_integer(sound->album_tracks));
	return object;
}

static enum err read_level(const json_t *object, const char *name, double least, double most, double *out,
	struct err_info *info)
{
	const json_t *value = json_object_get(object, name);

	*out = json_number_value(value);
	if (!json_is_number(value) || !(*out >= least && *out <= most))
		return err_set(info, ERR_UNPROCESSABLE, "\"%s\" must be a number from %.0f to %.0f", name, least, most);
	return ERR_OK;
}

static enum err read_filter(const json_t *object, struct arena *arena, const char **out, struct err_info *info)
{
	const char *filter = NULL;
	enum err err = json_read_text(object, "filter", PRESET_FILTER_MOST, &filter, info);

	if (err == ERR_OK && filter != NULL)
		err = preset_check(filter, info);
	if (err == ERR_OK)
		*out = arena_strdup(arena, filter);
	return err;
}

static enum err read_known(const json_t *object, struct sound *out, struct err_info *info)
{
	const json_t *known = json_object_get(object, "known");
	enum err err;

	out->loudness_known = known != NULL;
	if (known == NULL)
		return ERR_OK;
	err = read_level(known, "integrated_lufs", -LEVEL_MOST, LEVEL_MOST, &out->known_lufs, info);
	return err == ERR_OK
		       ? read_level(known, "true_peak_dbtp", -LEVEL_MOST, LEVEL_MOST, &out->known_peak_dbtp, info)
		       : err;
}

enum err sound_read(const json_t *object, struct arena *arena, struct sound *out, struct err_info *info)
{
	const char *mode = "", *album = NULL;
	enum err err;

	*out = (struct sound){0};
	if (object == NULL)
		return ERR_OK;
	err = json_read_members(object, members, info);
	if (err == ERR_OK)
		err = json_read_text(object, "loudness", sizeof "apply", &mode, info);
	if (err == ERR_OK)
		err = parse_mode(mode, &out->mode, info);
	if (err == ERR_OK)
		err = read_level(object, "target_lufs", CONF_TARGET_LEAST, 0, &out->target_lufs, info);
	if (err == ERR_OK)
		err = read_level(object, "true_peak_dbtp", CONF_PEAK_LEAST, 0, &out->peak_dbtp, info);
	out->gain_known = json_object_get(object, "gain_db") != NULL;
	if (err == ERR_OK && out->gain_known)
		err = read_level(object, "gain_db", -GAIN_MOST_DB, GAIN_MOST_DB, &out->gain_db, info);
	if (err == ERR_OK)
		err = read_known(object, out, info);
	out->limiter = json_is_true(json_object_get(object, "limiter"));
	if (err == ERR_OK)
		err = json_read_text(object, "album", SOUND_ALBUM_MOST, &album, info);
	if (err == ERR_OK)
		err = json_read_whole(object, "album_tracks", 0, SOUND_TRACKS_MOST, &out->album_tracks, info);
	out->album = arena_strdup(arena, album);
	return err == ERR_OK ? read_filter(object, arena, &out->filter, info) : err;
}
