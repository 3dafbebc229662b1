/* SPDX-License-Identifier: MIT */
/*
 * The command `tonearm`: one table of commands (main.c), one file per command. A handler gets its parsed words, writes
 * its answer to cli->out, and returns; main.c prints the sentence of a failure and turns its code into the exit status.
 * Everything here belongs to the main thread.
 */
#ifndef TONEARM_CLI_CLI_H
#define TONEARM_CLI_CLI_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/term.h"
#include "conf/conf.h"
#include "db/db.h"

#include <jansson.h>

struct cli {
	struct term out;    /* standard output */
	struct term error;  /* standard error */
	const char *config; /* of --config, a file or the folder that `tonearm init` made; NULL when not given */
	struct arena arena; /* lives as long as the command */
	struct conf *conf;  /* after cli_open_conf(); main.c gives it back */
	struct db *db;      /* after cli_open_db(); main.c gives it back */
};

struct cli_command {
	const char *name;
	const char *arguments; /* after "tonearm NAME" in the usage line */
	const char *summary;   /* one line, for the list of commands */
	const char *text;      /* paragraphs for its help, each ended by a newline */
	const struct args_option *options;
	enum err (*run)(struct cli *cli, const struct args *args, struct err_info *info);
};

/* Each in its own file, cmd_NAME.c. */
extern const struct cli_command cmd_add, cmd_cdn, cmd_config, cmd_demo, cmd_doctor, cmd_init, cmd_install_cgi, cmd_jobs,
	cmd_key, cmd_serve, cmd_sign, cmd_storage, cmd_token, cmd_tracks, cmd_user;

/* Options that every command has; a command's table starts with them. */
/* clang-format off */
#define CLI_OPTIONS \
	{"config", 'c', "FILE", "configuration file, or the folder that init made"}, \
	{"help", 'h', NULL, "show this help"}
/* clang-format on */

/* The word after the command, such as `show` in `tonearm tracks show ID`. */
struct cli_verb {
	const char *name;   /* NULL ends a table; the first is the one taken when no word was given */
	size_t least, most; /* words that may follow */
	enum err (*run)(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info);
};

/* Runs the verb that ARGS name. ERR_BAD_REQUEST for one that VERBS has not, or with too few or too many words. */
enum err cli_verb(struct cli *cli, const struct cli_verb *verbs, const struct args *args, struct err_info *info);

/* ERR_BAD_REQUEST unless ARGS have from LEAST to MOST words. */
enum err cli_words(const struct args *args, size_t least, size_t most, struct err_info *info);

/* ERR_BAD_REQUEST unless ID is NULL or can be the id of a WHAT ("track"). */
enum err cli_check_id(const char *id, const char *what, struct err_info *info);

/*
 * Reads the configuration into cli->conf: the file, or the folder of a tonearm.conf, that --config or $TONEARM_CONF
 * names, else the built-in one. Errors as conf_read(), with a hint to `tonearm init` when there is none.
 */
enum err cli_open_conf(struct cli *cli, struct err_info *info);

/* Both configuration and database, which must have this program's version. */
enum err cli_open_db(struct cli *cli, struct err_info *info);

/* Options for db_open() from CONF, with the path in ARENA. */
struct db_options cli_db_options(const struct conf *conf, struct arena *arena);

/* Writes VALUE as one line of JSON and gives it back. ERR_IO. */
enum err cli_json(struct cli *cli, json_t *value, struct err_info *info);

/* Help for COMMAND, or the list of all. */
void cli_help(struct term *term, const struct cli_command *command);
void cli_help_all(struct term *term, const struct cli_command *const *commands);

#endif
