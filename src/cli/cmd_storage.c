/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/duration.h"
#include "storage/mirror.h"
#include "storage/recall.h"
#include "storage/remote_key.h"
#include "storage/repair.h"
#include "storage/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often a file is tried when the store is busy, and the first wait. What is younger is not taken for a stray. */
enum { TRIES = 6, WAIT_MS = 500, STRAY_S = 3600, UPLOAD_S = 86400, BAR = 30, LINE_MOST = 4096 };

/* So many files are on their way together, out of which store.parallel are sent at a time. */
enum { BATCH = 128 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"repair", 0, NULL, "with verify: send what is absent or other, fetch what is damaged here, remove strays"},
	{"from", 0, "FILE", "with migrate: another configuration, whose store has what is not whole here"},
	{"age", 0, "SPAN", "leave alone what is in the store for less (1h; uploads that were begun, 1d)"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

struct tally {
	int64_t files, bytes; /* of the library, as far as they are whole */
	int64_t same, absent, other, sent, fetched, damaged, strays, removed, uploads;
};

/* One run of a verb. */
struct tour {
	struct cli *cli;
	struct store store;
	struct conf *from_conf; /* --from, or NULL */
	struct store from;      /* then: its store */
	struct tally tally;
	int64_t total;     /* bytes to come along */
	int64_t age_s;     /* of strays; 0: the usual ones */
	bool send, remove; /* what is not the same, what belongs to nobody */
	bool look, fetch;  /* whether files are whole here; those that are not */
	bool mended;       /* a file of the track at hand */
	bool quiet;        /* JSON: no lines for people */
	struct arena arena; /* of the batch */
	struct mirror_item batch[BATCH];
	size_t count; /* in the batch */
};

static void show_progress(struct tour *tour)
{
	double share = tour->total > 0 ? (double)tour->tally.bytes / (double)tour->total : 1;
	struct term *term = &tour->cli->out;
	struct buf line;

	if (tour->quiet || !term->live)
		return;
	buf_init(&line, LINE_MOST);
	buf_puts(&line, "  ");
	term_put_bar(term, &line, share, BAR);
	buf_printf(&line, " %3.0f %%  %" PRId64 " files, %" PRId64 " sent\n", share * 100, tour->tally.files,
		tour->tally.sent);
	term_draw(term, &line, 1);
	buf_free(&line);
}

static void say(struct tour *tour, const char *what, const char *key, const char *detail)
{
	struct buf line;

	if (tour->quiet)
		return;
	buf_init(&line, LINE_MOST);
	buf_printf(&line, "%-8s ", what);
	term_put_text(&tour->cli->out, &line, key, STORAGE_KEY_MOST, false);
	buf_printf(&line, "%s%s\n", detail[0] != '\0' ? ": " : "", detail);
	term_scroll(&tour->cli->out, buf_text(&line));
	buf_free(&line);
}

/* Half of the wait by chance, so that several do not come back together. */
static void pause_before(int try)
{
	int64_t ms = (int64_t)WAIT_MS << try;

	ms = ms / 2 + clock_monotonic_us() % (ms / 2);
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Takes ITEM into the sum. ERR_OK also for one that is damaged here. */
static enum err settle(struct tour *tour, const struct mirror_item *item, const char *key, struct err_info *info)
{
	bool sent = tour->send && item->state != MIRROR_SAME;

	if (item->err == ERR_UNPROCESSABLE) {
		say(tour, "damaged", key, item->info.detail);
		tour->tally.damaged++;
		return ERR_OK;
	}
	if (item->err != ERR_OK)
		return err_set(info, item->err, "%s", item->info.detail);
	tour->tally.files++;
	tour->tally.bytes += item->stored->size;
	tour->tally.sent += sent;
	tour->tally.same += item->state == MIRROR_SAME;
	tour->tally.absent += item->state == MIRROR_ABSENT && !sent;
	tour->tally.other += item->state == MIRROR_OTHER && !sent;
	if (item->state != MIRROR_SAME)
		say(tour, sent ? "sent" : item->state == MIRROR_ABSENT ? "absent" : "other", key, "");
	show_progress(tour);
	return ERR_OK;
}

/* Settles what has come to its end; what is worth another try stays in the batch. */
static enum err settle_batch(struct tour *tour, bool last, struct err_info *info)
{
	size_t count = tour->count;
	enum err err = ERR_OK;

	tour->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct mirror_item *item = &tour->batch[i];
		const char *key = remote_key(tour->store.conf, item->stored, &tour->arena);
		enum err ended;

		if (!last && item->err != ERR_OK && item->err != ERR_TOO_MANY && storage_may_retry(item->err)) {
			say(tour, "again", key, item->info.detail);
			tour->batch[tour->count++] = *item;
			continue;
		}
		ended = settle(tour, item, key, err == ERR_OK ? info : NULL);
		if (err == ERR_OK)
			err = ended;
	}
	return err;
}

/* What cannot be sent from here comes from the other store. */
static void copy_batch(struct tour *tour)
{
	for (size_t i = 0; i < tour->count; i++) {
		struct mirror_item *item = &tour->batch[i];

		if (item->err != ERR_UNPROCESSABLE)
			continue;
		item->err = mirror_copy(&tour->store, &tour->from, item->stored, &tour->arena, &item->info);
		if (item->err == ERR_NOT_FOUND)
			item->err = err_set(&item->info, ERR_UNPROCESSABLE, "it is whole in neither place");
		show_progress(tour);
	}
}

/* Looks for the files of the batch, sends them when that is wanted, and forgets them. */
static enum err handle_batch(struct tour *tour, struct err_info *info)
{
	enum err err = ERR_OK;

	for (int try = 0; err == ERR_OK && tour->count > 0; try++) {
		if (try > 0)
			pause_before(try - 1);
		mirror_meet(&tour->store, tour->batch, tour->count, tour->send, &tour->arena);
		if (tour->from_conf != NULL)
			copy_batch(tour);
		err = settle_batch(tour, try == TRIES, info);
	}
	tour->count = 0;
	return err;
}

/* Puts FILE, which is damaged here, in its place again. *WHOLE: it stands there; not when it is not wanted any more. */
static enum err fetch_back(struct tour *tour, const struct stored *file, bool *whole, struct err_info *info)
{
	struct cli *cli = tour->cli;
	const char *key = remote_key(tour->store.conf, file, &tour->arena);
	struct spool bytes;
	enum err err = recall_fetch(&tour->store, cli->conf, file, &tour->arena, &bytes, info);

	*whole = err == ERR_OK;
	if (err == ERR_NOT_FOUND || err == ERR_UNPROCESSABLE) {
		say(tour, "damaged", key, err == ERR_NOT_FOUND ? "the store does not have it" : info->detail);
		tour->tally.damaged++;
		return err_clear(info);
	}
	if (err == ERR_OK)
		err = recall_place(cli->db, file, &bytes, &tour->arena, info);
	if (err == ERR_CONFLICT) {
		*whole = false;
		return err_clear(info);
	}
	if (err != ERR_OK)
		return err;
	say(tour, "fetched", key, "");
	tour->tally.fetched++;
	tour->mended = true;
	return ERR_OK;
}

/* Reads FILE, and mends it when that is wanted. *WHOLE: there is something to compare with the store. */
static enum err look_here(struct tour *tour, const struct stored *file, bool *whole, struct err_info *info)
{
	const struct conf *conf = tour->cli->conf;
	struct verify_look look;
	bool news = false;
	enum err err = verify_look(verify_path(conf, file, &tour->arena), file, NULL, NULL, &look, info);

	*whole = err == ERR_OK && look.damage == DAMAGE_NONE;
	if (err == ERR_OK && look.damage == DAMAGE_MISSING)
		err = verify_disk(conf, file->what, info);
	if (err == ERR_OK && *whole && tour->fetch)
		err = verify_note(conf, tour->cli->db, file, &look, NULL, &news, info);
	tour->mended |= news;
	if (err != ERR_OK || *whole)
		return err;
	if (tour->fetch)
		return fetch_back(tour, file, whole, info);
	say(tour, "damaged", remote_key(tour->store.conf, file, &tour->arena), damage_name(look.damage));
	tour->tally.damaged++;
	return ERR_OK;
}

/* When files of TRACK are whole again it can be heard again. */
static enum err settle_track(struct tour *tour, const char *track, struct err_info *info)
{
	struct repair repair;

	return repair_track(tour->cli->conf, tour->cli->db, NULL, track, false, false, &tour->arena, &repair, info);
}

/*
 * Calls HANDLE for each file of the library that is known to be whole, or all when more than what is known counts;
 * those of a track stay in the arena until the batch is empty.
 */
static enum err each_file(struct tour *tour,
	enum err (*handle)(struct tour *, const struct stored *, struct err_info *), struct err_info *info)
{
	char track[ID_SIZE] = "", next[ID_SIZE];
	enum err err;

	while ((err = stored_next_track(tour->cli->db, track, next, info)) == ERR_OK) {
		struct stored *files;
		size_t count;

		memcpy(track, next, sizeof track);
		err = stored_list(tour->cli->db, track, &tour->arena, &files, &count, info);
		for (size_t i = 0; i < count && err == ERR_OK; i++) {
			if (files[i].damage == DAMAGE_NONE || tour->look || tour->from_conf != NULL)
				err = handle(tour, &files[i], info);
		}
		if (err == ERR_OK && tour->mended)
			err = settle_track(tour, track, info);
		tour->mended = false;
		/* A batch that is nearly full ends with a track, so that nothing of it has to stay. */
		if (err == ERR_OK && tour->count > BATCH / 2)
			err = handle_batch(tour, info);
		if (err != ERR_OK)
			return err;
		if (tour->count == 0)
			arena_reset(&tour->arena);
	}
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

static enum err add_up(struct tour *tour, const struct stored *file, struct err_info *info)
{
	(void)info;
	tour->total += file->size;
	return ERR_OK;
}

static enum err add_to_batch(struct tour *tour, const struct stored *file, struct err_info *info)
{
	bool whole = true;
	enum err err = tour->look && !file->away ? look_here(tour, file, &whole, info) : ERR_OK;

	if (err != ERR_OK || !whole)
		return err;
	tour->batch[tour->count++] = (struct mirror_item){.stored = file};
	return tour->count == BATCH ? handle_batch(tour, info) : ERR_OK;
}

static enum err handle_files(struct tour *tour, struct err_info *info)
{
	enum err err = each_file(tour, add_to_batch, info);

	return err == ERR_OK ? handle_batch(tour, info) : err;
}

/* The strays of one page, removed when that is wanted. */
static enum err handle_page(
	struct tour *tour, const struct storage_objects *page, struct arena *arena, struct err_info *info)
{
	const char **strays = arena_array(arena, page->count, sizeof *strays);
	int64_t before_s = clock_seconds(NULL) - (tour->age_s > 0 ? tour->age_s : STRAY_S);
	size_t count = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; i < page->count && err == ERR_OK; i++) {
		bool owned;

		err = mirror_owned(&tour->store, page->objects[i].key, &owned, info);
		if (err == ERR_OK && !owned && page->objects[i].modified_s <= before_s)
			strays[count++] = page->objects[i].key;
	}
	if (err == ERR_OK && tour->remove && count > 0)
		err = storage_delete_all(tour->store.storage, strays, count, info);
	for (size_t i = 0; i < count && err == ERR_OK && tour->remove; i++)
		err = remote_forget(tour->cli->db, tour->store.send.store, strays[i], info);
	if (err != ERR_OK)
		return err;
	tour->tally.removed += tour->remove ? (int64_t)count : 0;
	tour->tally.strays += tour->remove ? 0 : (int64_t)count;
	for (size_t i = 0; i < count; i++)
		say(tour, tour->remove ? "removed" : "stray", strays[i], "");
	return ERR_OK;
}

static enum err each_object(struct tour *tour, struct err_info *info)
{
	char after[STORAGE_KEY_MOST + 1] = "";
	bool more = true;
	enum err err = ERR_OK;

	while (more && err == ERR_OK) {
		struct storage_objects page;
		struct arena arena = {0};

		err = storage_list(tour->store.storage, tour->store.conf->store_prefix, after, STORAGE_PAGE_MOST,
			&arena, &page, info);
		if (err == ERR_OK)
			err = handle_page(tour, &page, &arena, info);
		more = page.more && page.count > 0;
		if (more)
			snprintf(after, sizeof after, "%s", page.objects[page.count - 1].key);
		arena_free(&arena);
	}
	return err;
}

/* The sum of a run; ERR_CONFLICT when store and library are not the same in the end. */
static enum err conclude(struct tour *tour, struct err_info *info)
{
	const struct tally *tally = &tour->tally;
	int64_t differ = tally->absent + tally->other + tally->strays + tally->damaged;
	struct buf none = {0};
	enum err err = ERR_OK;

	if (!tour->quiet)
		term_draw(&tour->cli->out, &none, 0);
	if (tour->quiet)
		err = cli_json(tour->cli,
			json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "files", (json_int_t)tally->files,
				"bytes", (json_int_t)tally->bytes, "same", (json_int_t)tally->same, "sent",
				(json_int_t)tally->sent, "fetched", (json_int_t)tally->fetched, "absent", (json_int_t)tally->absent, "other",
				(json_int_t)tally->other, "damaged", (json_int_t)tally->damaged, "strays",
				(json_int_t)tally->strays, "removed", (json_int_t)tally->removed, "uploads",
				(json_int_t)tally->uploads),
			info);
	else
		fprintf(tour->cli->out.out,
			"%" PRId64 " files: %" PRId64 " the same, %" PRId64 " sent, %" PRId64 " fetched, %" PRId64
			" absent, %" PRId64 " other, %" PRId64 " damaged here; %" PRId64 " strays, %" PRId64 " removed, %" PRId64
			" uploads ended.\n",
			tally->files, tally->same, tally->sent, tally->fetched, tally->absent, tally->other,
			tally->damaged, tally->strays, tally->removed, tally->uploads);
	if (err == ERR_OK && differ > 0)
		err = err_set(info, ERR_CONFLICT, "the store and the library differ in %" PRId64 " objects", differ);
	return err;
}

