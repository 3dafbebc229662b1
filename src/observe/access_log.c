/* SPDX-License-Identifier: MIT */
#include "observe/access_log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MOST = 512, WORD_MOST = 160, LINE_MOST = 8192 };

static struct {
	enum access_format format;
	int fd; /* -1: that of the log */
} sink = {ACCESS_JSON, -1};

enum err access_format_parse(const char *name, enum access_format *out)
{
	static const char *const names[] = {"json", "combined", "none"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum access_format)i;
			return ERR_OK;
		}
	}
	return ERR_BAD_REQUEST;
}

enum err access_log_open(enum access_format format, const char *path, struct err_info *info)
{
	sink.format = format;
	if (path == NULL)
		return ERR_OK;
	sink.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	return sink.fd < 0 ? err_set_errno(info, ERR_IO, errno, "cannot open the access log %s", path) : ERR_OK;
}

/* A Referer without what may be secret in it: "https://user:word@host/path?query#part" keeps https://host/path. */
static const char *redact(const char *url, char out[static WORD_MOST + 4])
{
	const char *host = strstr(url, "://");
	size_t scheme = 0, end = strcspn(url, "?#"), user = 0;

	if (host != NULL && host + 3 <= url + end) {
		scheme = (size_t)(host + 3 - url);
		for (size_t i = scheme; i < end && url[i] != '/'; i++) {
			if (url[i] == '@')
				user = i + 1 - scheme;
		}
	}
	snprintf(out, WORD_MOST + 4, "%.*s%.*s", (int)(scheme < WORD_MOST ? scheme : WORD_MOST), url,
		(int)(end - scheme - user < WORD_MOST ? end - scheme - user : WORD_MOST), url + scheme + user);
	text_cut_utf8(out, WORD_MOST);
	return out;
}

static void log_cut(struct log_line *line, const char *key, const char *value, size_t most)
{
	char text[PATH_MOST + 4];

	snprintf(text, sizeof text, "%s", value);
	text_cut_utf8(text, most);
	log_text(line, key, text);
}

static void write_json(const struct access_entry *entry)
{
	char referer[WORD_MOST + 4];
	struct log_line line;

	if (sink.fd >= 0)
		log_begin_in(&line, sink.fd, LOG_INFO, "request");
	else
		log_begin(&line, LOG_INFO, "request");
	if (line.object == NULL)
		return;
	log_cut(&line, "method", entry->method, 16);
	log_cut(&line, "path", entry->path, PATH_MOST);
	log_text(&line, "route", entry->route);
	log_number(&line, "status", entry->status);
	log_number(&line, "bytes_in", (int64_t)entry->bytes_in);
	log_number(&line, "bytes", (int64_t)entry->bytes_out);
	log_real(&line, "duration_ms", (double)entry->duration_us / 1000.0);
	log_cut(&line, "remote", entry->remote, WORD_MOST);
	if (entry->user_agent != NULL)
		log_cut(&line, "user_agent", entry->user_agent, WORD_MOST);
	if (entry->referer != NULL)
		log_text(&line, "referer", redact(entry->referer, referer));
	if (entry->broken_off)
		log_text(&line, "outcome", "broken off");
	log_end(&line);
}

/* At most MOST bytes of VALUE; "-" for nothing. Quotes, backslashes, controls and what is no ASCII become \xHH. */
static void put_quoted(struct buf *out, const char *value, size_t most)
{
	if (value == NULL || *value == '\0')
		buf_putc(out, '-');
	for (size_t i = 0; value != NULL && value[i] != '\0' && i < most; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
			buf_printf(out, "\\x%02X", c);
		else
			buf_putc(out, (char)c);
	}
}

/* A path as a URL has it: in one word. */
static void put_path(struct buf *out, const char *path)
{
	for (size_t i = 0; path[i] != '\0' && i < PATH_MOST; i++) {
		unsigned char c = (unsigned char)path[i];

		if (c <= 0x20 || c >= 0x7F || strchr("\"%\\?#", c) != NULL)
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, (char)c);
	}
}

/* "22/Nov/2026:22:41:07 +0000", out of "Sun, 22 Nov 2026 22:41:07 GMT", whose names no locale changes. */
static void put_time(struct buf *out)
{
	char date[CLOCK_TEXT];

	clock_http_date(clock_ms(NULL) / 1000, date);
	buf_printf(out, "%.2s/%.3s/%.4s:%.8s +0000", date + 5, date + 8, date + 12, date + 17);
}

static void write_combined(const struct access_entry *entry)
{
	char referer[WORD_MOST + 4];
	struct buf line;

	buf_init(&line, LINE_MOST);
	put_quoted(&line, entry->remote, WORD_MOST);
	buf_puts(&line, " - - [");
	put_time(&line);
	buf_puts(&line, "] \"");
	put_quoted(&line, entry->method, 16);
	buf_putc(&line, ' ');
	put_path(&line, entry->path[0] == '\0' ? "-" : entry->prefix);
	put_path(&line, entry->path);
	buf_putc(&line, ' ');
	put_quoted(&line, entry->protocol == NULL ? "HTTP/1.1" : entry->protocol, 16);
	buf_printf(&line, "\" %d %" PRIu64 " \"", entry->status, entry->bytes_out);
	put_quoted(&line, entry->referer == NULL ? NULL : redact(entry->referer, referer), WORD_MOST);
	buf_puts(&line, "\" \"");
	put_quoted(&line, entry->user_agent, WORD_MOST);
	buf_puts(&line, "\"\n");
	log_write(sink.fd, line.data, line.length);
	buf_free(&line);
}

void access_log_write(const struct access_entry *entry)
{
	if (sink.format == ACCESS_JSON)
		write_json(entry);
	else if (sink.format == ACCESS_COMBINED)
		write_combined(entry);
}
