/* SPDX-License-Identifier: MIT */
#include "model/stored.h"

#include "model/extra_role.h"
#include "model/words.h"

#include <stdio.h>
#include <string.h>


static const char *const damage_words[] = {[DAMAGE_NONE] = "whole",
	[DAMAGE_MISSING] = "missing",
	[DAMAGE_TRUNCATED] = "truncated",
	[DAMAGE_ALTERED] = "altered",
	[DAMAGE_UNREADABLE] = "unreadable"};
static const char *const what_words[] = {
	[STORED_SOURCE] = "source", [STORED_RENDITION] = "rendition", [STORED_EXTRA] = "extra"};
static const char pass_name[] = "library";

const char *damage_name(enum damage damage)
{
	return damage_words[damage];
}

const char *stored_what_name(enum stored_what what)
{
	return what_words[what];
}

/* NULL is whole. */
static enum err read_damage(const char *word, enum damage *out, struct err_info *info)
{
	int found = word == NULL ? DAMAGE_NONE : word_find(damage_words, 5, word);

	if (found < 0)
		return err_set(info, ERR_INTERNAL, "a file is damaged in a way that this program does not know");
	*out = (enum damage)found;
	return ERR_OK;
}

static void bind_damage(struct db_stmt *stmt, enum damage damage)
{
	db_bind_text(stmt, ":damage", damage == DAMAGE_NONE ? NULL : damage_words[damage]);
}

/* *KNOWN is false for an extra of a role that this program has not. */
static enum err read_stored(struct db_stmt *stmt, const char *track, struct arena *arena, struct stored *out,
	bool *known, struct err_info *info)
{
	int what = word_find(what_words, 3, db_text(stmt, 0));
	const char *etag = db_text(stmt, 3);
	enum extra_role role;

	*known = what >= 0 && (what != STORED_EXTRA || extra_role_parse(db_text(stmt, 1), &role));
	if (!*known)
		return ERR_OK;
	*out = (struct stored){.what = (enum stored_what)what,
		.size = db_int(stmt, 4),
		.away = db_int(stmt, 6) != 0,
		.modified_s = db_int(stmt, 7)};
	snprintf(out->track, sizeof out->track, "%s", track);
	snprintf(out->etag, sizeof out->etag, "%s", etag == NULL ? "" : etag);
	out->name = arena_strdup(arena, db_text(stmt, 1));
	out->file = what == STORED_EXTRA ? extra_file(role) : arena_strdup(arena, db_text(stmt, 2));
	return read_damage(db_text(stmt, 5), &out->damage, info);
}

enum err stored_list(struct db *db, const char *track, struct arena *arena, struct stored **out, size_t *count,
	struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_STORED_LIST);
	enum err err;

	*out = NULL;
	*count = 0;
	db_bind_text(stmt, ":track", track);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		bool known;

		*out = arena_grow(arena, *out, *count, sizeof **out);
		err = read_stored(stmt, track, arena, &(*out)[*count], &known, info);
		if (err != ERR_OK)
			break;
		*count += known;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

static enum err keep_etag(struct db *db, const struct stored *stored, const char *etag, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_STORED_KEEP_ETAG);

	db_bind_text(stmt, ":track", stored->track);
	db_bind_text(stmt, ":name", stored->name);
	db_bind_text(stmt, ":etag", etag);
	return db_run(stmt, info);
}

static struct db_stmt *mark_stmt(struct db *db, const struct stored *stored, enum damage damage, int64_t now_ms)
{
	struct db_stmt *stmt;

	switch (stored->what) {
	case STORED_SOURCE:
		stmt = db_stmt(db, SQL_STORED_MARK_SOURCE);
		bind_damage(stmt, damage);
		break;
	case STORED_EXTRA:
		stmt = db_stmt(db, SQL_STORED_DROP_EXTRA);
		db_bind_text(stmt, ":etag", stored->etag);
		break;
	default:
		stmt = db_stmt(db, SQL_STORED_MARK_RENDITION);
		bind_damage(stmt, damage);
		db_bind_text(stmt, ":etag", stored->etag);
		db_bind_int(stmt, ":now", now_ms);
		break;
	}
	db_bind_text(stmt, ":track", stored->track);
	db_bind_text(stmt, ":name", stored->name);
	return stmt;
}

