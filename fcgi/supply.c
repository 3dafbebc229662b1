/* SPDX-License-Identifier: MIT */
#include "fcgi/supply.h"

#include "base/clock.h"
#include "fcgi/responder.h"
#include "model/remote.h"
#include "storage/helper.h"
#include "storage/remote_key.h"

#include <poll.h>
#include <unistd.h>

/* How often is looked whether more has come, and how long nothing may come. */
enum { LOOK_MS = 10, IDLE_MS = 30000 };

/* What lies further ahead of what has come is asked for by itself. */
enum { AHEAD_MOST = 1 << 20 };

enum { SUCCESSIONS_MOST = 2 };

static const struct conf *conf_of(const struct supply *supply)
{
	return responder_of(supply->response->request)->conf;
}

/* Once for a request. */
static void count(struct supply *supply, const char *outcome)
{
	if (!supply->counted)
		metrics_add(supply->response->request->metrics, METRIC_CACHE_REQUESTS, 1, outcome);
	supply->counted = true;
}

static void let_go(struct supply *supply)
{
	if (supply->fd >= 0)
		close(supply->fd);
	supply->fd = -1;
	supply->piped = false;
}

/* What comes waits for the object store: an event loop goes on without this thread. */
static void leave_loop(const struct supply *supply)
{
	response_wait(supply->response, 0);
}

/* Opens what comes into the cache; has it fetched when nobody does. */
static enum err follow(struct supply *supply, struct err_info *info)
{
	enum err err;

	let_go(supply);
	err = cache_follow(&supply->cache, &supply->file, &supply->fd, info);
	if (err == ERR_OK && cache_look(&supply->cache, &supply->file, supply->fd, &supply->had) != CACHE_ENDED) {
		count(supply, "shared");
		supply->had = 0; /* it may have brought all of this */
		return ERR_OK;
	}
	let_go(supply);
	supply->had = err == ERR_OK ? supply->had : 0;
	leave_loop(supply);
	err = helper_fetch(conf_of(supply), &supply->file, supply->modified, info);
	if (err != ERR_OK)
		return err;
	count(supply, "miss");
	return cache_follow(&supply->cache, &supply->file, &supply->fd, info) == ERR_OK
		       ? ERR_OK
		       : err_set(info, ERR_BUSY, "the file has just come, or has gone again");
}

/* Between two looks. What has come so far is not kept from the listener; false when nobody waits any more. */
static bool pause_a_little(struct response *response)
{
	return (!response->begun || response_flush(response)) && response_wait(response, LOOK_MS);
}

/* Waits for a byte at `at`; *HAVE is how many there are then. */
static enum err await(struct supply *supply, uint64_t *have, struct err_info *info)
{
	int64_t since_us = clock_monotonic_us();
	uint64_t before = supply->had;
	enum err err;

	for (;;) {
		enum cache_flow flow = cache_look(&supply->cache, &supply->file, supply->fd, have);

		if (*have > supply->at)
			return ERR_OK;
		if (*have != before)
			since_us = clock_monotonic_us();
		before = *have;
		if (flow != CACHE_FLOWS) {
			/* One that got nowhere, or was given something else, has no successor. */
			if (*have <= supply->had || supply->successions++ == SUCCESSIONS_MOST)
				return err_set(info, ERR_BUSY, "the file could not be fetched");
			if ((err = follow(supply, info)) != ERR_OK)
				return err;
		} else if (clock_monotonic_us() - since_us > IDLE_MS * INT64_C(1000)) {
			return err_set(info, ERR_TIMEOUT, "nothing comes from the object store");
		} else if (!pause_a_little(supply->response)) {
			return err_set(info, ERR_BUSY, "the responder stops, or nobody waits any more");
		}
	}
}

/* From the store itself. */
static enum err ask(struct supply *supply, uint64_t first, uint64_t length, struct err_info *info)
{
	let_go(supply);
	count(supply, "bypass");
	supply->piped = true;
	leave_loop(supply);
	return helper_read(conf_of(supply), &supply->file, first, length, &supply->fd, info);
}

static enum err seek(void *context, uint64_t first, uint64_t length, struct err_info *info)
{
	struct supply *supply = context;
	uint64_t have = 0;
	enum err err;

	supply->at = first;
	if (supply->file.size > supply->cache.most)
		return ask(supply, first, length, info);
	err = follow(supply, info);
	if (err == ERR_NO_SPACE)
		return ask(supply, first, length, info);
	if (err != ERR_OK)
		return err;
	cache_look(&supply->cache, &supply->file, supply->fd, &have);
	if (first > have && first - have > AHEAD_MOST)
		return ask(supply, first, length, info);
	return await(supply, &have, info);
}

static ssize_t read_pipe(const struct supply *supply, void *out, size_t room)
{
	struct pollfd wait = {.fd = supply->fd, .events = POLLIN};
	int64_t since_us = clock_monotonic_us();

	while (poll(&wait, 1, 0) == 0) {
		if (clock_monotonic_us() - since_us > IDLE_MS * INT64_C(1000) || !pause_a_little(supply->response))
			return -1;
	}
	return read(supply->fd, out, room);
}

static ssize_t read_some(void *context, void *out, size_t room)
{
	struct supply *supply = context;
	struct err_info info;
	uint64_t have;
	ssize_t got;

	if (supply->piped)
		return read_pipe(supply, out, room);
	if (await(supply, &have, &info) != ERR_OK)
		return -1;
	got = pread(supply->fd, out, have - supply->at < room ? (size_t)(have - supply->at) : room, (off_t)supply->at);
	if (got > 0)
		supply->at += (uint64_t)got;
	return got;
}

/* Whether the store has confirmed to have it. False when an answer was sent. */
static bool look_away(struct supply *supply, const struct stored *stored, const char *store)
{
	struct request *request = supply->response->request;
	struct db *db = responder_db(request, supply->response);
	struct err_info info = {0};
	struct remote remote;
	enum err err;

	if (db == NULL)
		return false;
	err = remote_find(
		db, store, stored->track, stored->what, stored->name, stored->etag, request->arena, &remote, &info);
	db_pool_give(responder_of(request)->pool, db);
	if (err != ERR_OK && err != ERR_NOT_FOUND) {
		response_error(supply->response, &info);
		return false;
	}
	supply->away = err == ERR_OK;
	supply->key = supply->away ? remote.key : NULL;
	return true;
}

bool supply_begin(struct response *response, const struct stored *stored, int64_t modified, struct supply *supply)
{
	struct request *request = response->request;
	const struct conf *conf = responder_of(request)->conf;
	const char *store = remote_store(conf, request->arena);
	bool cached;

	*supply = (struct supply){.feed = {.size = (uint64_t)stored->size, .seek = seek, .read = read_some, .context = supply},
		.response = response,
		.file = {arena_strdup(request->arena, stored->track), arena_strdup(request->arena, stored->file),
			(uint64_t)stored->size},
		.modified = modified,
		.held = -1,
		.fd = -1};
	if (store == NULL)
		return true;
	cache_init(&supply->cache, conf, NULL, request->arena);
	if (cache_hold(&supply->cache, conf_data_path(conf, request->arena, "media/%s/%s", stored->track, stored->file),
		    &supply->held, &cached, NULL) != ERR_NOT_FOUND) {
		if (cached && request->method == HTTP_GET)
			count(supply, "hit");
		return true;
	}
	return look_away(supply, stored, store);
}

void supply_end(struct supply *supply)
{
	let_go(supply);
	if (supply->held >= 0)
		close(supply->held);
}
