/* SPDX-License-Identifier: MIT */
#include "media/transcode_job.h"

#include "base/json.h"
#include "base/text.h"
#include "conf/profile.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 255 };

static const char *const rendition_members[] = {
	"quality", "codec", "container", "bit_rate", "sample_rate", "channels", NULL};
static const char *const job_members[] = {"source", "import", "renditions", "sound", "passthrough", NULL};

json_t *transcode_job_rendition(const struct conf_rendition *rendition)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "quality", rendition->quality, "codec", rendition->codec,
		"container", rendition->container, "bit_rate", (json_int_t)rendition->bit_rate, "sample_rate",
		(json_int_t)rendition->sample_rate, "channels", (json_int_t)rendition->channels);
}

enum err transcode_job_passthrough(const struct conf *conf, const char *word, bool *out, struct err_info *info)
{
	*out = word != NULL ? strcmp(word, "true") == 0 : conf->passthrough;
	if (word == NULL || *out || strcmp(word, "false") == 0)
		return ERR_OK;
	return err_set(info, ERR_UNPROCESSABLE, "\"passthrough\" must be true or false");
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
		json_array_append_new(renditions, transcode_job_rendition(&job->renditions[i]));
	json_object_set_new(object, "renditions", renditions);
	json_object_set_new(object, "sound", sound_json(&job->sound));
	if (job->passthrough)
		json_object_set_new(object, "passthrough", json_true());
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
	return text_is_word(quality, CONF_QUALITY_MOST)
		       ? ERR_OK
		       : err_set(info, ERR_UNPROCESSABLE, "a quality is a name of 1 to %d of a-z, 0-9 and -",
				 (int)CONF_QUALITY_MOST);
}

static enum err read_rendition(
	const json_t *value, struct arena *arena, struct conf_rendition *out, struct err_info *info)
{
	const char *quality = NULL, *codec = NULL, *container = NULL;
	enum err err = json_read_members(value, rendition_members, info);

	*out = (struct conf_rendition){.sample_rate = -1, .channels = -1};
	if (err == ERR_OK)
		err = json_read_text(value, "quality", CONF_QUALITY_MOST, &quality, info);
	if (err == ERR_OK)
		err = json_read_text(value, "codec", CONF_QUALITY_MOST, &codec, info);
	if (err == ERR_OK)
		err = json_read_text(value, "container", CONF_QUALITY_MOST, &container, info);
	if (err == ERR_OK)
		err = json_read_whole(value, "bit_rate", 0, INT32_MAX, &out->bit_rate, info);
	if (err == ERR_OK)
		err = json_read_whole(value, "sample_rate", 0, INT32_MAX, &out->sample_rate, info);
	if (err == ERR_OK)
		err = json_read_whole(value, "channels", 0, 255, &out->channels, info);
	if (err == ERR_OK && codec == NULL)
		err = err_set(info, ERR_UNPROCESSABLE, "a rendition needs a \"codec\"");
	if (err != ERR_OK)
		return err;
	out->codec = arena_strdup(arena, codec);
	out->container = arena_strdup(arena, container);
	out->quality = arena_strdup(arena, quality);
	err = profile_complete(out, arena, info);
	return err == ERR_OK ? check_quality(out->quality, info) : err;
}

/* The quality NAME of the configured ladder, or a format by its word. CONF is NULL where neither has a meaning. */
static enum err read_name(const struct conf *conf, const char *name, struct arena *arena, struct conf_rendition *out,
	struct err_info *info)
{
	if (conf == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "a rendition by name means nothing here");
	for (size_t i = 0; i < conf->ladder_count; i++) {
		if (strcmp(conf->ladder[i].quality, name) == 0) {
			*out = conf->ladder[i];
			return ERR_OK;
		}
	}
	if (profile_parse(name, arena, out, info) == ERR_OK)
		return ERR_OK;
	return err_set(info, ERR_UNPROCESSABLE,
		"\"%.32s\" is no quality of the configured ladder, and no format: %.160s", name,
		arena_strdup(arena, info->detail));
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

/* CONF is NULL where names of the ladder have no meaning: in a stored payload, which may have none at all. */
static enum err read_renditions(const struct conf *conf, const json_t *wanted, struct arena *arena,
	const struct conf_rendition **out, size_t *count, struct err_info *info)
{
	struct conf_rendition *renditions;
	size_t most = json_array_size(wanted);
	enum err err = ERR_OK;

	if (!json_is_array(wanted) || (most == 0 && conf != NULL) || most > TRANSCODE_RENDITIONS_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "\"renditions\" must be an array of 1 to %d",
			TRANSCODE_RENDITIONS_MOST);
	renditions = arena_array(arena, most, sizeof *renditions);
	for (size_t i = 0; i < most && err == ERR_OK; i++) {
		const json_t *value = json_array_get(wanted, i);

		if (json_is_string(value))
			err = read_name(conf, json_string_value(value), arena, &renditions[i], info);
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

/* Appends RENDITION to the COUNT of RENDITIONS unless it is among them. */
static enum err add_rendition(
	struct conf_rendition *renditions, size_t *count, const struct conf_rendition *rendition, struct err_info *info)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(renditions[i].quality, rendition->quality) == 0)
			return ERR_OK;
	}
	if (*count == TRANSCODE_RENDITIONS_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "a job makes at most %d renditions", TRANSCODE_RENDITIONS_MOST);
	renditions[(*count)++] = *rendition;
	return ERR_OK;
}

enum err transcode_job_formats(const struct conf *conf, const char *words, struct arena *arena,
	const struct conf_rendition **renditions, size_t *count, struct err_info *info)
{
	struct conf_rendition *all = arena_array(arena, TRANSCODE_RENDITIONS_MOST, sizeof *all);
	char *rest = arena_strdup(arena, words), *word;
	enum err err = ERR_OK;

	memcpy(all, *renditions, *count * sizeof *all);
	while (err == ERR_OK && (word = strsep(&rest, ", ")) != NULL) {
		struct conf_rendition rendition;

		if (word[0] == '\0')
			continue;
		err = read_name(conf, word, arena, &rendition, info);
		if (err == ERR_OK)
			err = add_rendition(all, count, &rendition, info);
	}
	*renditions = all;
	return err;
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
		err = sound_read(json_object_get(object, "sound"), arena, &out->sound, info);
	if (err == ERR_OK)
		err = read_renditions(
			NULL, json_object_get(object, "renditions"), arena, &out->renditions, &out->count, info);
	if (err == ERR_OK) {
		out->passthrough = json_is_true(json_object_get(object, "passthrough"));
		out->source = arena_strdup(arena, source);
		out->import = arena_strdup(arena, import);
	}
	json_decref(object);
	return err;
}
