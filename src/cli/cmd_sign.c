/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "auth/ticket.h"
#include "base/id.h"
#include "base/text.h"
#include "cli/duration.h"
#include "conf/profile.h"
#include "model/rendition.h"

#include <string.h>

enum { DEFAULT_SPAN_S = 3600, FILE_MOST = 100 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"expires", 'e', "SPAN", "how long it is good, such as 90s, 15m, 1h or 7d (1h)"},
	{"quality", 'q', "NAME", "the quality, when a track is named (the best)"},
	{"for", 'f', "WHAT", "stream, or hls, dash or media: then it opens all of the track (stream)"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

/* What is to be signed. */
struct wish {
	const char *word;    /* the id of a track, or with "stream" a file of one */
	const char *quality; /* NULL: not said */
	const char *what;
};

static bool is_file(const char *word)
{
	size_t track = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789");

	return track == ID_LENGTH && (word[track] == '.' || word[track] == '_') && strchr(word, '/') == NULL &&
	       strchr(word, '.') != NULL && strlen(word) <= FILE_MOST;
}

static enum err check_wish(const struct wish *wish, struct err_info *info)
{
	static const char *const known[] = {"stream", "hls", "dash", "media"};
	const char *quality = wish->quality;
	size_t i = 0;

	while (i < sizeof known / sizeof *known && strcmp(known[i], wish->what) != 0)
		i++;
	if (i == sizeof known / sizeof *known)
		return err_set(info, ERR_BAD_REQUEST, "--for wants stream, hls, dash or media");
	if (quality != NULL && !text_is_word(quality, FILE_MOST))
		return err_set(info, ERR_BAD_REQUEST, "--quality wants a name such as high or low");
	if (strcmp(wish->what, "media") == 0 && quality == NULL)
		return err_set(info, ERR_BAD_REQUEST, "--for media wants a --quality");
	if (strcmp(wish->what, "dash") == 0 && quality != NULL)
		return err_set(
			info, ERR_BAD_REQUEST, "the MPD has all qualities: --quality does not go with --for dash");
	if (id_valid(wish->word))
		return ERR_OK;
	if (strcmp(wish->what, "stream") != 0)
		return err_set(info, ERR_BAD_REQUEST, "--for %s wants the id of a track", wish->what);
	if (quality != NULL)
		return err_set(info, ERR_BAD_REQUEST, "--quality goes with the id of a track, not with a file name");
	return is_file(wish->word)
		       ? ERR_OK
		       : err_set(info, ERR_BAD_REQUEST,
				 "\"%s\" is neither the id of a track nor a file of one (ID.mp4, ID_QUALITY.mp4)",
				 wish->word);
}

/* By the ladder, then as the word of a format. NULL when it is neither. */
static const char *known_extension(struct cli *cli, const char *quality)
{
	const struct conf *conf = cli->conf;
	struct conf_rendition format;

	for (size_t i = 0; i < conf->ladder_count; i++) {
		if (strcmp(conf->ladder[i].quality, quality) == 0)
			return profile_find(conf->ladder[i].codec, conf->ladder[i].container)->extension;
	}
	if (profile_parse(quality, &cli->arena, &format, NULL) != ERR_OK)
		return NULL;
	return profile_find(format.codec, format.container)->extension;
}

/* The extension of QUALITY, which the track itself tells when its name does not. */
static enum err find_extension(struct cli *cli, const struct wish *wish, const char **extension, struct err_info *info)
{
	struct rendition_view view;
	enum err err;

	*extension = known_extension(cli, wish->quality);
	if (*extension != NULL)
		return ERR_OK;
	err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = rendition_get(cli->db, wish->word, wish->quality, &cli->arena, &view, info);
	if (err == ERR_OK)
		*extension = profile_find(view.rendition.codec, view.rendition.container)->extension;
	return err == ERR_NOT_FOUND ? err_set(info, err, "the track has no quality %s", wish->quality) : err;
}

/* The name of the file that WISH means, below /stream/ or /media/{track}/. */
static enum err file_name(struct cli *cli, const struct wish *wish, const char **file, struct err_info *info)
{
	const char *extension = "mp4";
	enum err err = wish->quality != NULL ? find_extension(cli, wish, &extension, info) : ERR_OK;

	if (err != ERR_OK)
		return err;
	if (!id_valid(wish->word))
		*file = wish->word;
	else if (strcmp(wish->what, "media") == 0)
		*file = arena_printf(&cli->arena, "%s.%s", wish->quality, extension);
	else if (wish->quality != NULL)
		*file = arena_printf(&cli->arena, "%s_%s.%s", wish->word, wish->quality, extension);
	else
		*file = arena_printf(&cli->arena, "%s.%s", wish->word, extension);
	return ERR_OK;
}

/* Path and query: for one file of /stream by its signature, else by a grant for the track. */
static enum err sign(
	struct cli *cli, const struct wish *wish, int64_t expires, const char **out, struct err_info *info)
{
	bool stream = strcmp(wish->what, "stream") == 0, media = strcmp(wish->what, "media") == 0;
	struct ticket ticket = {.kind = TICKET_GRANT, .name = wish->word, .expires = expires, .network = "", .origin = ""};
	const char *file = NULL, *path;
	enum err err = stream || media ? file_name(cli, wish, &file, info) : ERR_OK;

	if (err != ERR_OK)
		return err;
	if (stream) {
		ticket.kind = TICKET_STREAM;
		ticket.name = file;
		path = arena_printf(&cli->arena, "/stream/%s", file);
	} else if (media) {
		path = arena_printf(&cli->arena, "/media/%s/%s", wish->word, file);
	} else if (strcmp(wish->what, "dash") == 0) {
		path = arena_printf(&cli->arena, "/dash/%s/manifest.mpd", wish->word);
	} else if (wish->quality != NULL) {
		path = arena_printf(&cli->arena, "/hls/%s/%s/playlist.m3u8", wish->word, wish->quality);
	} else {
		path = arena_printf(&cli->arena, "/hls/%s/master.m3u8", wish->word);
	}
	*out = arena_printf(&cli->arena, "%s?%s", path, ticket_write(cli->conf, &ticket, &cli->arena));
	return ERR_OK;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	const char *span_text = args_value(args, "expires"), *what = args_value(args, "for"), *signed_path = NULL, *url;
	struct wish wish = {.quality = args_value(args, "quality"), .what = what != NULL ? what : "stream"};
	int64_t span = DEFAULT_SPAN_S, expires;
	enum err err = cli_words(args, 1, 1, info);

	if (err == ERR_OK) {
		wish.word = args->rest[0];
		err = check_wish(&wish, info);
	}
	if (err == ERR_OK && span_text != NULL)
		err = duration_parse(span_text, "--expires", &span, info);
	if (err == ERR_OK)
		err = cli_open_conf(cli, info);
	expires = clock_seconds(NULL) + span;
	if (err == ERR_OK)
		err = sign(cli, &wish, expires, &signed_path, info);
	if (err != ERR_OK)
		return err;
	url = arena_printf(&cli->arena, "%s%s", cli->conf->base_url, signed_path);
	if (args_given(args, "json"))
		return cli_json(cli, json_pack("{s:s, s:I}", "url", url, "expires", (json_int_t)expires), info);
	fprintf(cli->out.out, "%s\n", url);
	return ERR_OK;
}

const struct cli_command cmd_sign = {
	.name = "sign",
	.arguments = "TRACK|FILE",
	.summary = "make an address that carries its own permission",
	.text = "Prints an address of a track that plays until it expires, whoever has it, with\n"
		"http.base_url in front when that is set. For stream it is good for that file\n"
		"alone: /stream/FILE?expires=UNIX&sig=HEX. For hls, dash and media it is good for\n"
		"all of the track: the playlist (of one --quality, or of all), the MPD, the file\n"
		"of a --quality.\n",
	.options = options,
	.run = run,
};
