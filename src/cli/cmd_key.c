/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "cli/duration.h"
#include "cli/grantee.h"
#include "cli/table.h"
#include "model/account.h"

#include <string.h>

enum { SECRET_BYTES = 32 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	GRANTEE_OPTIONS,
	{"ttl", 't', "SPAN", "how long it is good, such as 90d (for ever)"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

static enum err print_key(struct cli *cli, const struct args *args, const struct api_key *key, const char *text,
	struct err_info *info)
{
	if (args_given(args, "json"))
		return cli_json(cli,
			json_pack("{s:s, s:s, s:s, s:s}", "id", key->id, "key", text, "subject", key->subject, "scope",
				key->scope),
			info);
	fprintf(cli->out.out, "%s\n", text);
	return ERR_OK;
}

/* The key is shown once; what is stored recognises it. */
static enum err add(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct api_key key = {.subject = words[0], .created_ms = clock_ms(NULL)};
	char secret[2 * SECRET_BYTES + 1], hex[HASH_HEX_SIZE];
	const char *ttl = args_value(args, "ttl"), *text;
	struct grantee grantee;
	int64_t span = 0;
	enum err err = grantee_read(cli, args, words[0], &grantee, info);

	(void)count;
	if (err == ERR_OK && ttl != NULL)
		err = duration_parse(ttl, "--ttl", &span, info);
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err != ERR_OK)
		return err;
	id_new(NULL, key.id);
	id_random_hex(SECRET_BYTES, secret);
	text = arena_printf(&cli->arena, "tak_%s_%s", key.id, secret);
	hash_sha256_hex(text, strlen(text), hex);
	key.hash = hex;
	key.scope = grantee.scope;
	key.tracks = grantee.tracks;
	key.expires = ttl != NULL ? clock_seconds(NULL) + span : 0;
	err = api_key_put(cli->db, &key, info);
	return err == ERR_OK ? print_key(cli, args, &key, text, info) : err;
}

static enum err list(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	static const char *const heads[] = {"ID", "SUBJECT", "SCOPE", "TRACKS", "UNTIL"};
	struct api_key *keys;
	struct table table;
	size_t found;
	enum err err = cli_open_db(cli, info);

	(void)words;
	(void)count;
	if (err == ERR_OK)
		err = api_key_list(cli->db, &cli->arena, &keys, &found, info);
	if (err != ERR_OK)
		return err;
	if (args_given(args, "json")) {
		json_t *array = json_array();

		for (size_t i = 0; i < found; i++)
			json_array_append_new(
				array, json_pack("{s:s, s:s, s:s, s:I}", "id", keys[i].id, "subject", keys[i].subject,
					       "scope", keys[i].scope, "expires", (json_int_t)keys[i].expires));
		return cli_json(cli, json_pack("{s:o}", "keys", array), info);
	}
	table_open(&table, &cli->arena, heads, 5, 1);
	for (size_t i = 0; i < found; i++) {
		char *until = arena_alloc(&cli->arena, CLOCK_TEXT);
		const struct table_cell cells[] = {
			{keys[i].id, TERM_FAINT},
			{keys[i].subject, TERM_PLAIN},
			{keys[i].scope, TERM_PLAIN},
			{keys[i].tracks != NULL ? keys[i].tracks : "all", TERM_PLAIN},
			{keys[i].expires == 0 ? "for ever" : clock_rfc3339(keys[i].expires * 1000, until), TERM_PLAIN},
		};

		table_add(&table, cells);
	}
	table_print(&table, &cli->out);
	return ERR_OK;
}

static enum err remove_key(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	enum err err = cli_open_db(cli, info);

	(void)args;
	(void)count;
	return err == ERR_OK ? api_key_delete(cli->db, words[0], info) : err;
}

static const struct cli_verb verbs[] = {
	{"list", 0, 0, list},
	{"add", 1, 1, add},
	{"remove", 1, 1, remove_key},
	{NULL, 0, 0, NULL},
};

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_key = {
	.name = "key",
	.arguments = "[list | add SUBJECT | remove ID]",
	.summary = "API keys, which programs trade for tokens",
	.text = "add prints a new key, once: it is stored as its SHA-256. POST /auth/token gives\n"
		"tokens for it. Tokens that were given stay good until they expire; POST\n"
		"/auth/revoke ends them.\n",
	.options = options,
	.run = run,
};
