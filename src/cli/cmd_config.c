/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

enum { TEXT_MOST = 1 << 20 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"defaults", 0, NULL, "print a commented configuration with every option at its default"},
	{"manual", 0, NULL, "print the options as a section of tonearm.conf(5)"},
	{NULL, 0, NULL, NULL},
};

static enum err print(struct cli *cli, struct buf *text, struct err_info *info)
{
	enum err err = ERR_OK;

	if (text->overflow)
		err = err_set(info, ERR_INTERNAL, "the text is larger than %d bytes", TEXT_MOST);
	fputs(buf_text(text), cli->out.out);
	buf_free(text);
	return err;
}

static enum err show(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct buf text;
	enum err err;

	(void)words;
	(void)count;
	buf_init(&text, TEXT_MOST);
	if (args_given(args, "defaults")) {
		conf_write_defaults(&text);
		return print(cli, &text, info);
	}
	if (args_given(args, "manual")) {
		conf_write_manual(&text);
		return print(cli, &text, info);
	}
	err = cli_open_conf(cli, info);
	if (err != ERR_OK)
		return err;
	conf_write_values(cli->conf, &text);
	return print(cli, &text, info);
}

static enum err check(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	enum err err = cli_open_conf(cli, info);

	(void)args;
	(void)words;
	(void)count;
	if (err == ERR_OK)
		fprintf(cli->out.out, "%s: %sok%s\n", cli->conf->path, term_on(&cli->out, TERM_GREEN),
			term_on(&cli->out, TERM_PLAIN));
	return err;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	static const struct cli_verb verbs[] = {
		{"show", 0, 0, show},
		{"check", 0, 0, check},
		{NULL, 0, 0, NULL},
	};

	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_config = {
	.name = "config",
	.arguments = "[show|check]",
	.summary = "show or check the configuration",
	.text = "  show   the values in force, secrets hidden (also without a word)\n"
		"  check  read the file and say whether it is right\n",
	.options = options,
	.run = run,
};
