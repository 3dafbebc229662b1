/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "auth/signed_url.h"
#include "base/id.h"
#include "cli/duration.h"

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_SPAN_S = 3600, FILE_MOST = 100 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"expires", 'e', "SPAN", "how long it is good, such as 90s, 15m, 1h or 7d (1h)"},
	{"quality", 'q', "NAME", "the quality, when a track is named (the best)"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

static const char word_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

/* The name under /stream/ that WORD means: itself, "{track}.mp4" or "{track}_{quality}.mp4". In ARENA. */
static enum err file_name(
	const char *word, const char *quality, struct arena *arena, const char **file, struct err_info *info)
{
	size_t track = strspn(word, word_characters);

	if (quality != NULL && (*quality == '\0' || quality[strspn(quality, word_characters)] != '\0'))
		return err_set(info, ERR_BAD_REQUEST, "--quality wants a name such as high or low");
	if (id_valid(word)) {
		*file = quality != NULL ? arena_printf(arena, "%s_%s.mp4", word, quality)
					: arena_printf(arena, "%s.mp4", word);
		return ERR_OK;
	}
	if (quality != NULL)
		return err_set(info, ERR_BAD_REQUEST, "--quality goes with the id of a track, not with a file name");
	if (track != ID_LENGTH || (word[track] != '.' && word[track] != '_') || strchr(word, '/') != NULL ||
		strchr(word, '.') == NULL || strlen(word) > FILE_MOST)
		return err_set(info, ERR_BAD_REQUEST,
			"\"%s\" is neither the id of a track nor a file of one (ID.mp4, ID_QUALITY.mp4)", word);
	*file = word;
	return ERR_OK;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	const char *span_text = args_value(args, "expires"), *file = NULL, *url;
	char sig[HASH_HEX_SIZE];
	int64_t span = DEFAULT_SPAN_S, expires;
	enum err err = cli_words(args, 1, 1, info);

	if (err == ERR_OK && span_text != NULL)
		err = duration_parse(span_text, "--expires", &span, info);
	if (err == ERR_OK)
		err = file_name(args->rest[0], args_value(args, "quality"), &cli->arena, &file, info);
	if (err == ERR_OK)
		err = cli_open_conf(cli, info);
	if (err != ERR_OK)
		return err;
	expires = clock_seconds(NULL) + span;
	signed_url_stream(cli->conf->url_secret, file, expires, sig);
	url = arena_printf(
		&cli->arena, "%s/stream/%s?expires=%" PRId64 "&sig=%s", cli->conf->base_url, file, expires, sig);
	if (args_given(args, "json"))
		return cli_json(cli,
			json_pack("{s:s, s:s, s:I}", "url", url, "file", file, "expires", (json_int_t)expires), info);
	fprintf(cli->out.out, "%s\n", url);
	return ERR_OK;
}

const struct cli_command cmd_sign = {
	.name = "sign",
	.arguments = "TRACK|FILE",
	.summary = "make an address that carries its own permission",
	.text = "Prints the address of a track's sound that plays until it expires, whoever has\n"
		"it: /stream/FILE?expires=UNIX&sig=HEX, with http.base_url in front when that\n"
		"is set.\n",
	.options = options,
	.run = run,
};
