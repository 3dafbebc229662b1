/* SPDX-License-Identifier: MIT */
#include "conf/option.h"

#include "base/id.h"

#include <inttypes.h>
#include <string.h>

enum { COMMENT_WIDTH = 100 };

/* TEXT as a libconfig string, quotes included. */
static void put_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			buf_printf(out, "\\x%02x", c);
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

/* "512M" for a whole number of units, else bytes; libconfig wants an L past 32 bits. */
static void put_size(struct buf *out, int64_t bytes)
{
	static const char suffixes[] = "KMGT";
	int unit = -1;

	while (bytes != 0 && bytes % 1024 == 0 && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	if (unit >= 0)
		buf_printf(out, "\"%" PRId64 "%c\"", bytes, suffixes[unit]);
	else
		buf_printf(out, "%" PRId64 "%s", bytes, bytes > INT32_MAX ? "L" : "");
}

static void put_ladder(struct buf *out)
{
	buf_puts(out, "(");
	for (size_t i = 0; i < option_ladder_count; i++) {
		const struct conf_rendition *rung = &option_ladder[i];

		buf_printf(out,
			"%s\n\t\t{ quality = \"%s\"; codec = \"%s\"; bit_rate = %" PRId64 "; sample_rate = %" PRId64
			"; channels = %" PRId64 "; }",
			i == 0 ? "" : ",", rung->quality, rung->codec, rung->bit_rate, rung->sample_rate,
			rung->channels);
	}
	buf_puts(out, "\n\t)");
}

/* libconfig takes a number for one with decimals only when it has a point. */
static void put_real(struct buf *out, double value)
{
	buf_printf(out, "%.2f", value);
}

/* Words separated by spaces (NULL is none) as an array. */
static void put_networks(struct buf *out, const char *words)
{
	const char *comma = "";

	buf_putc(out, '[');
	while (words != NULL && *words != '\0') {
		size_t length = strcspn(words, " ");

		buf_printf(out, "%s\"%.*s\"", comma, (int)length, words);
		words += length + (words[length] == ' ');
		comma = ", ";
	}
	buf_putc(out, ']');
}

static void put_default(struct buf *out, const struct option *option)
{
	switch (option->type) {
	case OPTION_INTEGER:
		buf_printf(out, "%" PRId64 "%s", option->standard, option->standard > INT32_MAX ? "L" : "");
		break;
	case OPTION_SIZE:
		put_size(out, option->standard);
		break;
	case OPTION_REAL:
		put_real(out, (double)option->standard / 100);
		break;
	case OPTION_PRESETS:
	case OPTION_KEYS:
	case OPTION_SECRETS:
	case OPTION_EDGES:
	case OPTION_PURGES:
	case OPTION_ROBOTS:
		buf_puts(out, "()");
		break;
	case OPTION_RATES:
		buf_puts(out, "(\n\t\t");
		option_write_rates(out, option_rates, option_rate_count, ",\n\t\t");
		buf_puts(out, "\n\t)");
		break;
	case OPTION_SWITCH:
		buf_puts(out, option->standard ? "true" : "false");
		break;
	case OPTION_LADDER:
		put_ladder(out);
		break;
	case OPTION_NETWORKS:
		put_networks(out, option->text);
		break;
	case OPTION_PATHS:
		buf_puts(out, "[]");
		break;
	default:
		put_quoted(out, option->text == NULL ? "" : option->text);
	}
}

/* The sentence as comment lines, broken between words. */
static void put_comment(struct buf *out, const char *sentence)
{
	while (*sentence != '\0') {
		size_t length = strlen(sentence);

		if (length > COMMENT_WIDTH)
			for (length = COMMENT_WIDTH; sentence[length] != ' ' && length > 1;)
				length--;
		buf_puts(out, "\t# ");
		buf_put(out, sentence, length);
		buf_putc(out, '\n');
		sentence += length;
		sentence += *sentence == ' ';
	}
}

/* What may stand for the option: "1 to 19 seconds", or its words. */
static void put_range(struct buf *out, const struct option *option)
{
	if (option->type == OPTION_INTEGER)
		buf_printf(out, "%" PRId64 " to %" PRId64, option->least, option->most);
	if (option->type == OPTION_REAL)
		buf_printf(out, "%g to %g", (double)option->least / 100, (double)option->most / 100);
	if (option->type == OPTION_SIZE) {
		put_size(out, option->least);
		buf_puts(out, " to ");
		put_size(out, option->most);
	}
	for (size_t i = 0; option->choices[i] != NULL; i++)
		buf_printf(out, "%s\"%s\"", i == 0 ? "" : " or ", option->choices[i]);
	if (option->unit != NULL)
		buf_printf(out, " %s", option->unit);
}

static bool has_range(const struct option *option)
{
	return option->type == OPTION_INTEGER || option->type == OPTION_SIZE || option->type == OPTION_REAL ||
	       option->type == OPTION_CHOICE;
}

void conf_write_defaults(struct buf *out)
{
	const char *section = "";

	buf_puts(out,
		"# Configuration of Tonearm, every option at its default. Relative paths are taken from the folder of "
		"this\n"
		"# file. A size is a number of bytes or text such as \"512K\", \"20M\", \"2G\" (powers of 1024).\n");
	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &option_table[i];
		bool opens = strcmp(section, option->section) != 0;

		if (opens)
			buf_printf(out, "%s\n%s:\n{\n", section[0] == '\0' ? "" : "};\n", option->section);
		else
			buf_putc(out, '\n');
		section = option->section;
		put_comment(out, option->sentence);
		if (has_range(option)) {
			buf_puts(out, "\t# (");
			put_range(out, option);
			buf_puts(out, ")\n");
		}
		buf_printf(out, "\t%s%s = ", option->type == OPTION_SECRET ? "# " : "", option->name);
		put_default(out, option);
		buf_puts(out, ";\n");
	}
	buf_puts(out, "};\n");
}