/* Without its bucket a store answers about each object as if that alone were not there. */
static enum err check_bucket(const struct store *store, struct err_info *info)
{
	const struct conf *conf = store->conf;
	struct storage_objects page;
	struct arena arena = {0};
	enum err err = storage_list(store->storage, conf->store_prefix, "", 1, &arena, &page, info);

	arena_free(&arena);
	if (err == ERR_NOT_FOUND)
		err = err_set(info, err, "there is no bucket %s at %s", conf->store_bucket, conf->store_endpoint);
	return err;
}

static enum err open_from(struct tour *tour, const char *path, struct err_info *info)
{
	const struct cli *cli = tour->cli;
	enum err err = conf_read(path, &tour->from_conf, info);

	if (err == ERR_OK)
		err = store_open(&tour->from, tour->from_conf, cli->db, NULL, NULL, info);
	if (err == ERR_OK && strcmp(tour->from.send.store, tour->store.send.store) == 0 &&
		strcmp(tour->from_conf->store_prefix, cli->conf->store_prefix) == 0)
		err = err_set(info, ERR_BAD_REQUEST, "%s names the store that is migrated to", path);
	return err == ERR_OK ? check_bucket(&tour->from, info) : err;
}

static enum err open_tour(struct cli *cli, const struct args *args, struct tour *tour, struct err_info *info)
{
	const char *age = args_value(args, "age");
	enum err err;

