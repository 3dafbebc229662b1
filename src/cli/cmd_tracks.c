/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/wake.h"
#include "cli/duration.h"
#include "cli/table.h"
#include "cli/tracks_verify.h"
#include "cli/view.h"
#include "conf/geo_rule.h"
#include "storage/purge_order.h"
#include "storage/removal.h"

#include <inttypes.h>
#include <string.h>

enum { LIMIT_DEFAULT = 50 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"limit", 'n', "N", "list at most N tracks (50)"},
	{"after", 0, "ID", "list what is older than this track"},
	{"repair", 0, NULL, "of verify: make damaged renditions anew also where that was tried"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

/* Damaged renditions, of all tracks. */
struct damage_list {
	struct stored_damaged *damaged;
	size_t count;
};

static size_t count_damaged(const struct damage_list *list, const char *track)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += strcmp(list->damaged[i].track, track) == 0;
	return count;
}

static enum err print_list_json(struct cli *cli, const struct track *tracks, size_t count, size_t limit,
	const struct damage_list *damage, struct err_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *object = view_track(&tracks[i]);

		json_object_set_new(
			object, "damaged", json_integer((json_int_t)count_damaged(damage, tracks[i].id)));
		json_array_append_new(list, object);
	}
	return cli_json(cli,
		json_pack("{s:o, s:s?}", "tracks", list, "next", count == limit ? tracks[count - 1].id : NULL), info);
}

static void print_list(
	struct cli *cli, const struct track *tracks, size_t count, const struct damage_list *damage)
{
	static const char *const heads[] = {"ID", "STATE", "FOR", "LENGTH", "TITLE", "ARTIST"};
	struct table table;

	if (count == 0) {
		fputs("There are no tracks yet: `tonearm add FILE` puts one in.\n", cli->out.out);
		return;
	}
	table_open(&table, &cli->arena, heads, 6, 4);
	for (size_t i = 0; i < count; i++) {
		const struct track *track = &tracks[i];
		bool whole = count_damaged(damage, track->id) == 0;
		const char *state = track_state_name(track->state);
		char length[DURATION_TEXT];

		const struct table_cell cells[] = {
			{track->id, TERM_FAINT},
			{whole ? state : arena_printf(&cli->arena, "%s, damaged", state),
				whole ? view_track_style(track->state) : TERM_RED},
			{track_visibility_name(track->visibility), TERM_PLAIN},
			{duration_clock(track->duration_ms, length), TERM_PLAIN},
			{track->title != NULL ? track->title : track->source_name, TERM_PLAIN},
			{track->artist, TERM_PLAIN},
		};

		table_add(&table, cells);
	}
	table_print(&table, &cli->out);
}

static enum err list(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	const char *after = args_value(args, "after");
	struct damage_list damage;
	struct track *tracks;
	size_t found;
	long limit;
	enum err err = args_number(args, "limit", 1, TRACK_PAGE_MOST, LIMIT_DEFAULT, &limit, info);

	(void)words;
	(void)count;
	if (err == ERR_OK)
		err = cli_check_id(after, "track", info);
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = track_list(cli->db, after, 0, NULL, (size_t)limit, &cli->arena, &tracks, &found, info);
	if (err == ERR_OK)
		err = stored_list_damaged(cli->db, NULL, &cli->arena, &damage.damaged, &damage.count, info);
	if (err != ERR_OK)
		return err;
	if (args_given(args, "json"))
		return print_list_json(cli, tracks, found, (size_t)limit, &damage, info);
	print_list(cli, tracks, found, &damage);
	return ERR_OK;
}

static void print_line(struct cli *cli, const char *name, const char *value)
{
	fprintf(cli->out.out, "%s%-10s%s  %s\n", term_on(&cli->out, TERM_FAINT), name, term_on(&cli->out, TERM_PLAIN),
		value != NULL ? value : "-");
}

static void print_track(struct cli *cli, const struct track *track, const struct rendition *renditions, size_t count)
{
	struct arena *arena = &cli->arena;
	char text[CLOCK_TEXT], length[DURATION_TEXT];

	print_line(cli, "id", track->id);
	print_line(cli, "title", track->title);
	print_line(cli, "artist", track->artist);
	print_line(cli, "album", track->album);
	print_line(cli, "state", track_state_name(track->state));
	if (track->failure != NULL)
		print_line(cli, "failure", track->failure);
	print_line(cli, "for", track_visibility_name(track->visibility));
	print_line(cli, "places", track->places != NULL ? track->places : cli->conf->geo_places);
	print_line(cli, "length", duration_clock(track->duration_ms, length));
	print_line(cli, "source",
		arena_printf(arena, "%s (%s, %" PRId64 " Hz, %" PRId64 " channels, %" PRId64 " bytes)",
			track->source_name != NULL ? track->source_name : "-",
			track->source_format != NULL ? track->source_format : "-", track->sample_rate, track->channels,
			track->source_bytes));
	print_line(cli, "added", clock_rfc3339(track->created_ms, text));
	print_line(cli, "HLS", arena_printf(arena, "%s/hls/%s/master.m3u8", cli->conf->base_url, track->id));
	print_line(cli, "DASH", arena_printf(arena, "%s/dash/%s/manifest.mpd", cli->conf->base_url, track->id));
	for (size_t i = 0; i < count; i++)
		print_line(cli, i == 0 ? "renditions" : "",
			arena_printf(arena, "%-8s %s %s, %" PRIu32 " Hz, %" PRIu64 " bytes", renditions[i].quality,
				renditions[i].codec,
				renditions[i].bit_rate == 0
					? "lossless"
					: arena_printf(arena, "%" PRIu32 " kbit/s", renditions[i].bit_rate / 1000),
				renditions[i].sample_rate, renditions[i].file_size));
}

