/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "cli/site.h"

#include <string.h>

static const struct args_option options[] = {
	{"data", 0, "PATH", "folder of the library (DIR/data)"},
	{"run", 0, "PATH", "folder of sockets and counters (DIR/run)"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

static void print_next(struct cli *cli, const char *folder, const char *conf)
{
	const struct term *term = &cli->out;
	const char *bold = term_on(term, TERM_BOLD), *plain = term_on(term, TERM_PLAIN);

	fprintf(term->out, "%sMade%s %s, readable by you alone: it holds fresh secrets.\n\n", term_on(term, TERM_GREEN),
		plain, conf);
	fputs("Next:\n", term->out);
	fprintf(term->out, "  %stonearm serve -c %s%s            try it on this machine\n", bold, folder, plain);
	fprintf(term->out, "  %stonearm add -c %s song.flac%s    put music in\n", bold, folder, plain);
	fprintf(term->out, "  %stonearm doctor -c %s%s           see what a public server still needs\n", bold, folder,
		plain);
}

/* A folder is named where it is: what is relative would be of the configuration's folder, not of the shell's. */
static enum err check_folder(const char *path, struct err_info *info)
{
	return path == NULL || path[0] == '/'
		       ? ERR_OK
		       : err_set(info, ERR_BAD_REQUEST, "\"%s\" is not an absolute path", path);
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	const char *data_dir = args_value(args, "data"), *run_dir = args_value(args, "run"), *conf;
	char *folder;
	enum err err = cli_words(args, 1, 1, info);

	if (err == ERR_OK)
		err = check_folder(data_dir, info);
	if (err == ERR_OK)
		err = check_folder(run_dir, info);
	if (err != ERR_OK)
		return err;
	folder = args->rest[0];
	for (size_t length = strlen(folder); length > 1 && folder[length - 1] == '/'; length--)
		folder[length - 1] = '\0';
	err = site_make(folder, data_dir != NULL ? data_dir : "data", run_dir != NULL ? run_dir : "run", &cli->arena,
		&conf, info);
	if (err == ERR_OK)
		print_next(cli, folder, conf);
	return err;
}

const struct cli_command cmd_init = {
	.name = "init",
	.arguments = "DIR",
	.summary = "make a folder with configuration, secrets and database",
	.text = "Makes DIR with tonearm.conf (fresh secrets, readable by you alone), data/ for\n"
		"the library, run/ for sockets and counters, and an empty database. With\n"
		"--data and --run these two are elsewhere, as on a system that has a place for\n"
		"each. A configuration that is there already is never touched, and a library\n"
		"that is there stays.\n",
	.options = options,
	.run = run,
};
