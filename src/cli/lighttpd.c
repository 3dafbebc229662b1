/* SPDX-License-Identifier: MIT */
#include "cli/lighttpd.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct place {
	const char *name;
	const char *value;
};

/* Length of a "@NAME@" that TEXT starts with, 0 when it does not. */
static size_t place_length(const char *text)
{
	size_t letters = *text == '@' ? strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;

	return letters > 0 && text[1 + letters] == '@' ? letters + 2 : 0;
}

static enum err fill_line(
	const char *line, size_t length, const struct place *places, struct buf *out, struct err_info *info)
{
	size_t at = 0;

	while (at < length) {
		size_t taken = place_length(line + at);
		const struct place *place = places;

		if (taken == 0) {
			buf_putc(out, line[at++]);
			continue;
		}
		while (place->name != NULL &&
			(strlen(place->name) != taken - 2 || memcmp(place->name, line + at + 1, taken - 2) != 0))
			place++;
		if (place->name == NULL)
			return err_set(info, ERR_INTERNAL, "conf-examples/lighttpd.conf has an unknown place %.*s",
				(int)taken, line + at);
		buf_puts(out, place->value);
		at += taken;
	}
	return ERR_OK;
}

static enum err check_path(const char *path, struct err_info *info)
{
	if (strpbrk(path, "\"\\$|\n") != NULL)
		return err_set(info, ERR_BAD_REQUEST,
			"lighttpd cannot take the folder %s: its name has one of \" \\ $ | in it", path);
	return ERR_OK;
}

/* Comments name the places too, for people; the user lines are for a server that root starts. */
static bool left_out(const char *line)
{
	return *line == '#' || strncmp(line, "server.username", 15) == 0 || strncmp(line, "server.groupname", 16) == 0;
}

enum err lighttpd_conf(
	const char *template, const struct lighttpd_places *places, struct buf *out, struct err_info *info)
{
	char port[16];
	const struct place table[] = {
		{"ADDRESS", places->address},
		{"PORT", port},
		{"DATA", places->data},
		{"RUN", places->run},
		{"WWW", places->www},
		{"PREFIX", ""},
		{NULL, NULL},
	};
	enum err err = check_path(places->data, info);

	if (err == ERR_OK)
		err = check_path(places->run, info);
	if (err == ERR_OK)
		err = check_path(places->www, info);
	snprintf(port, sizeof port, "%u", places->port);
	buf_puts(out, "# Made by `tonearm serve` from conf-examples/lighttpd.conf.\nserver.systemd-socket-activation = "
		      "\"enable\"\n");
	for (const char *line = template; err == ERR_OK && *line != '\0';) {
		size_t length = strcspn(line, "\n");

		if (!left_out(line)) {
			err = fill_line(line, length, table, out, info);
			buf_putc(out, '\n');
		}
		line += length + (line[length] == '\n');
	}
	return err;
}
