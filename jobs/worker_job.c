/* SPDX-License-Identifier: MIT */
#include "jobs/worker_job.h"

#include "conf/profile.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

/* What Linux calls a user that has no name here. */
enum { NOBODY = 65534 };

static enum err read_all(int fd, char *text, size_t room, size_t *length, struct err_info *info)
{
	*length = 0;
	for (;;) {
		ssize_t n = read(fd, text + *length, room - *length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(info, ERR_IO, errno, "the job cannot be read");
		if (n == 0)
			return ERR_OK;
		*length += (size_t)n;
		if (*length == room)
			return err_set(info, ERR_TOO_LARGE, "the job is longer than %d bytes", (int)WORKER_JOB_BYTES);
	}
}

static enum err get_number(const json_t *object, const char *name, json_int_t least, json_int_t most, json_int_t *out,
	struct err_info *info)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
		return err_set(info, ERR_BAD_REQUEST, "the job's \"%s\" is not a number from %lld to %lld", name,
			(long long)least, (long long)most);
	*out = json_integer_value(value);
	return ERR_OK;
}

static enum err get_text(
	const json_t *object, const char *name, struct arena *arena, const char **out, struct err_info *info)
{
	const char *value = json_string_value(json_object_get(object, name));

	if (value == NULL)
		return err_set(info, ERR_BAD_REQUEST, "the job's \"%s\" is missing or not a text", name);
	*out = arena_strdup(arena, value);
	return ERR_OK;
}

static enum err get_user(const json_t *limits, struct sandbox_user *out, struct err_info *info)
{
	json_int_t uid = NOBODY, gid = NOBODY;
	enum err err = ERR_OK;

	if (json_object_get(limits, "uid") != NULL)
		err = get_number(limits, "uid", 1, UINT32_MAX - 1, &uid, info);
	if (err == ERR_OK && json_object_get(limits, "gid") != NULL)
		err = get_number(limits, "gid", 1, UINT32_MAX - 1, &gid, info);
	*out = (struct sandbox_user){.uid = (uid_t)uid, .gid = (gid_t)gid};
	return err;
}

static enum err get_limits(const json_t *job, struct worker_job *out, struct err_info *info)
{
	const json_t *limits = json_object_get(job, "limits");
	json_int_t duration, memory, cpu, output, niceness;
	enum err err = get_number(limits, "duration_s", 1, INT32_MAX, &duration, info);

	if (err == ERR_OK)
		err = get_number(limits, "memory", 1 << 20, INT64_MAX, &memory, info);
	if (err == ERR_OK)
		err = get_number(limits, "cpu_s", 1, INT32_MAX, &cpu, info);
	if (err == ERR_OK)
		err = get_number(limits, "output", 1, INT64_MAX, &output, info);
	if (err == ERR_OK)
		err = get_number(limits, "nice", 0, 19, &niceness, info);
	if (err == ERR_OK)
		err = get_user(limits, &out->user, info);
	if (err != ERR_OK)
		return err;
	out->work.duration_s = (uint64_t)duration;
	out->limits = (struct sandbox_limits){
		.memory = (uint64_t)memory, .output = (uint64_t)output, .cpu_s = (uint64_t)cpu, .nice = (int)niceness};
	return ERR_OK;
}

static enum err get_rendition(
	const json_t *object, struct arena *arena, struct conf_rendition *out, struct err_info *info)
{
	json_int_t bit_rate, sample_rate, channels;
	enum err err = get_text(object, "quality", arena, &out->quality, info);

	out->container = NULL;
	if (err == ERR_OK)
		err = get_text(object, "codec", arena, &out->codec, info);
	if (err == ERR_OK && json_object_get(object, "container") != NULL)
		err = get_text(object, "container", arena, &out->container, info);
	if (err == ERR_OK)
		err = get_number(object, "bit_rate", 0, INT32_MAX, &bit_rate, info);
	if (err == ERR_OK)
		err = get_number(object, "sample_rate", 0, INT32_MAX, &sample_rate, info);
	if (err == ERR_OK)
		err = get_number(object, "channels", 0, INT32_MAX, &channels, info);
	if (err != ERR_OK)
		return err;
	out->bit_rate = bit_rate;
	out->sample_rate = sample_rate;
	out->channels = channels;
	return profile_complete(out, arena, info);
}

