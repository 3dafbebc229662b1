/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static struct {
	const char *program;
	enum log_level least;
	int fd;
} sink = {"tonearm", LOG_INFO, STDERR_FILENO};

static _Thread_local char context[64];

enum err log_open(const char *program, enum log_level least, const char *path, struct err_info *info)
{
	sink.program = program;
	sink.least = least;
	if (path != NULL) {
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

		if (fd < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot open the log %s", path);
		sink.fd = fd;
	}
	return ERR_OK;
}

enum err log_level_parse(const char *name, enum log_level *out)
{
	for (enum log_level level = LOG_DEBUG; level <= LOG_ERROR; level++) {
		if (strcmp(name, level_names[level]) == 0) {
			*out = level;
			return ERR_OK;
		}
	}
	return ERR_BAD_REQUEST;
}

void log_context(const char *id)
{
	snprintf(context, sizeof context, "%s", id == NULL ? "" : id);
}

const char *log_context_id(void)
{
	return context;
}

void log_begin(struct log_line *line, enum log_level level, const char *message)
{
	line->object = NULL;
	if (level >= sink.least)
		log_begin_in(line, -1, level, message);
}

void log_begin_in(struct log_line *line, int fd, enum log_level level, const char *message)
{
	char time[CLOCK_TEXT];

	line->fd = fd;
	line->object = json_object();
	log_text(line, "time", clock_rfc3339(clock_ms(NULL), time));
	log_text(line, "level", level_names[level]);
	log_text(line, "program", sink.program);
	log_text(line, "message", message);
	if (context[0] != '\0')
		log_text(line, "id", context);
}

void log_text(struct log_line *line, const char *key, const char *value)
{
	char *clean;

	if (line->object == NULL)
		return;
	if (value == NULL) {
		json_object_set_new(line->object, key, json_null());
		return;
	}
	clean = text_to_utf8(value, strlen(value));
	json_object_set_new(line->object, key, json_string(clean));
	free(clean);
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
	if (line->object != NULL)
		json_object_set_new(line->object, key, json_integer(value));
}

void log_real(struct log_line *line, const char *key, double value)
{
	if (line->object != NULL)
		json_object_set_new(line->object, key, json_real(value));
}

void log_end(struct log_line *line)
{
	char *text;
	size_t length;

	if (line->object == NULL)
		return;
	text = json_dumps(line->object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
	json_decref(line->object);
	line->object = NULL;
	if (text == NULL)
		return;
	length = strlen(text);
	text[length] = '\n'; /* in place of the NUL: one write() a line keeps lines of many processes apart */
	log_write(line->fd, text, length + 1);
	free(text);
}

void log_write(int fd, const char *line, size_t length)
{
	if (write(fd < 0 ? sink.fd : fd, line, length) < 0)
		errno = 0; /* there is nowhere left to say it */
}

void log_message(enum log_level level, const char *message)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_end(&line);
}

void log_failure(enum log_level level, const char *message, const struct err_info *info)
{
	struct log_line line;

	log_begin(&line, level, message);
	log_text(&line, "error", err_slug(info->code));
	log_text(&line, "detail", info->detail);
	log_end(&line);
}
