/* SPDX-License-Identifier: MIT */
#include "jobs/reports.h"

#include "base/text.h"
#include "jobs/sound_job.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Past these a value is nonsense whatever the media: a year of sound, the rate of a radio sampler. */
#define DURATION_MOST_MS (366LL * 86400 * 1000)
#define RATE_MOST 6144000LL
#define CHANNELS_MOST 64LL
#define OFFSET_MOST (1LL << 40)
#define SPEED_MOST 1e6

static enum err breach(struct err_info *info, const char *what)
{
	return err_set(info, ERR_UNPROCESSABLE, "the worker broke the protocol: %s", what);
}

void reports_init(struct reports *reader)
{
	reader->start = 0;
	reader->end = 0;
	reader->lines = 0;
	reader->notices = 0;
}

enum err reports_read(struct reports *reader, int fd, struct err_info *info)
{
	ssize_t got;

	memmove(reader->line, reader->line + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	if (reader->end == sizeof reader->line)
		return breach(info, "a report is too long");
	do
		got = read(fd, reader->line + reader->end, sizeof reader->line - reader->end);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ERR_NOT_READY;
	if (got < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot read the worker's reports");
	if (got == 0)
		return ERR_NOT_FOUND;
	reader->end += (size_t)got;
	return ERR_OK;
}

enum err reports_next(struct reports *reader, struct report *out, struct err_info *info)
{
	const char *line = reader->line + reader->start;
	const char *newline = memchr(line, '\n', reader->end - reader->start);
	size_t length;
	enum err err;

	if (newline == NULL)
		return ERR_NOT_FOUND;
	length = (size_t)(newline - line);
	reader->start += length + 1;
	if (++reader->lines > REPORT_LINES_MOST)
		return breach(info, "too many reports");
	err = report_parse(line, length, out, info);
	if (err == ERR_OK && out->kind == REPORT_NOTICE && ++reader->notices > REPORT_NOTICES_MOST)
		err = breach(info, "too many notices");
	return err;
}

/* An integer from LEAST to MOST under KEY; false when it is missing, of another type or out of range. */
static bool take_integer(const json_t *object, const char *key, int64_t least, int64_t most, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
		return false;
	*out = json_integer_value(value);
	return true;
}

static double clamp(double value, double most)
{
	if (!(value > 0))
		return 0;
	return value > most ? most : value;
}

/* The text under KEY as one clean line of at most SIZE-1 bytes; "" when there is none. */
static void take_text(const json_t *object, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);
	char *clean, *text;
	size_t length;

	out[0] = '\0';
	if (!json_is_string(value))
		return;
	clean = text_to_utf8(json_string_value(value), json_string_length(value));
	for (char *at = clean; *at != '\0'; at++)
		if (*at == '\t' || *at == '\n')
			*at = ' ';
	text = clean + strspn(clean, " ");
	text_cut_utf8(text, size - 1);
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	memcpy(out, text, length);
	out[length] = '\0';
	free(clean);
}

/* A word of the ALPHABET, 1 to SIZE-1 bytes. */
static bool take_word(const json_t *object, const char *key, const char *alphabet, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);
	size_t length = json_string_length(value); /* 0 when it is no string */

	if (length == 0 || length >= size || strspn(json_string_value(value), alphabet) != length)
		return false;
	memcpy(out, json_string_value(value), length + 1);
	return true;
}

static enum err parse_source(const json_t *line, struct report_source *out, struct err_info *info)
{
	memset(out, 0, sizeof *out);
	if (!take_word(line, "format", "abcdefghijklmnopqrstuvwxyz0123456789", out->format, sizeof out->format) ||
		!take_integer(line, "sample_rate", 1, RATE_MOST, &out->sample_rate) ||
		!take_integer(line, "channels", 1, CHANNELS_MOST, &out->channels) ||
		!take_integer(line, "duration_ms", 0, DURATION_MOST_MS, &out->duration_ms))
		return breach(info, "\"source\" with a value missing or out of range");
	tags_read(json_object_get(line, "tags"), &out->tags);
	return ERR_OK;
}

static enum err parse_progress(const json_t *line, struct report *out, struct err_info *info)
{
	if (!take_word(line, "stage", "abcdefghijklmnopqrstuvwxyz-", out->stage, sizeof out->stage))
		return breach(info, "\"progress\" without a stage");
	out->progress = clamp(json_number_value(json_object_get(line, "progress")), 1);
	out->speed = clamp(json_number_value(json_object_get(line, "speed")), SPEED_MOST);
	return ERR_OK;
}

