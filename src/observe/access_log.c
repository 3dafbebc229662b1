/* SPDX-License-Identifier: MIT */
#include "observe/access_log.h"

#include "base/log.h"
#include "base/text.h"

#include <stdio.h>

enum { PATH_MOST = 512, WORD_MOST = 160 };

static void log_cut(struct log_line *line, const char *key, const char *value, size_t most)
{
	char text[PATH_MOST + 4];

	snprintf(text, sizeof text, "%s", value);
	text_cut_utf8(text, most);
	log_text(line, key, text);
}

void access_log_write(const struct access_entry *entry)
{
	struct log_line line;

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
	if (entry->broken_off)
		log_text(&line, "outcome", "broken off");
	log_end(&line);
}
