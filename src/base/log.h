/* SPDX-License-Identifier: MIT */
/*
 * The log: one JSON object a line, on standard error or in a file, each with time, level, program, message
 * and, inside a request or a job, its id. Never pass a token, a key, a signature or a query string.
 *
 *     struct log_line line;
 *     log_begin(&line, LOG_INFO, "rendition published");
 *     log_text(&line, "track", id);
 *     log_number(&line, "bytes", size);
 *     log_end(&line);
 *
 * Thread-safe: a line is written by one write().
 */
#ifndef TONEARM_BASE_LOG_H
#define TONEARM_BASE_LOG_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_line {
	void *object; /* NULL when the level is below the threshold: the calls then do nothing */
	int fd;       /* where it goes; -1: to the log */
};

/*
 * Sets the program's name (kept, not copied) and the least level that is written. PATH is a file to append
 * to, made at mode 0640, or NULL for standard error. Returns ERR_OK or ERR_IO. Call once, before threads.
 */
enum err log_open(const char *program, enum log_level least, const char *path, struct err_info *info);

/* Reads "debug", "info", "warning" or "error" into OUT; ERR_BAD_REQUEST for another word. */
enum err log_level_parse(const char *name, enum log_level *out);

/* The id that lines of this thread carry as "id" from now on; copied; NULL takes it away. */
void log_context(const char *id);

/* The id that log_context() set for this thread; "" when none. */
const char *log_context_id(void);

void log_begin(struct log_line *line, enum log_level level, const char *message);
/* A line for the file FD, whatever its level. */
void log_begin_in(struct log_line *line, int fd, enum log_level level, const char *message);
void log_text(struct log_line *line, const char *key, const char *value); /* NULL gives null; bad UTF-8 is replaced */
void log_number(struct log_line *line, const char *key, int64_t value);
void log_real(struct log_line *line, const char *key, double value);
void log_end(struct log_line *line);

/* A whole line of another format, with its end, to the file FD; -1: to the log. */
void log_write(int fd, const char *line, size_t length);

/* A line with nothing but its message. */
void log_message(enum log_level level, const char *message);

/* A line for a failure: MESSAGE with the slug and sentence of INFO as "error" and "detail". */
void log_failure(enum log_level level, const char *message, const struct err_info *info);

#endif