enum err stored_mark(struct db *db, const struct stored *stored, enum damage damage, const char *etag, int64_t now_ms,
	bool *news, struct err_info *info)
{
	enum err err = ERR_OK;

	*news = false;
	if (damage == DAMAGE_NONE && stored->what == STORED_SOURCE && stored->etag[0] == '\0')
		err = keep_etag(db, stored, etag, info);
	if (err != ERR_OK || damage == stored->damage)
		return err;
	err = db_run(mark_stmt(db, stored, damage, now_ms), info);
	*news = err == ERR_OK && db_changes(db) > 0;
	return err;
}

static enum err read_damaged(
	struct db_stmt *stmt, struct arena *arena, struct stored_damaged *out, struct err_info *info)
{
	*out = (struct stored_damaged){
		.quality = arena_strdup(arena, db_text(stmt, 1)),
		.codec = arena_strdup(arena, db_text(stmt, 2)),
		.container = arena_strdup(arena, db_text(stmt, 3)),
		.file = arena_strdup(arena, db_text(stmt, 4)),
		.bit_rate = db_int(stmt, 5),
		.sample_rate = db_int(stmt, 6),
		.channels = db_int(stmt, 7),
		.damaged_ms = db_int(stmt, 9),
		.repair_job = arena_strdup(arena, db_text(stmt, 10)),
		.repaired_ms = db_int(stmt, 11),
	};
	snprintf(out->track, sizeof out->track, "%s", db_text(stmt, 0));
	return read_damage(db_text(stmt, 8), &out->damage, info);
}

enum err stored_list_damaged(struct db *db, const char *track, struct arena *arena, struct stored_damaged **out,
	size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, track != NULL ? SQL_STORED_DAMAGED_TRACK : SQL_STORED_DAMAGED);
	enum err err;

	*out = NULL;
	*count = 0;
	if (track != NULL)
		db_bind_text(stmt, ":track", track);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		*out = arena_grow(arena, *out, *count, sizeof **out);
		err = read_damaged(stmt, arena, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		++*count;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err stored_set_repair(
	struct db *db, const char *track, const char *quality, const char *job, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_STORED_SET_REPAIR);

	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":name", quality);
	db_bind_text(stmt, ":job", job);
	return db_run(stmt, info);
}

enum err stored_source_damage(struct db *db, const char *track, enum damage *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_STORED_SOURCE);
	enum err err;

	*out = DAMAGE_NONE;
	db_bind_text(stmt, ":track", track);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		err = read_damage(db_text(stmt, 0), out, info);
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err stored_count(struct db *db, struct stored_counts *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_STORED_COUNT);
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*out = (struct stored_counts){db_int(stmt, 0), db_int(stmt, 1), db_int(stmt, 2)};
	db_reset(stmt);
	return err;
}

enum err stored_pass_get(struct db *db, struct stored_pass *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_VERIFICATION_GET);
	enum err err;

	*out = (struct stored_pass){0};
	db_bind_text(stmt, ":name", pass_name);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		snprintf(out->after, sizeof out->after, "%s", db_text(stmt, 0));
		out->began_ms = db_int(stmt, 1);
		out->ended_ms = db_int(stmt, 2);
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err stored_pass_put(struct db *db, const struct stored_pass *pass, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_VERIFICATION_PUT);

	db_bind_text(stmt, ":name", pass_name);
	db_bind_text(stmt, ":after", pass->after);
	db_bind_int(stmt, ":began", pass->began_ms);
	db_bind_int(stmt, ":ended", pass->ended_ms);
	return db_run(stmt, info);
}

enum err stored_next_track(struct db *db, const char *after, char out[static ID_SIZE], struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_TRACK_NEXT);
	enum err err;

	db_bind_text(stmt, ":after", after);
	err = db_step(stmt, info);
	if (err == ERR_OK)
		snprintf(out, ID_SIZE, "%s", db_text(stmt, 0));
	db_reset(stmt);
	return err;
}