static enum err get_renditions(const json_t *job, struct arena *arena, struct pipeline_job *out, struct err_info *info)
{
	const json_t *list = json_object_get(job, "renditions");
	size_t count = json_array_size(list);
	struct conf_rendition *renditions = arena_array(arena, count + 1, sizeof *renditions);
	int *outputs = arena_array(arena, count + 1, sizeof *outputs);
	enum err err = ERR_OK;

	if (!json_is_array(list) || count > WORKER_RENDITIONS_MOST)
		return err_set(info, ERR_BAD_REQUEST, "the job has no renditions, or more than %d",
			(int)WORKER_RENDITIONS_MOST);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		outputs[i] = WORKER_FD_OUTPUT + (int)i;
		err = get_rendition(json_array_get(list, i), arena, &renditions[i], info);
	}
	out->renditions = renditions;
	out->outputs = outputs;
	out->count = count;
	return err;
}

static enum err get_extras(
	const json_t *job, struct arena *arena, struct pipeline_job *out, size_t *count, struct err_info *info)
{
	const json_t *list = json_object_get(job, "extras");
	int *extras = arena_array(arena, EXTRA_ROLES, sizeof *extras);
	enum err err = ERR_OK;

	static_assert((int)EXTRA_ROLES <= (int)WORKER_EXTRAS_MOST, "each role can be asked for");
	*count = json_array_size(list);
	for (size_t i = 0; i < EXTRA_ROLES; i++)
		extras[i] = -1;
	for (size_t i = 0; i < *count && err == ERR_OK; i++) {
		const json_t *extra = json_array_get(list, i);
		json_int_t fd = WORKER_FD_OUTPUT + (json_int_t)(out->count + i);
		enum extra_role role;

		if (!extra_role_parse(json_string_value(json_object_get(extra, "role")), &role) || extras[role] >= 0)
			return err_set(info, ERR_BAD_REQUEST, "extra %zu of the job has no role or that of another", i);
		err = get_number(extra, "fd", fd, fd, &fd, info);
		extras[role] = (int)fd;
	}
	out->extras = extras;
	return err;
}

enum err worker_job_read(int fd, struct arena *arena, struct worker_job *out, struct err_info *info)
{
	char *text = arena_alloc(arena, WORKER_JOB_BYTES + 1);
	struct sound *sound = arena_alloc(arena, sizeof *sound);
	struct tags *tags = arena_alloc(arena, sizeof *tags);
	json_int_t segment_ms = 0;
	json_error_t wrong;
	size_t length, extras = 0;
	json_t *job;
	enum err err = read_all(fd, text, WORKER_JOB_BYTES + 1, &length, info);

	if (err != ERR_OK)
		return err;
	job = json_loadb(text, length, JSON_REJECT_DUPLICATES, &wrong);
	if (job == NULL)
		return err_set(info, ERR_BAD_REQUEST, "the job is not JSON: %s", wrong.text);
	*out = (struct worker_job){.measure = json_is_true(json_object_get(job, "measure")),
		.work = {.source = WORKER_FD_SOURCE,
			.passthrough = json_is_true(json_object_get(job, "passthrough")),
			.sound = sound,
			.tags = tags}};
	err = get_text(job, "source_name", arena, &out->source_name, info);
	if (err == ERR_OK)
		err = get_number(job, "segment_ms", 500, 60000, &segment_ms, info);
	if (err == ERR_OK)
		err = get_limits(job, out, info);
	if (err == ERR_OK)
		err = get_renditions(job, arena, &out->work, info);
	if (err == ERR_OK)
		err = get_extras(job, arena, &out->work, &extras, info);
	if (err == ERR_OK)
		err = sound_read(json_object_get(job, "sound"), arena, sound, info);
	tags_read(json_object_get(job, "tags"), tags);
	if (err == ERR_OK && out->measure && extras > 0)
		err = err_set(info, ERR_BAD_REQUEST, "the job asks for extras while it only measures");
	out->work.segment_ms = (uint32_t)segment_ms;
	out->descriptors = out->measure ? 0 : out->work.count + extras;
	json_decref(job);
	return err;
}