static void print_damage(struct cli *cli, const struct damage_list *damage, enum damage source)
{
	struct arena *arena = &cli->arena;
	char found[CLOCK_TEXT];

	if (source != DAMAGE_NONE)
		print_line(cli, "damaged", arena_printf(arena, "source   %s", damage_name(source)));
	for (size_t i = 0; i < damage->count; i++) {
		const struct stored_damaged *damaged = &damage->damaged[i];

		print_line(cli, "damaged",
			arena_printf(arena, "%-8s %s, found %s%s%s", damaged->quality, damage_name(damaged->damage),
				clock_rfc3339(damaged->damaged_ms, found),
				damaged->repair_job != NULL ? "; to be made anew by the job " : "",
				damaged->repair_job != NULL ? damaged->repair_job : ""));
	}
}

/* What else the source said of itself; texts on one line each, of long things how long they are. */
static void print_tags(struct cli *cli, const json_t *tags)
{
	static const char *const names[] = {"album_artist", "composer", "genre", "comment", "copyright", "publisher",
		"isrc", "language", "date"};
	const char *lyrics = json_string_value(json_object_get(tags, "lyrics"));
	const json_t *chapters = json_object_get(tags, "chapters");

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = json_string_value(json_object_get(tags, names[i]));

		if (value != NULL)
			print_line(cli, names[i], value);
	}
	if (lyrics != NULL)
		print_line(cli, "lyrics", arena_printf(&cli->arena, "%zu bytes", strlen(lyrics)));
	for (size_t i = 0; i < json_array_size(chapters); i++) {
		const json_t *chapter = json_array_get(chapters, i);
		const char *title = json_string_value(json_object_get(chapter, "title"));
		char at[DURATION_TEXT];

		print_line(cli, i == 0 ? "chapters" : "",
			arena_printf(&cli->arena, "%s %s",
				duration_clock(json_integer_value(json_object_get(chapter, "start_ms")), at),
				title != NULL ? title : ""));
	}
}

static void print_loudness(struct cli *cli, const struct loudness_row *row)
{
	const struct loudness *loudness = &row->loudness;

	print_line(cli, "loudness",
		arena_printf(&cli->arena, "%.1f LUFS, range %.1f LU, true peak %.1f dBTP, gain %+.1f dB%s",
			loudness->integrated_lufs, loudness->range_lu, loudness->true_peak_dbtp, loudness->gain_db,
			loudness->applied ? " in the renditions" : ""));
	if (row->album != NULL)
		print_line(cli, "", arena_printf(&cli->arena, "%s: gain %+.1f dB", row->album, row->album_gain_db));
}

static enum err show(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct loudness_row loudness;
	struct rendition *renditions;
	enum damage source_damage;
	struct damage_list damage;
	struct track track;
	bool measured = false;
	size_t found;
	json_t *list, *object, *tags;
	const char *text;
	enum err err = cli_check_id(words[0], "track", info);

	(void)count;
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = track_get_tags(cli->db, words[0], &cli->arena, &text, info);
	if (err == ERR_OK)
		err = rendition_list(cli->db, words[0], &cli->arena, &track, &renditions, &found, info);
	if (err == ERR_OK)
		err = stored_list_damaged(cli->db, words[0], &cli->arena, &damage.damaged, &damage.count, info);
	if (err == ERR_OK)
		err = stored_source_damage(cli->db, words[0], &source_damage, info);
	if (err != ERR_OK)
		return err;
	err = loudness_row_get(cli->db, words[0], &cli->arena, &loudness, info);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	measured = err == ERR_OK;
	tags = text != NULL ? json_loads(text, 0, NULL) : NULL;
	if (!args_given(args, "json")) {
		print_track(cli, &track, renditions, found);
		print_damage(cli, &damage, source_damage);
		if (measured)
			print_loudness(cli, &loudness);
		print_tags(cli, tags);
		json_decref(tags);
		return ERR_OK;
	}
	object = view_track(&track);
	list = json_array();
	for (size_t i = 0; i < found; i++)
		json_array_append_new(list, view_rendition(&renditions[i]));
	json_object_set_new(object, "renditions", list);
	json_object_set_new(object, "damaged", tracks_damaged_json(damage.damaged, damage.count));
	json_object_set_new(object, "source_damage",
		source_damage == DAMAGE_NONE ? json_null() : json_string(damage_name(source_damage)));
	json_object_set_new(object, "loudness", measured ? view_loudness(&loudness) : json_null());
	json_object_set_new(object, "tags", tags != NULL ? tags : json_object());
	return cli_json(cli, object, info);
}