void conf_write_new(struct buf *out, const char *data_dir, const char *run_dir)
{
	char secret[2 * 32 + 1];

	buf_puts(out, "# Configuration of Tonearm. `tonearm config --defaults` shows all options; tonearm.conf(5) "
		      "explains them.\n"
		      "# Keep this file secret: who has the keys below can make tokens and signed "
		      "URLs.\n\nstorage:\n{\n\tdata_dir = ");
	put_quoted(out, data_dir);
	buf_puts(out, ";\n\trun_dir = ");
	put_quoted(out, run_dir);
	id_random_hex(32, secret);
	buf_printf(out, ";\n};\n\nauth:\n{\n\turl_secret = \"%s\";\n", secret);
	id_random_hex(32, secret);
	buf_printf(out, "\tjwt_secret = \"%s\";\n};\n", secret);
	explicit_bzero(secret, sizeof secret);
}

/* TEXT with what mdoc would take for a request or an escape made harmless. */
static void put_mdoc(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_puts(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buf_puts(out, "\\e");
		else if (*text == '"')
			buf_puts(out, "\\(dq");
		else if (*text == '`')
			buf_puts(out, "\\(ga");
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '\n');
}

static void put_manual_facts(struct buf *out, const struct option *option)
{
	struct buf facts;

	buf_init(&facts, 4096);
	if (has_range(option)) {
		put_range(&facts, option);
		buf_puts(&facts, "; ");
	}
	if (option->type == OPTION_SECRET) {
		buf_puts(&facts, "It must be set.");
	} else if (option->type == OPTION_LADDER) {
		buf_puts(&facts, "The default is");
		for (size_t i = 0; i < option_ladder_count; i++)
			buf_printf(&facts, "%s %s (%" PRId64 "k)", i == 0 ? "" : ",", option_ladder[i].quality,
				option_ladder[i].bit_rate / 1000);
		buf_puts(&facts, ", each AAC at 44.1 kHz in stereo.");
	} else if (option->type == OPTION_RATES) {
		buf_puts(&facts, "The default is ( ");
		option_write_rates(&facts, option_rates, option_rate_count, ", ");
		buf_puts(&facts, " ).");
	} else {
		buf_puts(&facts, has_range(option) ? "the default is " : "The default is ");
		put_default(&facts, option);
		buf_putc(&facts, '.');
	}
	put_mdoc(out, buf_text(&facts));
	buf_free(&facts);
}

void conf_write_manual(struct buf *out)
{
	const char *section = "";

	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &option_table[i];

		if (strcmp(section, option->section) != 0)
			buf_printf(out, "%s.Ss Group %s\n.Bl -tag -width Ds\n", section[0] == '\0' ? "" : ".El\n",
				option->section);
		section = option->section;
		buf_printf(out, ".It Va %s\n", option->name);
		put_mdoc(out, option->sentence);
		buf_puts(out, ".br\n");
		put_manual_facts(out, option);
	}
	buf_puts(out, ".El\n");
}