	*tour = (struct tour){.cli = cli, .quiet = args_given(args, "json")};
	if (age != NULL && (err = duration_parse(age, "--age", &tour->age_s, info)) != ERR_OK)
		return err;
	if ((err = cli_open_db(cli, info)) != ERR_OK)
		return err;
	err = store_open(&tour->store, cli->conf, cli->db, NULL, NULL, info);
	return err == ERR_OK ? check_bucket(&tour->store, info) : err;
}

static void close_tour(struct tour *tour)
{
	store_close(&tour->from);
	store_close(&tour->store);
	if (tour->from_conf != NULL)
		conf_free(tour->from_conf);
	arena_free(&tour->arena);
}

/*
 * Adds up what comes. Whoever lost his library wants it back from the store: a new and empty one is no reason to empty
 * the store too.
 */
static enum err survey(struct tour *tour, struct err_info *info)
{
	enum err err = each_file(tour, add_up, info);

	if (err == ERR_OK && tour->remove && tour->total == 0)
		err = err_set(info, ERR_CONFLICT, "the library is empty: nothing is removed from the store");
	return err;
}

static enum err verify(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct tour tour;
	enum err err = open_tour(cli, args, &tour, info);

	(void)words;
	(void)count;
	tour.look = true;
	tour.send = tour.fetch = tour.remove = args_given(args, "repair");
	if (err == ERR_OK)
		err = survey(&tour, info);
	if (err == ERR_OK)
		err = handle_files(&tour, info);
	if (err == ERR_OK)
		err = each_object(&tour, info);
	if (err == ERR_OK)
		err = conclude(&tour, info);
	close_tour(&tour);
	return err;
}