/* The track as nobody else changes it until save_track(), which ends the transaction. */
static enum err find_track(struct cli *cli, const char *id, struct track *track, struct err_info *info)
{
	enum err err = cli_check_id(id, "track", info);

	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err != ERR_OK)
		return err;
	err = db_begin(cli->db, info);
	if (err == ERR_OK)
		err = track_get(cli->db, id, &cli->arena, track, info);
	if (err != ERR_OK)
		db_rollback(cli->db);
	return err;
}

/* Writes TRACK of find_track(), and says with NOW what it is since, or shows it as JSON. */
static enum err save_track(
	struct cli *cli, const struct args *args, struct track *track, const char *now, struct err_info *info)
{
	enum err err;

	track->updated_ms = clock_ms(NULL);
	err = track_update(cli->db, track, info);
	if (err == ERR_OK)
		err = purge_order(cli->conf, cli->db, NULL, track->id, &cli->arena, info);
	if (err == ERR_OK)
		err = db_commit(cli->db, info);
	if (err != ERR_OK) {
		db_rollback(cli->db);
		return err;
	}
	wake_post(cli->conf->run_dir);
	if (args_given(args, "json"))
		return cli_json(cli, view_track(track), info);
	fprintf(cli->out.out, "%s %s\n", track->id, now);
	return ERR_OK;
}

static enum err set_visibility(struct cli *cli, const struct args *args, const char *id,
	enum track_visibility visibility, struct err_info *info)
{
	struct track track;

	if (find_track(cli, id, &track, info) != ERR_OK)
		return info->code;
	track.visibility = visibility;
	return save_track(cli, args, &track,
		arena_printf(&cli->arena, "is %s now", track_visibility_name(visibility)), info);
}

static enum err publish(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	(void)count;
	return set_visibility(cli, args, words[0], TRACK_PUBLIC, info);
}

static enum err unpublish(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	(void)count;
	return set_visibility(cli, args, words[0], TRACK_PRIVATE, info);
}

/* The words after the track are one list; "default" takes it back. */
static enum err set_places(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	const char *list = words[1];
	const char *places = NULL;
	struct track track;

	for (size_t i = 2; i < count; i++)
		list = arena_printf(&cli->arena, "%s %s", list, words[i]);
	if (strcmp(list, "default") != 0 && geo_rule_read(list, &cli->arena, &places, info) != ERR_OK)
		return info->code;
	if (find_track(cli, words[0], &track, info) != ERR_OK)
		return info->code;
	track.places = places;
	return save_track(cli, args, &track,
		arena_printf(&cli->arena, "may be heard in: %s",
			track.places != NULL ? track.places : cli->conf->geo_places),
		info);
}

static enum err remove_rows(struct cli *cli, const char *id, struct track *track, struct err_info *info)
{
	enum err err = db_begin(cli->db, info);

	if (err != ERR_OK)
		return err;
	err = track_get(cli->db, id, &cli->arena, track, info);
	if (err == ERR_OK)
		err = removal_rows(cli->conf, cli->db, NULL, track, &cli->arena, info);
	if (err == ERR_OK)
		err = db_commit(cli->db, info);
	if (err != ERR_OK)
		db_rollback(cli->db);
	return err;
}

static enum err remove_track(
	struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct track track;
	enum err err = cli_check_id(words[0], "track", info);

	(void)count;
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = remove_rows(cli, words[0], &track, info);
	if (err == ERR_OK)
		err = removal_files(cli->conf, &track, &cli->arena, info);
	if (err != ERR_OK)
		return err;
	if (args_given(args, "json"))
		return cli_json(cli, json_pack("{s:s}", "deleted", words[0]), info);
	fprintf(cli->out.out, "%s is gone\n", words[0]);
	return ERR_OK;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	static const struct cli_verb verbs[] = {
		{"list", 0, 0, list},
		{"show", 1, 1, show},
		{"publish", 1, 1, publish},
		{"unpublish", 1, 1, unpublish},
		{"places", 2, SIZE_MAX, set_places},
		{"delete", 1, 1, remove_track},
		{"verify", 0, SIZE_MAX, tracks_verify},
		{NULL, 0, 0, NULL},
	};

	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_tracks = {
	.name = "tracks",
	.arguments = "[list | VERB TRACK | places TRACK LIST | verify [TRACK...]]",
	.summary = "list, show, publish, delete and verify tracks",
	.text = "  list              the newest tracks first (also without a word)\n"
		"  show TRACK        what is known of one, and its renditions\n"
		"  publish TRACK     anybody may hear it\n"
		"  unpublish TRACK   only who has a token or a signed address may hear it\n"
		"  places TRACK LIST where it may be heard: DE AT for these countries, '!US-CA' for all but\n"
		"                    that region, '*' for everywhere, default for what is configured\n"
		"  delete TRACK      removes it, its renditions and its source for good\n"
		"  verify [TRACK...] reads all their files and compares them with their checksums; what is\n"
		"                    damaged is no longer played, and is made anew where the source is kept\n",
	.options = options,
	.run = run,
};