/* Number INDEX of a list of groups, with the members that say something; a secret stands in a file. */
static void put_group(
	struct buf *out, size_t index, const struct option_member *members, size_t count, const void *group)
{
	buf_puts(out, index == 0 ? "{" : ", {");
	for (size_t i = 0; i < count; i++) {
		const char *text = *(const char *const *)(const void *)((const char *)group + members[i].offset);

		if (text[0] == '\0')
			continue;
		buf_printf(out, " %s = ", members[i].name);
		put_quoted(out, text);
		buf_putc(out, ';');
	}
	buf_puts(out, " }");
}

static void put_value(struct buf *out, struct conf *conf, const struct option *option)
{
	switch (option->type) {
	case OPTION_INTEGER:
	case OPTION_SIZE:
		buf_printf(out, "%" PRId64, *option_number(conf, option));
		break;
	case OPTION_REAL:
		put_real(out, *option_real(conf, option));
		break;
	case OPTION_PRESETS:
		for (size_t i = 0; i < conf->preset_count; i++) {
			buf_printf(out, "%s%s:", i == 0 ? "" : ", ", conf->presets[i].name);
			put_quoted(out, conf->presets[i].filter);
		}
		break;
	case OPTION_KEYS:
	case OPTION_SECRETS:
		for (size_t i = 0; i < option_keys(conf, option)->count; i++) {
			const struct conf_key *key = &option_keys(conf, option)->keys[i];

			buf_printf(out, "%s%s:%s:", i == 0 ? "" : ", ", key->id, key->algorithms);
			put_quoted(out, key->file != NULL ? key->file : "(set)");
		}
		break;
	case OPTION_EDGES:
		for (size_t i = 0; i < conf->edge_count; i++)
			put_group(out, i, option_edge_members, option_edge_member_count, &conf->edges[i]);
		break;
	case OPTION_PURGES:
		for (size_t i = 0; i < conf->purge_count; i++)
			put_group(out, i, option_purge_members, option_purge_member_count, &conf->purges[i]);
		break;
	case OPTION_SWITCH:
		buf_puts(out, *option_switch(conf, option) ? "true" : "false");
		break;
	case OPTION_SECRET:
		buf_puts(out, "(set)");
		break;
	case OPTION_PATHS:
		for (size_t i = 0; i < conf->import_dir_count; i++) {
			buf_puts(out, i == 0 ? "" : ", ");
			put_quoted(out, conf->import_dirs[i]);
		}
		break;
	case OPTION_RATES:
		option_write_rates(out, conf->rates, conf->rate_count, ", ");
		break;
	case OPTION_ROBOTS:
		for (size_t i = 0; i < conf->robot_count; i++) {
			buf_puts(out, i == 0 ? "" : ", ");
			put_quoted(out, conf->robots[i].agent);
			buf_printf(out, ":%g:%" PRId64, conf->robots[i].requests, conf->robots[i].burst);
		}
		break;
	case OPTION_NETWORKS:
		for (size_t i = 0; i < option_networks(conf, option)->count; i++) {
			char text[NETWORK_TEXT_MOST + 1];

			buf_puts(out, i == 0 ? "" : ", ");
			put_quoted(out, network_write(&option_networks(conf, option)->networks[i], text));
		}
		break;
	case OPTION_LADDER:
		for (size_t i = 0; i < conf->ladder_count; i++)
			buf_printf(out, "%s%s:%s:%s:%" PRId64 ":%" PRId64 ":%" PRId64, i == 0 ? "" : ", ",
				conf->ladder[i].quality, conf->ladder[i].codec, conf->ladder[i].container,
				conf->ladder[i].bit_rate, conf->ladder[i].sample_rate, conf->ladder[i].channels);
		break;
	default:
		put_quoted(out, *option_text(conf, option));
	}
}

void conf_write_values(const struct conf *conf, struct buf *out)
{
	for (size_t i = 0; i < option_count; i++) {
		buf_printf(out, "%s.%s = ", option_table[i].section, option_table[i].name);
		/* The accessors serve the reader too, hence without const; nothing is written here. */
		put_value(out, (struct conf *)conf, &option_table[i]);
		buf_putc(out, '\n');
	}
}
