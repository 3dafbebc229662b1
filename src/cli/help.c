/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <string.h>

/* Columns of "--name VALUE" in a table of options. */
static size_t option_columns(const struct args_option *option)
{
	return strlen("--") + strlen(option->name) + (option->argument != NULL ? 1 + strlen(option->argument) : 0);
}

static void print_option(struct term *term, const struct args_option *option, size_t column)
{
	FILE *out = term->out;

	if (option->letter != 0)
		fprintf(out, "  %s-%c%s, ", term_on(term, TERM_BOLD), option->letter, term_on(term, TERM_PLAIN));
	else
		fputs("      ", out);
	fprintf(out, "%s--%s%s", term_on(term, TERM_BOLD), option->name, term_on(term, TERM_PLAIN));
	if (option->argument != NULL)
		fprintf(out, " %s", option->argument);
	fprintf(out, "%*s  %s\n", (int)(column - option_columns(option)), "", option->help);
}

void cli_help(struct term *term, const struct cli_command *command)
{
	FILE *out = term->out;
	size_t column = 0;

	fprintf(out, "Usage: %stonearm %s%s [OPTION]...%s%s\n\n%s\n%sOptions%s\n", term_on(term, TERM_BOLD),
		command->name, term_on(term, TERM_PLAIN), *command->arguments != '\0' ? " " : "", command->arguments,
		command->text, term_on(term, TERM_BOLD), term_on(term, TERM_PLAIN));
	for (const struct args_option *option = command->options; option->name != NULL; option++)
		if (option_columns(option) > column)
			column = option_columns(option);
	for (const struct args_option *option = command->options; option->name != NULL; option++)
		print_option(term, option, column);
}

void cli_help_all(struct term *term, const struct cli_command *const *commands)
{
	FILE *out = term->out;

	fprintf(out, "Usage: %stonearm%s [--config FILE] COMMAND [OPTION]... [WORD]...\n\n", term_on(term, TERM_BOLD),
		term_on(term, TERM_PLAIN));
	fputs("Audio streaming from behind your own web server.\n\n", out);
	fprintf(out, "%sCommands%s\n", term_on(term, TERM_BOLD), term_on(term, TERM_PLAIN));
	for (size_t i = 0; commands[i] != NULL; i++)
		fprintf(out, "  %s%-11s%s  %s\n", term_on(term, TERM_BOLD), commands[i]->name,
			term_on(term, TERM_PLAIN), commands[i]->summary);
	fputs("\n`tonearm COMMAND --help` tells more of each; `tonearm --version` its version.\n"
	      "The configuration is that of --config, else of $TONEARM_CONF, else " SYSCONFDIR
	      "/tonearm/tonearm.conf.\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage or input, 3 not found, 4 not permitted, 5 try again "
	      "later.\n",
		out);
}