static enum err parse_segments(const json_t *line, struct report_segments *out, struct err_info *info)
{
	const json_t *list = json_object_get(line, "segments");
	int64_t rendition, offset;

	out->count = json_array_size(list);
	if (!take_integer(line, "rendition", 0, WORKER_RENDITIONS_MOST - 1, &rendition) ||
		!take_integer(line, "offset", 1, OFFSET_MOST, &offset) || out->count < 1 ||
		out->count > WORKER_SEGMENTS_MOST)
		return breach(info, "\"segments\" with a value missing or out of range");
	out->rendition = (size_t)rendition;
	for (size_t i = 0; i < out->count; i++) {
		const json_t *pair = json_array_get(list, i);
		int64_t size = json_integer_value(json_array_get(pair, 0));
		int64_t duration = json_integer_value(json_array_get(pair, 1));

		if (size < 1 || size > INT32_MAX || duration < 1 || duration > UINT32_MAX)
			return breach(info, "a segment that makes no sense");
		out->segments[i] = (struct segment){(uint64_t)offset, (uint32_t)size, (uint32_t)duration};
		offset += size;
	}
	return ERR_OK;
}

static enum err parse_done(const json_t *line, struct report *out, struct err_info *info)
{
	const json_t *loudness = json_object_get(line, "loudness");

	if (!take_integer(line, "duration_ms", 0, DURATION_MOST_MS, &out->duration_ms) ||
		!take_integer(line, "samples", 1, DURATION_MOST_MS / 1000 * RATE_MOST, &out->samples))
		return breach(info, "\"done\" with a value missing or out of range");
	out->measured = loudness != NULL;
	if (out->measured && !sound_job_parse(loudness, &out->loudness, out->bins))
		return breach(info, "\"loudness\" with a value missing or out of range");
	return ERR_OK;
}

static enum err parse_notice(const json_t *line, struct report *out, struct err_info *info)
{
	take_text(line, "detail", out->failure.detail, sizeof out->failure.detail);
	return out->failure.detail[0] != '\0' ? ERR_OK : breach(info, "\"notice\" that says nothing");
}

static enum err parse_passthrough(const json_t *line, struct report *out, struct err_info *info)
{
	int64_t rendition;

	take_text(line, "detail", out->failure.detail, sizeof out->failure.detail);
	out->passed = json_is_true(json_object_get(line, "passed"));
	if (!take_integer(line, "rendition", 0, WORKER_RENDITIONS_MOST - 1, &rendition) ||
		out->passed != (out->failure.detail[0] == '\0'))
		return breach(info, "\"passthrough\" with a value missing or out of range");
	out->rendition = (size_t)rendition;
	return ERR_OK;
}

static enum err parse_failed(const json_t *line, struct report *out, struct err_info *info)
{
	const char *slug = json_string_value(json_object_get(line, "error"));

	out->failure.code = ERR_INTERNAL;
	for (enum err code = ERR_BAD_REQUEST; slug != NULL && code < ERR_COUNT; code++)
		if (strcmp(slug, err_slug(code)) == 0)
			out->failure.code = code;
	take_text(line, "detail", out->failure.detail, sizeof out->failure.detail);
	if (out->failure.detail[0] == '\0')
		return breach(info, "\"failed\" without a reason");
	return ERR_OK;
}

enum err report_parse(const char *line, size_t length, struct report *out, struct err_info *info)
{
	json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const char *event = json_string_value(json_object_get(object, "event"));
	enum err err;

	if (event == NULL) {
		err = breach(info, "a line that is no report");
	} else if (strcmp(event, "source") == 0) {
		out->kind = REPORT_SOURCE;
		err = parse_source(object, &out->source, info);
	} else if (strcmp(event, "progress") == 0) {
		out->kind = REPORT_PROGRESS;
		err = parse_progress(object, out, info);
	} else if (strcmp(event, "passthrough") == 0) {
		out->kind = REPORT_PASSTHROUGH;
		err = parse_passthrough(object, out, info);
	} else if (strcmp(event, "notice") == 0) {
		out->kind = REPORT_NOTICE;
		err = parse_notice(object, out, info);
	} else if (strcmp(event, "segments") == 0) {
		out->kind = REPORT_SEGMENTS;
		err = parse_segments(object, &out->segments, info);
	} else if (strcmp(event, "done") == 0) {
		out->kind = REPORT_DONE;
		err = parse_done(object, out, info);
	} else if (strcmp(event, "failed") == 0) {
		out->kind = REPORT_FAILED;
		err = parse_failed(object, out, info);
	} else {
		err = breach(info, "a report of an unknown kind");
	}
	json_decref(object);
	return err;
}
