/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/wake.h"
#include "cli/intake.h"
#include "cli/intake_show.h"
#include "cli/interrupt.h"
#include "conf/geo_rule.h"
#include "media/transcode_job.h"
#include "model/album.h"

#include <stdint.h>
#include <string.h>

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"public", 'p', NULL, "anybody may hear them"},
	{"private", 'P', NULL, "only who has a token or a signed address may hear them"},
	{"places", 0, "LIST", "where they may be heard, such as \"DE AT\", instead of what is configured"},
	{"title", 't', "TEXT", "title, instead of that in the file's tags"},
	{"artist", 'a', "TEXT", "artist, instead of that in the file's tags"},
	{"album", 'A', "TEXT", "album, instead of that in the file's tags"},
	{"formats", 'f', "LIST", "formats to make besides the ladder, such as mp3-320,flac"},
	{"loudness", 'l', "MODE", "tags, apply or off, instead of what is configured"},
	{"preset", 'e', "NAME", "an effect of media.presets, instead of what is configured; none for none"},
	{"album-mode", 'm', "NAME", "tracks of this name share an album gain"},
	{"album-tracks", 0, "N", "tracks of that album, if they come in several goes"},
	{"passthrough", 0, NULL, "what is already as a rendition shall be is not encoded again"},
	{"no-wait", 'n', NULL, "do not wait until they can be played"},
	{"json", 0, NULL, "write JSON lines for programs"},
	{NULL, 0, NULL, NULL},
};

static enum err read_sound(struct intake *intake, const struct args *args, struct err_info *info)
{
	const char *preset = args_value(args, "preset"), *album = args_value(args, "album-mode");
	long tracks = album != NULL && args->count <= SOUND_TRACKS_MOST ? (long)args->count : 0;
	enum err err = args_number(args, "album-tracks", 1, SOUND_TRACKS_MOST, tracks, &tracks, info);

	if (err != ERR_OK)
		return err;
	if (preset != NULL && strcmp(preset, "none") == 0)
		preset = "";
	return sound_choose(
		intake->cli->conf, args_value(args, "loudness"), preset, album, tracks, &intake->sound, info);
}

static enum err read_wishes(struct intake *intake, const struct args *args, struct err_info *info)
{
	bool public = args_given(args, "public"), private = args_given(args, "private");
	const struct conf *conf = intake->cli->conf;

	if (public && private)
		return err_set(info, ERR_BAD_REQUEST, "--public and --private contradict each other");
	intake->title = args_value(args, "title");
	intake->artist = args_value(args, "artist");
	intake->album = args_value(args, "album");
	if (intake->title != NULL && args->count > 1)
		return err_set(info, ERR_BAD_REQUEST, "--title goes with one file, not with %zu", args->count);
	intake->visibility = TRACK_PRIVATE;
	if (public || (!private && strcmp(conf->default_visibility, "public") == 0))
		intake->visibility = TRACK_PUBLIC;
	intake->json = args_given(args, "json");
	intake->passthrough = conf->passthrough || args_given(args, "passthrough");
	intake->renditions = conf->ladder;
	intake->rendition_count = conf->ladder_count;
	if (args_value(args, "places") != NULL &&
		geo_rule_read(args_value(args, "places"), &intake->cli->arena, &intake->places, info) != ERR_OK)
		return info->code;
	if (read_sound(intake, args, info) != ERR_OK)
		return info->code;
	if (args_value(args, "formats") == NULL)
		return ERR_OK;
	return transcode_job_formats(conf, args_value(args, "formats"), &intake->cli->arena, &intake->renditions,
		&intake->rendition_count, info);
}

/* A file that is refused does not keep the others out; the first refusal is the command's failure. */
static enum err copy_all(struct intake *intake, struct err_info *info)
{
	enum err first = ERR_OK;

	for (size_t i = 0; i < intake->count; i++) {
		struct err_info reason = {0};
		enum err err = intake_copy(intake, i, &reason);

		if (err == ERR_OK)
			continue;
		if (first == ERR_OK) {
			first = err;
			*info = reason;
		}
		if (err == ERR_ABORTED)
			break;
		if (intake->count > 1 || intake->json)
			intake_show_end(intake, &intake->files[i]);
	}
	return first;
}

/* The album does not wait for files that were refused, unless somebody has counted them. */
static enum err settle_album(struct intake *intake, const struct args *args, struct err_info *info)
{
	const struct sound *sound = &intake->sound;
	struct cli *cli = intake->cli;
	int64_t taken = 0;
	enum err err;

	for (size_t i = 0; i < intake->count; i++)
		taken += intake->files[i].state == INTAKE_QUEUED;
	if (sound->album == NULL || args_given(args, "album-tracks") || taken == sound->album_tracks || taken == 0)
		return ERR_OK;
	err = album_expect(cli->db, "", sound->album, taken, info);
	if (err == ERR_OK)
		err = album_release(cli->db, "", sound->album, clock_ms(NULL), info);
	wake_post(cli->conf->run_dir);
	return err;
}

/* Whether there is an end to wait for. */
static bool shall_wait(struct intake *intake, const struct args *args)
{
	if (args_given(args, "no-wait"))
		return false;
	if (!args_given(args, "album-tracks") || intake->sound.album_tracks <= (int64_t)intake->count)
		return true;
	intake_show_note(intake, "They are made when all tracks of the album are there.");
	return false;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	struct intake intake = {.cli = cli, .count = args->count};
	struct err_info waited = {0};
	enum err err = cli_words(args, 1, SIZE_MAX, info), wait_err;

	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = read_wishes(&intake, args, info);
	if (err != ERR_OK)
		return err;
	intake.files = arena_array(&cli->arena, intake.count, sizeof *intake.files);
	for (size_t i = 0; i < intake.count; i++)
		intake.files[i].path = args->rest[i];
	interrupt_watch();
	err = copy_all(&intake, info);
	if (settle_album(&intake, args, &waited) != ERR_OK && err == ERR_OK) {
		err = waited.code;
		*info = waited;
	}
	if (err == ERR_ABORTED || !shall_wait(&intake, args)) {
		intake_show_close(&intake);
		return err;
	}
	wait_err = intake_wait(&intake, &waited);
	if (err == ERR_OK || wait_err == ERR_ABORTED) {
		err = wait_err;
		*info = waited;
	}
	return err;
}

const struct cli_command cmd_add = {
	.name = "add",
	.arguments = "FILE...",
	.summary = "put sound files into the library",
	.text = "Copies each FILE into the library, queues it, and waits until it can be\n"
		"played. A FILE may be https://HOST/PATH or s3://BUCKET/KEY, as far as sources.hosts\n"
		"and sources.buckets allow: a job fetches it. When no jobrunner is at work this\n"
		"command runs one. Ends with status 0 only when every file made it.\n\n"
		"Formats are aac-N, mp3-N, opus-N, opus-ogg-N and vorbis-N with N kilobits a\n"
		"second; flac (for players of HLS and DASH), flac-flac (a plain file) and wav.\n\n"
		"Loudness (EBU R128) is measured and told to players (tags), or the gain is in the\n"
		"renditions (apply), or nothing is done about it (off). With --album-mode files\n"
		"keep theirs among themselves; apply then measures all before it makes the first.\n",
	.options = options,
	.run = run,
};
