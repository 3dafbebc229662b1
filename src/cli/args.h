/* SPDX-License-Identifier: MIT */
/*
 * The words after a command's name. Each command has one table of its options; the table feeds the parser (getopt_long)
 * and the help text, so neither can forget what the other knows. Every command also takes --config, --json where it
 * says so in its table, and --help.
 */
#ifndef TONEARM_CLI_ARGS_H
#define TONEARM_CLI_ARGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { ARGS_OPTIONS_MOST = 24 };

struct args_option {
	const char *name;     /* long name without dashes; NULL ends a table */
	char letter;          /* short name, or 0 */
	const char *argument; /* what its value is called in the help; NULL for a flag */
	const char *help;     /* one sentence without full stop */
};

struct args {
	const struct args_option *options;
	const char *values[ARGS_OPTIONS_MOST]; /* by position in OPTIONS; "" for a flag that was given */
	char **rest;                           /* the words that are no options */
	size_t count;
};

/*
 * Reads ARGV (ARGV[0] is the command's name and skipped) by the table OPTIONS. A word `--` ends the options. ARGV is
 * permuted and must outlive ARGS. ERR_BAD_REQUEST with a sentence for an unknown option or a missing value. Not
 * thread-safe (getopt).
 */
enum err args_parse(const struct args_option *options, int argc, char **argv, struct args *args, struct err_info *info);

/* True when the table has an option NAME. */
bool args_known(const struct args *args, const char *name);

/* The value of option NAME (which must stand in the table), "" for a flag that was given, NULL when it was not. */
const char *args_value(const struct args *args, const char *name);

/* True when option NAME was given. */
bool args_given(const struct args *args, const char *name);

/* The value of option NAME as a number from LEAST to MOST; FALLBACK when it was not given. ERR_BAD_REQUEST. */
enum err args_number(const struct args *args, const char *name, long least, long most, long fallback, long *out,
	struct err_info *info);

#endif
