/* SPDX-License-Identifier: MIT */
/* tonearm: the command a person types. */
#include "cli/cli.h"

#include "base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_command *const commands[] = {
	&cmd_init,
	&cmd_serve,
	&cmd_add,
	&cmd_demo,
	&cmd_tracks,
	&cmd_jobs,
	&cmd_sign,
	&cmd_token,
	&cmd_user,
	&cmd_key,
	&cmd_config,
	&cmd_doctor,
	&cmd_storage,
	&cmd_cdn,
	&cmd_install_cgi,
	NULL,
};

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void print_failure(struct cli *cli, const struct cli_command *command, const struct err_info *info)
{
	const struct term *term = &cli->error;

	fflush(cli->out.out);
	fprintf(term->out, "%stonearm%s%s:%s %s\n", term_on(term, TERM_RED), command != NULL ? " " : "",
		command != NULL ? command->name : "", term_on(term, TERM_PLAIN), info->detail);
}

/* A command that could not write its answer has failed, whatever it thought. */
static enum err finish_output(struct cli *cli, enum err err, struct err_info *info)
{
	if (fflush(cli->out.out) != 0 || ferror(cli->out.out) != 0) {
		if (err == ERR_OK)
			err = err_set(info, ERR_IO, "cannot write to standard output");
	}
	return err;
}

static enum err run_command(
	struct cli *cli, const struct cli_command *command, int argc, char **argv, struct err_info *info)
{
	struct args args;
	enum err err = args_parse(command->options, argc, argv, &args, info);

	if (err != ERR_OK)
		return err;
	if (args_given(&args, "help")) {
		cli_help(&cli->out, command);
		return ERR_OK;
	}
	if (args_known(&args, "config") && args_given(&args, "config"))
		cli->config = args_value(&args, "config");
	return command->run(cli, &args, info);
}

/* Takes the words before the command; *FIRST becomes the position of the command in ARGV, or 0 when all is said. */
static enum err read_leading(struct cli *cli, int argc, char **argv, int *first, struct err_info *info)
{
	int at = 1;

	*first = 0;
	while (at + 1 < argc && (strcmp(argv[at], "-c") == 0 || strcmp(argv[at], "--config") == 0)) {
		cli->config = argv[at + 1];
		at += 2;
	}
	if (at >= argc) {
		cli_help_all(&cli->error, commands);
		return err_set(info, ERR_BAD_REQUEST, "say which command");
	}
	if (strcmp(argv[at], "--version") == 0 || strcmp(argv[at], "-V") == 0) {
		fprintf(cli->out.out, "tonearm %s\n", PACKAGE_VERSION);
		return ERR_OK;
	}
	if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "help") == 0) {
		const struct cli_command *command = at + 1 < argc ? find_command(argv[at + 1]) : NULL;

		if (command != NULL)
			cli_help(&cli->out, command);
		else
			cli_help_all(&cli->out, commands);
		return ERR_OK;
	}
	*first = at;
	return ERR_OK;
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	struct err_info info = {0};
	const struct cli_command *command = NULL;
	int first;
	enum err err;

	signal(SIGPIPE, SIG_IGN);
	term_open(&cli.out, stdout);
	term_open(&cli.error, stderr);
	err = log_open("tonearm", LOG_WARNING, NULL, &info);
	if (err == ERR_OK)
		err = read_leading(&cli, argc, argv, &first, &info);
	if (err == ERR_OK && first > 0) {
		command = find_command(argv[first]);
		if (command == NULL)
			err = err_set(&info, ERR_BAD_REQUEST, "there is no command \"%s\"; `tonearm --help` lists them",
				argv[first]);
		else
			err = run_command(&cli, command, argc - first, argv + first, &info);
	}
	err = finish_output(&cli, err, &info);
	if (err != ERR_OK && info.detail[0] != '\0')
		print_failure(&cli, command, &info);
	db_close(cli.db);
	conf_free(cli.conf);
	arena_free(&cli.arena);
	return err_exit_code(err);
}
