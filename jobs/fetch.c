/* SPDX-License-Identifier: MIT */
/*
 * tonearm-fetch: brings a file of the library that only the object store has, for the responders, which have no network
 * of their own (storage/helper.h):
 *
 *     tonearm-fetch -c FILE TRACK NAME MODIFIED                  into the cache (storage/cache.h), unless somebody is at it
 *     tonearm-fetch -c FILE TRACK NAME MODIFIED FIRST LENGTH     a part of it to standard output
 *
 * It goes on in the background and says on standard output, by one byte, how it begins: an enum err. When a file for
 * the cache is on its way then, that is all; of a part the bytes follow.
 */
#include "base/fs.h"
#include "base/log.h"
#include "base/slot.h"
#include "base/text.h"
#include "model/remote.h"
#include "observe/metrics.h"
#include "storage/cache.h"
#include "storage/remote_key.h"
#include "storage/storage_metrics.h"
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A transfer that breaks off goes on where it was, so often, after a pause that doubles. */
enum { TRIES_MOST = 3, PAUSE_MS = 100 };

enum { WORDS_WHOLE = 3, WORDS_PART = 5 };

struct order {
	const char *track, *name;
	uint64_t modified; /* seconds since 1970 */
	bool part;
	struct storage_range range;
};

struct fetch {
	const struct order *order;
	struct conf *conf;
	struct db *db;
	struct metrics *metrics;
	struct arena arena;
	struct stored file;
	const char *key;
	struct store store;
	struct storage_object object; /* as the store describes it */
	int to;                       /* the cache's file, or standard output */
	bool told;
};

static void tell(struct fetch *fetch, enum err err)
{
	unsigned char byte = (unsigned char)err;

	if (!fetch->told && write(STDOUT_FILENO, &byte, 1) != 1)
		log_message(LOG_INFO, "nobody waits for the file any more");
	fetch->told = true;
}

static enum err open_database(struct fetch *fetch, struct err_info *info)
{
	const struct db_options options = {
		.path = conf_data_path(fetch->conf, &fetch->arena, "tonearm.db"),
		.journal_mode = fetch->conf->journal_mode,
		.busy_ms = (int)fetch->conf->db_busy_ms,
	};
	enum err err = db_open(&options, 0, &fetch->db, info);

	return err == ERR_OK ? db_check_version(fetch->db, info) : err;
}

/* The file's row, as it is now. */
static enum err find_row(struct fetch *fetch, struct stored *out, struct err_info *info)
{
	struct stored *files;
	size_t count;
	enum err err = stored_list(fetch->db, fetch->order->track, &fetch->arena, &files, &count, info);

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (files[i].what != STORED_SOURCE && strcmp(files[i].file, fetch->order->name) == 0) {
			*out = files[i];
			return ERR_OK;
		}
	}
	return err != ERR_OK ? err : err_set(info, ERR_NOT_FOUND, "the track has no such file");
}

/* What it is, and under which key the store has confirmed to have it. */
static enum err find_file(struct fetch *fetch, struct err_info *info)
{
	const char *store = remote_store(fetch->conf, &fetch->arena);
	struct remote remote;
	enum err err = store == NULL ? err_set(info, ERR_BAD_REQUEST, "there is no object store in the configuration")
				     : find_row(fetch, &fetch->file, info);

	if (err == ERR_OK)
		err = remote_find(fetch->db, store, fetch->file.track, fetch->file.what, fetch->file.name,
			fetch->file.etag, &fetch->arena, &remote, info);
	if (err == ERR_OK)
		fetch->key = remote.key;
	return err;
}

/* Refuses another object before its first byte counts. */
static bool take(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct fetch *fetch = context;
	const struct cache_file file = {fetch->order->track, fetch->order->name, (uint64_t)fetch->file.size};

	if (fetch->object.size != file.size ||
		(fetch->object.sha256 != NULL && strcmp(fetch->object.sha256, fetch->file.etag) != 0)) {
		err_set(info, ERR_UNPROCESSABLE, "the object %.100s is another one", fetch->key);
		return false;
	}
	if (!fetch->order->part)
		return cache_append(fetch->to, &file, bytes, length, info) == ERR_OK;
	tell(fetch, ERR_OK);
	return fs_write_all(fetch->to, bytes, length, info) == ERR_OK;
}

static enum err get(struct fetch *fetch, const struct storage_range *range, struct err_info *info)
{
	return storage_get(
		fetch->store.storage, fetch->key, range, take, fetch, &fetch->arena, &fetch->object, info);
}

/* What is missing of the file, with patience. */
static enum err get_rest(struct fetch *fetch, struct err_info *info)
{
	uint64_t size = (uint64_t)fetch->file.size;
	enum err err = ERR_OK;

	for (int tries = 0; tries < TRIES_MOST; tries++) {
		struct storage_range rest = {0};

		if (tries > 0)
			poll(NULL, 0, PAUSE_MS << tries);
		err = cache_have(fetch->to, &rest.first, info);
		if (err != ERR_OK || rest.first == size)
			return err;
		err = get(fetch, &rest, info);
		if (err == ERR_OK || !storage_may_retry(err))
			return err;
	}
	return err;
}

