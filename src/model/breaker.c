/* SPDX-License-Identifier: MIT */
#include "model/breaker.h"

#include "model/words.h"

/* Between two looks while another asks on trial. */
enum { LOOK_MS = 1000 };

static const char *const words[] = {
	[BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half-open", [BREAKER_OPEN] = "open"};

const char *breaker_state_name(enum breaker_state state)
{
	return words[state];
}

static enum err read_state(const char *word, enum breaker_state *out, struct err_info *info)
{
	int found = word_find(words, sizeof words / sizeof *words, word);

	if (found < 0)
		return err_set(info, ERR_INTERNAL, "a breaker is in a state that this program does not know");
	*out = (enum breaker_state)found;
	return ERR_OK;
}

/* *FAILURES are those in a row. One that never failed is closed. */
static enum err get(struct db *db, const char *endpoint, struct breaker *out, int64_t *failures, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_BREAKER_GET);
	enum err err;

	*out = (struct breaker){.endpoint = endpoint, .state = BREAKER_CLOSED};
	*failures = 0;
	db_bind_text(stmt, ":endpoint", endpoint);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		err = read_state(db_text(stmt, 0), &out->state, info);
		*failures = db_int(stmt, 1);
		out->until_ms = db_int(stmt, 2);
		out->opened = db_int(stmt, 3);
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

/* *MINE: the caller is the one who asks on trial. */
static enum err try(struct db *db, const char *endpoint, int64_t now_ms, bool *mine, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_BREAKER_TRY);
	enum err err;

	db_bind_text(stmt, ":endpoint", endpoint);
	db_bind_int(stmt, ":now", now_ms);
	db_bind_int(stmt, ":until", now_ms + BREAKER_TRIAL_MS);
	db_bind_int(stmt, ":last", now_ms + BREAKER_PAUSE_MOST_MS);
	err = db_run(stmt, info);
	*mine = err == ERR_OK && db_changes(db) > 0;
	return err;
}

enum err breaker_ask(struct db *db, const char *endpoint, int64_t now_ms, int64_t *due_ms, struct err_info *info)
{
	struct breaker breaker;
	int64_t failures;
	bool over, mine = false;
	enum err err = get(db, endpoint, &breaker, &failures, info);

	if (err != ERR_OK || breaker.state == BREAKER_CLOSED)
		return err;
	over = breaker.until_ms <= now_ms || breaker.until_ms > now_ms + BREAKER_PAUSE_MOST_MS;
	if (over)
		err = try(db, endpoint, now_ms, &mine, info);
	if (err != ERR_OK || mine)
		return err;
	*due_ms = breaker.state == BREAKER_OPEN && !over ? breaker.until_ms : now_ms + LOOK_MS;
	return err_set(info, ERR_NOT_READY, "%s is left alone for a while, as it failed again and again", endpoint);
}

enum err breaker_end(struct db *db, const char *endpoint, bool well, int64_t now_ms, struct err_info *info)
{
	struct breaker breaker;
	struct db_stmt *stmt;
	int64_t failures;
	enum err err = get(db, endpoint, &breaker, &failures, info);

	/* The usual case costs a look, and no lock. */
	if (err != ERR_OK || (well && breaker.state == BREAKER_CLOSED && failures == 0))
		return err;
	stmt = db_stmt(db, well ? SQL_BREAKER_PASS : SQL_BREAKER_FAIL);
	db_bind_text(stmt, ":endpoint", endpoint);
	if (!well) {
		db_bind_int(stmt, ":most", BREAKER_FAILURES);
		db_bind_int(stmt, ":pause", BREAKER_PAUSE_MS);
		db_bind_int(stmt, ":longest", BREAKER_PAUSE_MOST_MS);
		db_bind_int(stmt, ":now", now_ms);
	}
	return db_run(stmt, info);
}

enum err breaker_list(struct db *db, struct arena *arena, struct breaker **out, size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_BREAKER_LIST);
	enum err err;

	*out = NULL;
	*count = 0;
	while ((err = db_step(stmt, info)) == ERR_OK) {
		struct breaker breaker = {.endpoint = arena_strdup(arena, db_text(stmt, 0)),
			.until_ms = db_int(stmt, 2),
			.opened = db_int(stmt, 3)};

		err = read_state(db_text(stmt, 1), &breaker.state, info);
		if (err != ERR_OK)
			break;
		*out = arena_grow(arena, *out, *count, sizeof **out);
		(*out)[(*count)++] = breaker;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err breaker_tell(struct db *db, struct metrics *metrics, struct err_info *info)
{
	struct breaker *breakers;
	struct arena arena = {0};
	size_t count;
	enum err err = breaker_list(db, &arena, &breakers, &count, info);

	for (size_t i = 0; err == ERR_OK && i < count; i++)
		metrics_set(metrics, METRIC_STORAGE_BREAKER, (uint64_t)breakers[i].state, breakers[i].endpoint);
	arena_free(&arena);
	return err;
}
