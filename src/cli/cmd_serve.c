/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "cli/stack.h"

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"port", 'p', "N", "listen on this port of 127.0.0.1 (one that is free)"},
	{"verbose", 'v', NULL, "show the logs of all programs here, not in run/serve.log"},
	{"json", 0, NULL, "write JSON lines for programs"},
	{NULL, 0, NULL, NULL},
};

static void note(void *context, const char *sentence)
{
	struct cli *cli = context;

	fprintf(cli->error.out, "%s%s%s\n", term_on(&cli->error, TERM_YELLOW), sentence,
		term_on(&cli->error, TERM_PLAIN));
}

static enum err print_ready(struct cli *cli, const struct args *args, const struct stack *stack, struct err_info *info)
{
	const struct term *term = &cli->out;

	if (args_given(args, "json"))
		return cli_json(cli,
			json_pack("{s:s, s:s, s:b}", "event", "ready", "url", stack_url(stack), "page",
				stack_has_page(stack)),
			info);
	fprintf(term->out, "Serving %s%s%s/%s\n", term_on(term, TERM_BOLD), term_on(term, TERM_CYAN), stack_url(stack),
		term_on(term, TERM_PLAIN));
	if (!stack_has_page(stack))
		fputs("This installation was built without the page; players and programs find everything else.\n",
			term->out);
	fprintf(term->out, "%sLogs: %s/serve.log. Ctrl-C stops it.%s\n", term_on(term, TERM_FAINT), cli->conf->run_dir,
		term_on(term, TERM_PLAIN));
	fflush(term->out);
	return ERR_OK;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	struct stack_options wanted = {.verbose = args_given(args, "verbose"), .note = note, .context = cli};
	struct stack *stack = NULL;
	long port;
	enum err err = cli_words(args, 0, 0, info);

	if (err == ERR_OK)
		err = args_number(args, "port", 1, 65535, 0, &port, info);
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err != ERR_OK)
		return err;
	/* The programs have connections of their own; one across fork() is of no use to anybody. */
	db_close(cli->db);
	cli->db = NULL;
	wanted.conf = cli->conf;
	wanted.port = (unsigned)port;
	err = stack_open(&wanted, &stack, info);
	if (err == ERR_OK)
		err = stack_start(stack, info);
	if (err == ERR_OK)
		err = print_ready(cli, args, stack, info);
	if (err == ERR_OK)
		stack_run(stack);
	stack_close(stack);
	return err;
}

const struct cli_command cmd_serve = {
	.name = "serve",
	.arguments = "",
	.summary = "serve it on this machine, for trying and developing",
	.text = "Starts lighttpd (configured by the shipped conf-examples/lighttpd.conf), the\n"
		"responders and the jobrunner on a loopback port, prints the address once it\n"
		"answers, starts again what dies, and stops all of it on Ctrl-C. For the public\n"
		"use your own web server: see conf-examples/.\n",
	.options = options,
	.run = run,
};