/* Whether what was fetched is still of the library: its track may have gone, or have been made anew, meanwhile. */
static enum err look_again(struct fetch *fetch, struct cache *cache, const struct cache_file *file, struct err_info *info)
{
	struct stored now;
	enum err err = find_row(fetch, &now, info);

	if (err == ERR_NOT_FOUND || (err == ERR_OK && strcmp(now.etag, fetch->file.etag) != 0)) {
		cache_remove(cache, file);
		return err_set(info, ERR_CONFLICT, "the file is not wanted any more");
	}
	return err;
}

static enum err fetch_whole(struct fetch *fetch, struct err_info *info)
{
	const struct cache_file file = {fetch->order->track, fetch->order->name, (uint64_t)fetch->file.size};
	struct cache_room room;
	struct cache cache;
	enum cache_turn turn;
	enum err err;

	cache_init(&cache, fetch->conf, NULL, &fetch->arena);
	err = cache_claim(&cache, &file, &turn, &fetch->to, &room, info);
	metrics_add(fetch->metrics, METRIC_CACHE_EVICTIONS, room.evicted);
	if (err != ERR_OK || turn != CACHE_MINE)
		return err;
	metrics_set(fetch->metrics, METRIC_CACHE_BYTES, room.total);
	tell(fetch, ERR_OK);
	dup2(STDIN_FILENO, STDOUT_FILENO);
	err = get_rest(fetch, info);
	if (err == ERR_OK)
		err = cache_finish(&cache, &file, fetch->to, fetch->file.etag, (int64_t)fetch->order->modified, info);
	if (err == ERR_OK)
		err = look_again(fetch, &cache, &file, info);
	cache_leave(&cache, &file, fetch->to);
	return err;
}

static enum err work(struct fetch *fetch, struct err_info *info)
{
	const char *slots = conf_run_path(fetch->conf, &fetch->arena, "fetch.slots");
	int slot;
	enum err err = slot_take(slots, fetch->conf->store_fetches, &slot, info);

	if (err != ERR_OK)
		return err;
	metrics_open(conf_run_path(fetch->conf, &fetch->arena, "metrics"), &fetch->metrics, NULL);
	storage_metrics_watch(fetch->metrics);
	err = open_database(fetch, info);
	if (err == ERR_OK)
		err = find_file(fetch, info);
	if (err == ERR_OK)
		err = store_open(&fetch->store, fetch->conf, fetch->db, NULL, NULL, info);
	if (err == ERR_OK) {
		fetch->to = STDOUT_FILENO;
		err = fetch->order->part ? get(fetch, &fetch->order->range, info) : fetch_whole(fetch, info);
	}
	store_close(&fetch->store);
	db_close(fetch->db);
	storage_metrics_watch(NULL);
	metrics_close(fetch->metrics);
	slot_give(slot);
	return err;
}

static int run(const char *path, const struct order *order)
{
	struct fetch fetch = {.order = order};
	struct err_info info = {0};
	enum err err = conf_read(conf_find(path), &fetch.conf, &info);

	if (err == ERR_OK) {
		log_open("fetch", LOG_INFO, fetch.conf->log_file[0] == '\0' ? NULL : fetch.conf->log_file, NULL);
		err = work(&fetch, &info);
	}
	/* A part that nobody takes any more, and what has no room, is no failure of ours. */
	if (err != ERR_OK && err != ERR_NO_SPACE && !(order->part && fetch.told))
		log_failure(LOG_WARNING, "a file could not be fetched from the object store", &info);
	tell(&fetch, err);
	arena_free(&fetch.arena);
	if (fetch.conf != NULL)
		conf_free(fetch.conf);
	return err_exit_code(err);
}

static bool read_order(int count, char **words, struct order *out)
{
	*out = (struct order){.part = count == WORDS_PART};
	if (count != WORDS_WHOLE && count != WORDS_PART)
		return false;
	out->track = words[0];
	out->name = words[1];
	return id_valid(out->track) && text_to_u64(words[2], INT64_MAX, &out->modified) &&
	       (!out->part || (text_to_u64(words[3], INT64_MAX, &out->range.first) &&
				      text_to_u64(words[4], INT64_MAX, &out->range.length) && out->range.length > 0));
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	struct order order;
	int option;
	pid_t child;

	while ((option = getopt(argc, argv, "+c:")) != -1) {
		if (option != 'c')
			return err_exit_code(ERR_BAD_REQUEST);
		path = optarg;
	}
	if (!read_order(argc - optind, argv + optind, &order)) {
		fprintf(stderr, "Usage: tonearm-fetch [-c FILE] TRACK NAME MODIFIED [FIRST LENGTH]\n");
		return err_exit_code(ERR_BAD_REQUEST);
	}
	child = fork();
	if (child < 0)
		return err_exit_code(ERR_INTERNAL);
	if (child > 0)
		return EXIT_SUCCESS;
	setsid();
	signal(SIGPIPE, SIG_IGN);
	return run(path, &order);
}
