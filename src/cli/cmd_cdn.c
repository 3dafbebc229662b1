/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/wake.h"
#include "model/stored.h"
#include "storage/purge_order.h"

#include <stdio.h>
#include <string.h>

/* Tracks in one transaction: others write in between. */
enum { TRACKS_AT_ONCE = 100 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"all", 0, NULL, "all tracks of the library"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

static enum err order(struct cli *cli, char (*tracks)[ID_SIZE], size_t count, struct err_info *info)
{
	struct arena arena = {0};
	enum err err = db_begin(cli->db, info);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = purge_order(cli->conf, cli->db, NULL, tracks[i], &arena, info);
	arena_free(&arena);
	if (err == ERR_OK)
		err = db_commit(cli->db, info);
	if (err != ERR_OK)
		db_rollback(cli->db);
	return err;
}

static enum err order_all(struct cli *cli, size_t *total, struct err_info *info)
{
	char tracks[TRACKS_AT_ONCE][ID_SIZE], last[ID_SIZE] = "";
	enum err err = ERR_OK, ended;

	do {
		size_t count = 0;

		while ((ended = stored_next_track(cli->db, last, tracks[count], info)) == ERR_OK) {
			memcpy(last, tracks[count], sizeof last);
			if (++count == TRACKS_AT_ONCE)
				break;
		}
		if (ended == ERR_OK || ended == ERR_NOT_FOUND)
			err = order(cli, tracks, count, info);
		*total += count;
	} while (ended == ERR_OK && err == ERR_OK);
	return err != ERR_OK || ended == ERR_NOT_FOUND ? err : ended;
}

/* Of tracks that are gone, too: a cache may still have them. */
static enum err order_named(struct cli *cli, char **words, size_t count, struct err_info *info)
{
	char(*tracks)[ID_SIZE] = arena_array(&cli->arena, count, sizeof *tracks);

	for (size_t i = 0; i < count; i++) {
		if (cli_check_id(words[i], "track", info) != ERR_OK)
			return ERR_BAD_REQUEST;
		memcpy(tracks[i], words[i], ID_SIZE);
	}
	return order(cli, tracks, count, info);
}

static enum err purge(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	bool all = args_given(args, "all");
	size_t total = count;
	enum err err = ERR_OK;

	if (all == (count > 0))
		err = err_set(info, ERR_BAD_REQUEST, "purge needs the ids of tracks, or --all");
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK && cli->conf->purge_count == 0)
		err = err_set(info, ERR_BAD_REQUEST, "there are no caches in the configuration: set cdn.purge");
	if (err == ERR_OK)
		err = all ? order_all(cli, &total, info) : order_named(cli, words, count, info);
	if (err != ERR_OK)
		return err;
	wake_post(cli->conf->run_dir);
	if (args_given(args, "json"))
		return cli_json(cli,
			json_pack("{s:I, s:I}", "tracks", (json_int_t)total, "caches", (json_int_t)cli->conf->purge_count),
			info);
	fprintf(cli->out.out, "%zu tracks: jobs tell %zu caches to forget them.\n", total, cli->conf->purge_count);
	return ERR_OK;
}

static const struct cli_verb verbs[] = {
	{"purge", 0, 1000, purge},
	{NULL, 0, 0, NULL},
};

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_cdn = {
	.name = "cdn",
	.arguments = "purge TRACK... | purge --all",
	.summary = "have the caches in front forget tracks",
	.text = "Caches that cdn.purge lists are told by themselves when a track is made anew, hidden,\n"
		"revoked or removed. purge tells them again, when one was set up later, or lost\n"
		"what it was told. A track need not be there any more.\n",
	.options = options,
	.run = run,
};