static enum err migrate(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	const char *from = args_value(args, "from");
	struct tour tour;
	enum err err = open_tour(cli, args, &tour, info);

	(void)words;
	(void)count;
	tour.send = true;
	if (err == ERR_OK && from != NULL)
		err = open_from(&tour, from, info);
	if (err == ERR_OK)
		err = survey(&tour, info);
	if (err == ERR_OK)
		err = handle_files(&tour, info);
	if (err == ERR_OK)
		err = conclude(&tour, info);
	close_tour(&tour);
	return err;
}

static enum err gc(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct tour tour;
	size_t uploads = 0;
	enum err err = open_tour(cli, args, &tour, info);

	(void)words;
	(void)count;
	tour.remove = true;
	if (err == ERR_OK)
		err = survey(&tour, info);
	if (err == ERR_OK)
		err = each_object(&tour, info);
	if (err == ERR_OK)
		err = send_abort_strays(&tour.store.send, cli->conf->store_prefix,
			tour.age_s > 0 ? tour.age_s : UPLOAD_S, &uploads, info);
	tour.tally.uploads = (int64_t)uploads;
	if (err == ERR_OK)
		err = conclude(&tour, info);
	close_tour(&tour);
	return err;
}

static const struct cli_verb verbs[] = {
	{"verify", 0, 0, verify},
	{"migrate", 0, 0, migrate},
	{"gc", 0, 0, gc},
	{NULL, 0, 0, NULL},
};

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_storage = {
	"storage",
	"[verify | migrate | gc]",
	"copy the library to an object store and compare the two",
	"Keeps a copy of all renditions, sources, covers and waveforms in the S3-compatible store that the\n"
	"configuration names (store.endpoint, store.bucket). Jobrunners do so with what is published (store.sync).\n\n"
	"`migrate` sends what the store does not have yet; broken off, it goes on where it was. With --from it\n"
	"takes what is not whole here from the store of another configuration, such as the one before. `verify`\n"
	"reads each file here and looks whether the store has it with its size and checksum, and nothing else\n"
	"below store.prefix that is the library's; with --repair it makes it so, and fetches from the store what\n"
	"is damaged or missing here. `gc` removes from the store what no track has any more, and ends uploads\n"
	"that were left. Objects of less than an hour, and uploads of less than a day, are left alone.\n",
	options,
	run,
};
