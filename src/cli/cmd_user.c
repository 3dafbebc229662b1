/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "auth/password.h"
#include "base/clock.h"
#include "cli/grantee.h"
#include "cli/table.h"
#include "model/account.h"
#include "model/login.h"
#include "model/revocation.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct args_option options[] = {
	CLI_OPTIONS,
	GRANTEE_OPTIONS,
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

static void set_echo(bool on)
{
	struct termios settings;

	if (tcgetattr(STDIN_FILENO, &settings) != 0)
		return;
	settings.c_lflag = on ? settings.c_lflag | ECHO : settings.c_lflag & ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings);
}

/* The first line of standard input, in ARENA. A person types it unseen. */
static enum err read_password(struct cli *cli, char **out, struct err_info *info)
{
	bool person = isatty(STDIN_FILENO) != 0;
	char line[PASSWORD_MOST + 2];
	const char *got;

	if (person) {
		fputs("Password: ", cli->error.out);
		fflush(cli->error.out);
		set_echo(false);
	}
	got = fgets(line, sizeof line, stdin);
	if (person) {
		set_echo(true);
		fputc('\n', cli->error.out);
	}
	if (got == NULL)
		return err_set(info, ERR_BAD_REQUEST, "the password is read from standard input: there was none");
	line[strcspn(line, "\r\n")] = '\0';
	*out = arena_strdup(&cli->arena, line);
	explicit_bzero(line, sizeof line);
	return ERR_OK;
}

/* In the caller's transaction: what NAME was given until BEFORE (seconds) is good no more. */
static enum err end_logins(struct cli *cli, const char *name, int64_t before, struct err_info *info)
{
	const struct revocation revocation = {.kind = REVOKE_SUBJECT,
		.value = name,
		.before = before,
		.expires = revocation_end(REVOKE_SUBJECT, before, cli->conf->revocation_ttl_s)};
	enum err err = refresh_token_drop_subject(cli->db, name, info);

	return err == ERR_OK ? revocation_put(cli->db, &revocation, info) : err;
}

/*
 * Who gives an account another password, or lets it do less, means those who are logged in by now as well. A login in the
 * same second is one by the new password.
 */
static enum err put_account(struct cli *cli, const struct account *account, struct err_info *info)
{
	struct account former;
	enum err err = db_begin(cli->db, info), found;

	if (err != ERR_OK)
		return err;
	found = account_get(cli->db, account->name, &cli->arena, &former, info);
	err = found == ERR_NOT_FOUND ? ERR_OK : found;
	if (err == ERR_OK)
		err = account_put(cli->db, account, info);
	if (err == ERR_OK && found == ERR_OK)
		err = end_logins(cli, account->name, clock_seconds(NULL) - 1, info);
	if (err == ERR_OK)
		err = db_commit(cli->db, info);
	if (err != ERR_OK)
		db_rollback(cli->db);
	return err;
}

static enum err add(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct account account = {.name = words[0], .created_ms = clock_ms(NULL)};
	struct grantee grantee;
	char *password, *form;
	enum err err = grantee_read(cli, args, words[0], &grantee, info);

	(void)count;
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = read_password(cli, &password, info);
	if (err == ERR_OK)
		err = password_make(password, &cli->arena, &form, info);
	if (err != ERR_OK)
		return err;
	account.password = form;
	account.scope = grantee.scope;
	account.tracks = grantee.tracks;
	err = put_account(cli, &account, info);
	if (err == ERR_OK)
		fprintf(cli->out.out, "%s may log in, for: %s\n", account.name, account.scope);
	return err;
}

static enum err list(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	static const char *const heads[] = {"NAME", "SCOPE", "TRACKS", "SINCE"};
	struct account *accounts;
	struct table table;
	size_t found;
	enum err err = cli_open_db(cli, info);

	(void)words;
	(void)count;
	if (err == ERR_OK)
		err = account_list(cli->db, &cli->arena, &accounts, &found, info);
	if (err != ERR_OK)
		return err;
	if (args_given(args, "json")) {
		json_t *array = json_array();

		for (size_t i = 0; i < found; i++)
			json_array_append_new(
				array, json_pack("{s:s, s:s}", "name", accounts[i].name, "scope", accounts[i].scope));
		return cli_json(cli, json_pack("{s:o}", "users", array), info);
	}
	table_open(&table, &cli->arena, heads, 4, 1);
	for (size_t i = 0; i < found; i++) {
		char *since = arena_alloc(&cli->arena, CLOCK_TEXT);
		const struct table_cell cells[] = {
			{accounts[i].name, TERM_PLAIN},
			{accounts[i].scope, TERM_PLAIN},
			{accounts[i].tracks != NULL ? accounts[i].tracks : "all", TERM_PLAIN},
			{clock_rfc3339(accounts[i].created_ms, since), TERM_FAINT},
		};

		table_add(&table, cells);
	}
	table_print(&table, &cli->out);
	return ERR_OK;
}

/* Tokens that were handed out before are revoked with the account. */
static enum err remove_account(struct cli *cli, const char *name, struct err_info *info)
{
	enum err err = db_begin(cli->db, info);

	if (err != ERR_OK)
		return err;
	err = account_delete(cli->db, name, info);
	if (err == ERR_OK)
		err = end_logins(cli, name, clock_seconds(NULL), info);
	if (err == ERR_OK)
		err = db_commit(cli->db, info);
	if (err != ERR_OK)
		db_rollback(cli->db);
	return err;
}

static enum err remove_user(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	enum err err = cli_open_db(cli, info);

	(void)args;
	(void)count;
	return err == ERR_OK ? remove_account(cli, words[0], info) : err;
}

static const struct cli_verb verbs[] = {
	{"list", 0, 0, list},
	{"add", 1, 1, add},
	{"remove", 1, 1, remove_user},
	{NULL, 0, 0, NULL},
};

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_user = {
	.name = "user",
	.arguments = "[list | add NAME | remove NAME]",
	.summary = "who may log in with a password",
	.text = "add makes an account, or gives it a new password, scope and tracks, which ends its\n"
		"logins. The password is the first line of standard input and is stored as what\n"
		"scrypt makes of it.\n"
		"remove takes the account away and revokes the tokens it has. POST /auth/token\n"
		"gives tokens for name and password.\n",
	.options = options,
	.run = run,
};
