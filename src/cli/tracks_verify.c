/* SPDX-License-Identifier: MIT */
#include "cli/tracks_verify.h"

#include "cli/interrupt.h"
#include "model/track.h"
#include "storage/repair.h"
#include "storage/verify.h"

#include <string.h>

struct walk {
	struct cli *cli;
	bool again;     /* --repair */
	json_t *damage; /* NULL: lines are printed instead */
	size_t tracks, files, damaged;
	bool extras_lost; /* of the track at hand */
};

json_t *tracks_damaged_json(const struct stored_damaged *damaged, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		char found[CLOCK_TEXT];

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s?}", "quality", damaged[i].quality, "damage",
				damage_name(damaged[i].damage), "found", clock_rfc3339(damaged[i].damaged_ms, found),
				"repair_job", damaged[i].repair_job));
	}
	return list;
}

static enum err watch(void *context, size_t bytes, struct err_info *info)
{
	(void)context;
	(void)bytes;
	return interrupt_asked() ? err_set(info, ERR_ABORTED, "interrupted") : ERR_OK;
}

static void say_damage(struct walk *walk, const struct stored *stored, enum damage damage)
{
	const struct term *term = &walk->cli->out;

	walk->damaged++;
	if (walk->damage != NULL)
		json_array_append_new(walk->damage,
			json_pack("{s:s, s:s, s:s, s:s}", "track", stored->track, "what",
				stored_what_name(stored->what), "name", stored->name, "damage", damage_name(damage)));
	else
		fprintf(term->out, "%s  %s %s  %s%s%s\n", stored->track, stored_what_name(stored->what), stored->name,
			term_on(term, TERM_RED), damage_name(damage), term_on(term, TERM_PLAIN));
}

static void say_repair(struct walk *walk, const char *track, const struct repair *repair)
{
	const struct term *term = &walk->cli->out;

	if (walk->damage != NULL || repair->damaged == 0)
		return;
	if (repair->job[0] != '\0')
		fprintf(term->out, "%s  is made anew by the job %s\n", track, repair->job);
	else if (repair->lack != NULL)
		fprintf(term->out,
			"%s  cannot be made anew, as its source %s: put the files back from a copy, then verify "
			"again\n",
			track, repair->lack);
}

static enum err look_at(struct walk *walk, const struct stored *stored, struct arena *arena, struct err_info *info)
{
	const struct conf *conf = walk->cli->conf;
	struct verify_look look;
	bool news;
	enum err err = verify_look(verify_path(conf, stored, arena), stored, watch, NULL, &look, info);

	if (err == ERR_OK)
		err = verify_note(conf, walk->cli->db, stored, &look, NULL, &news, info);
	if (err != ERR_OK)
		return err;
	walk->files++;
	walk->extras_lost |= news && stored->what == STORED_EXTRA;
	if (look.damage != DAMAGE_NONE)
		say_damage(walk, stored, look.damage);
	return ERR_OK;
}

static enum err look_at_track(struct walk *walk, const char *track, struct err_info *info)
{
	struct cli *cli = walk->cli;
	struct arena arena = {0};
	struct repair repair;
	struct stored *files;
	size_t count;
	enum err err = stored_list(cli->db, track, &arena, &files, &count, info);

	walk->extras_lost = false;
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (!files[i].away)
			err = look_at(walk, &files[i], &arena, info);
	}
	if (err == ERR_OK)
		err = repair_track(cli->conf, cli->db, NULL, track, walk->again, walk->extras_lost, &arena, &repair,
			info);
	if (err == ERR_OK)
		say_repair(walk, track, &repair);
	walk->tracks++;
	arena_free(&arena);
	return err;
}

static enum err look_at_all(struct walk *walk, struct err_info *info)
{
	char track[ID_SIZE] = "";
	enum err err;

	while ((err = stored_next_track(walk->cli->db, track, track, info)) == ERR_OK) {
		err = look_at_track(walk, track, info);
		if (err != ERR_OK)
			return err;
	}
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

static enum err look_at_words(struct walk *walk, char **words, size_t count, struct err_info *info)
{
	struct track track;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		err = cli_check_id(words[i], "track", info);
		if (err == ERR_OK)
			err = track_get(walk->cli->db, words[i], &walk->cli->arena, &track, info);
		if (err == ERR_OK)
			err = look_at_track(walk, words[i], info);
	}
	return err;
}

static enum err say_result(struct walk *walk, struct err_info *info)
{
	if (walk->damage != NULL &&
		cli_json(walk->cli,
			json_pack("{s:I, s:I, s:O}", "tracks", (json_int_t)walk->tracks, "files",
				(json_int_t)walk->files, "damaged", walk->damage),
			info) != ERR_OK)
		return info->code;
	if (walk->damaged > 0)
		return err_set(info, ERR_IO, "%zu of %zu files are damaged", walk->damaged, walk->files);
	if (walk->damage == NULL)
		fprintf(walk->cli->out.out, "%zu files of %zu tracks are whole\n", walk->files, walk->tracks);
	return ERR_OK;
}

enum err tracks_verify(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct walk walk = {.cli = cli, .again = args_given(args, "repair")};
	enum err err = cli_open_db(cli, info);

	if (err != ERR_OK)
		return err;
	interrupt_watch();
	walk.damage = args_given(args, "json") ? json_array() : NULL;
	err = count > 0 ? look_at_words(&walk, words, count, info) : look_at_all(&walk, info);
	if (err == ERR_OK)
		err = say_result(&walk, info);
	json_decref(walk.damage);
	return err;
}
