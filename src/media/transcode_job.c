/* SPDX-License-Identifier: MIT */
#include "media/transcode_job.h"

#include "base/json.h"
#include "media/profile.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { QUALITY_MOST = 23, NAME_MOST = 255 };

static const char *const rendition_members[] = {"quality", "codec", "bit_rate", "sample_rate", "channels", NULL};
static const char *const job_members[] = {"source", "import", "renditions", NULL};

static json_t *encode_rendition(const struct conf_rendition *rendition)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I}", "quality", rendition->quality, "codec", rendition->codec,
		"bit_rate", (json_int_t)rendition->bit_rate, "sample_rate", (json_int_t)rendition->sample_rate,
		"channels", (json_int_t)rendition->channels);
}

char *transcode_job_encode(const struct transcode_job *job, struct arena *arena)
{
	json_t *object = json_object(), *renditions = json_array();
	char *text, *result;

	if (job->source != NULL)
		json_object_set_new(object, "source", json_string(job->source));
	if (job->import != NULL)
		json_object_set_new(object, "import", json_string(job->import));
	for (size_t i = 0; i < job->count; i++)
		json_array_append_new(renditions, encode_rendition(&job->renditions[i]));
	json_object_set_new(object, "renditions", renditions);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text == NULL)
		abort();
	result = arena_strdup(arena, text);
	free(text);
	return result;
}

static enum err check_quality(const char *quality, struct err_info *info)
{
	size_t length = strspn(quality, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (length == 0 || length > QUALITY_MOST || quality[length] != '\0')
		return err_set(
			info, ERR_UNPROCESSABLE, "a quality is a name of 1 to %d of a-z, 0-9 and -", QUALITY_MOST);
	return ERR_OK;
}

static enum err read_rendition(
	const json_t *value, struct arena *arena, struct conf_rendition *out, struct err_info *info)
{
	const char *quality = NULL, *codec = NULL;
	enum err err = json_read_members(value, rendition_members, info);

	*out = (struct conf_rendition){.sample_rate = 44100, .channels = 2};
	if (err == ERR_OK)
		err = json_read_text(value, "quality", QUALITY_MOST, &quality, info);
	if (err == ERR_OK)
		err = json_read_text(value, "codec", QUALITY_MOST, &codec, info);
	if (err == ERR_OK)
		err = json_read_whole(value, "bit_rate", 1, INT32_MAX, &out->bit_rate, info);
	if (err == ERR_OK)
		err = json_read_whole(value, "sample_rate", 1, INT32_MAX, &out->sample_rate, info);
	if (err == ERR_OK)
		err = json_read_whole(value, "channels", 1, 255, &out->channels, info);
	if (err == ERR_OK && codec == NULL)
		err = err_set(info, ERR_UNPROCESSABLE, "a rendition needs a \"codec\"");
	if (err != ERR_OK)
		return err;
	out->codec = arena_strdup(arena, codec);
	out->quality = quality != NULL ? arena_strdup(arena, quality)
				       : arena_printf(arena, "%s-%" PRId64, codec, out->bit_rate / 1000);
	err = check_quality(out->quality, info);
	return err == ERR_OK ? profile_check(out, info) : err;
}

static enum err find_in_ladder(
	const struct conf *conf, const char *quality, struct conf_rendition *out, struct err_info *info)
{
	for (size_t i = 0; conf != NULL && i < conf->ladder_count; i++) {
		if (strcmp(conf->ladder[i].quality, quality) == 0) {
			*out = conf->ladder[i];
			return ERR_OK;
		}
	}
	return err_set(info, ERR_UNPROCESSABLE, "there is no quality \"%.32s\" in the configured ladder", quality);
}

static enum err check_unique(const struct conf_rendition *renditions, size_t count, struct err_info *info)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(renditions[i].quality, renditions[count].quality) == 0)
			return err_set(info, ERR_UNPROCESSABLE, "the quality \"%s\" is asked for twice",
				renditions[count].quality);
	}
	return ERR_OK;
}

/* CONF is NULL where names of the ladder have no meaning: in a stored payload. */
static enum err read_renditions(const struct conf *conf, const json_t *wanted, struct arena *arena,
	const struct conf_rendition **out, size_t *count, struct err_info *info)
{
	struct conf_rendition *renditions;
	size_t most = json_array_size(wanted);
	enum err err = ERR_OK;

	if (!json_is_array(wanted) || most == 0 || most > TRANSCODE_RENDITIONS_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "\"renditions\" must be an array of 1 to %d",
			TRANSCODE_RENDITIONS_MOST);
	renditions = arena_array(arena, most, sizeof *renditions);
	for (size_t i = 0; i < most && err == ERR_OK; i++) {
		const json_t *value = json_array_get(wanted, i);

		if (json_is_string(value))
			err = find_in_ladder(conf, json_string_value(value), &renditions[i], info);
		else
			err = read_rendition(value, arena, &renditions[i], info);
		if (err == ERR_OK)
			err = check_unique(renditions, i, info);
	}
	*out = renditions;
	*count = most;
	return err;
}

enum err transcode_job_renditions(const struct conf *conf, const json_t *wanted, struct arena *arena,
	const struct conf_rendition **out, size_t *count, struct err_info *info)
{
	if (wanted != NULL)
		return read_renditions(conf, wanted, arena, out, count, info);
	*out = conf->ladder;
	*count = conf->ladder_count;
	return ERR_OK;
}

/* Exactly one of the two, a plain name or an absolute path: the payload names what the runner will open. */
static enum err check_source(const char *source, const char *import, struct err_info *info)
{
	if ((source == NULL) == (import == NULL))
		return err_set(info, ERR_UNPROCESSABLE, "a transcode job has one of \"source\" and \"import\"");
	if (source != NULL && (source[0] == '\0' || source[0] == '.' || strchr(source, '/') != NULL))
		return err_set(info, ERR_UNPROCESSABLE, "\"source\" must be the name of a file");
	if (import != NULL && import[0] != '/')
		return err_set(info, ERR_UNPROCESSABLE, "\"import\" must be an absolute path");
	return ERR_OK;
}

enum err transcode_job_decode(
	const char *payload, struct arena *arena, struct transcode_job *out, struct err_info *info)
{
	const char *source = NULL, *import = NULL;
	json_t *object;
	enum err err = json_read_object(payload, strlen(payload), &object, info);

	if (err != ERR_OK)
		return err_set(info, ERR_UNPROCESSABLE, "the job's payload is not a JSON object");
	err = json_read_members(object, job_members, info);
	if (err == ERR_OK)
		err = json_read_text(object, "source", NAME_MOST, &source, info);
	if (err == ERR_OK)
		err = json_read_text(object, "import", PATH_MAX - 1, &import, info);
	if (err == ERR_OK)
		err = check_source(source, import, info);
	if (err == ERR_OK)
		err = read_renditions(
			NULL, json_object_get(object, "renditions"), arena, &out->renditions, &out->count, info);
	if (err == ERR_OK) {
		out->source = arena_strdup(arena, source);
		out->import = arena_strdup(arena, import);
	}
	json_decref(object);
	return err;
}
