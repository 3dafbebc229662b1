/* SPDX-License-Identifier: MIT */
#include "model/rendition.h"

#include "model/track_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 19 };

static enum err put(struct db_stmt *stmt, const struct rendition *rendition, struct err_info *info)
{
	struct arena arena = {0};
	size_t length;
	const void *blob = segment_table_encode(&rendition->segments, &arena, &length);
	enum err err;

	db_bind_text(stmt, ":track", rendition->track);
	db_bind_text(stmt, ":quality", rendition->quality);
	db_bind_text(stmt, ":codec", rendition->codec);
	db_bind_text(stmt, ":codecs", rendition->codecs);
	db_bind_text(stmt, ":file", rendition->file);
	db_bind_text(stmt, ":etag", rendition->etag);
	db_bind_int(stmt, ":bit_rate", rendition->bit_rate);
	db_bind_int(stmt, ":peak_bandwidth", rendition->peak_bandwidth);
	db_bind_int(stmt, ":average_bandwidth", rendition->average_bandwidth);
	db_bind_int(stmt, ":sample_rate", rendition->sample_rate);
	db_bind_int(stmt, ":channels", rendition->channels);
	db_bind_int(stmt, ":timescale", rendition->timescale);
	db_bind_int(stmt, ":priming", rendition->priming);
	db_bind_int(stmt, ":samples", (int64_t)rendition->samples);
	db_bind_int(stmt, ":file_size", (int64_t)rendition->file_size);
	db_bind_int(stmt, ":init_size", (int64_t)rendition->init_size);
	db_bind_int(stmt, ":index_offset", (int64_t)rendition->index_offset);
	db_bind_int(stmt, ":index_size", (int64_t)rendition->index_size);
	db_bind_int(stmt, ":modified_s", rendition->modified);
	db_bind_text(stmt, ":container", rendition->container);
	db_bind_blob(stmt, ":segments", blob, length);
	err = db_run(stmt, info);
	arena_free(&arena);
	return err;
}

enum err rendition_put(struct db *db, const struct rendition *rendition, struct err_info *info)
{
	return put(db_stmt(db, SQL_RENDITION_PUT), rendition, info);
}

enum err rendition_grow(
	struct db *db, const char *job, const char *owner, const struct rendition *rendition, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_GROWING_PUT);
	enum err err;

	db_bind_text(stmt, ":job", job);
	db_bind_text(stmt, ":owner", owner);
	db_bind_text(stmt, ":work", rendition->work);
	err = put(stmt, rendition, info);
	if (err == ERR_OK && db_changes(db) == 0)
		err = err_set(info, ERR_CONFLICT, "%s of the track is not this job's to make", rendition->quality);
	return err;
}

/* Text of a column into a field of the struct: rows that were not written by rendition_put() may be too long. */
static bool get_text(struct db_stmt *stmt, int column, char *out, size_t size)
{
	const char *text = db_text(stmt, column);
	size_t length = text != NULL ? strlen(text) : size;

	if (length >= size)
		return false;
	memcpy(out, text, length + 1);
	return true;
}

static bool get_u32(struct db_stmt *stmt, int column, uint32_t *out)
{
	int64_t value = db_int(stmt, column);

	*out = (uint32_t)value;
	return value >= 0 && value <= UINT32_MAX;
}

static bool get_u64(struct db_stmt *stmt, int column, uint64_t *out)
{
	int64_t value = db_int(stmt, column);

	*out = (uint64_t)value;
	return value >= 0;
}

/* The COLUMNS columns from FIRST of the current row. */
static enum err read_row(
	struct db_stmt *stmt, int first, const char *track, struct rendition *out, struct err_info *info)
{
	bool good;

	*out = (struct rendition){0};
	snprintf(out->track, sizeof out->track, "%s", track);
	good = get_text(stmt, first, out->quality, sizeof out->quality) &&
	       get_text(stmt, first + 1, out->codec, sizeof out->codec) &&
	       get_text(stmt, first + 2, out->codecs, sizeof out->codecs) &&
	       get_text(stmt, first + 3, out->file, sizeof out->file) &&
	       get_text(stmt, first + 4, out->etag, sizeof out->etag) && get_u32(stmt, first + 5, &out->bit_rate) &&
	       get_u32(stmt, first + 6, &out->peak_bandwidth) && get_u32(stmt, first + 7, &out->average_bandwidth) &&
	       get_u32(stmt, first + 8, &out->sample_rate) && get_u32(stmt, first + 9, &out->channels) &&
	       get_u32(stmt, first + 10, &out->timescale) && get_u32(stmt, first + 11, &out->priming) &&
	       get_u64(stmt, first + 12, &out->samples) && get_u64(stmt, first + 13, &out->file_size) &&
	       get_u64(stmt, first + 14, &out->init_size) && get_u64(stmt, first + 15, &out->index_offset) &&
	       get_u64(stmt, first + 16, &out->index_size) &&
	       get_text(stmt, first + 18, out->container, sizeof out->container);
	out->modified = db_int(stmt, first + 17);
	if (!good)
		return err_set(
			info, ERR_INTERNAL, "the row of the rendition %s/%s is damaged", out->track, out->quality);
	return ERR_OK;
}

/*
 * The segments end where the file does, and begin behind its index and whatever room is left there. A playlist must
 * never name a byte that is not there.
 */
static enum err read_segments(
	struct db_stmt *stmt, int column, struct arena *arena, struct rendition *rendition, struct err_info *info)
{
	struct segment_table *table = &rendition->segments;
	size_t length = 0;
	const void *blob = db_blob(stmt, column, &length);
	enum err err = segment_table_decode(blob, length, 0, arena, table, info);
	uint64_t head = rendition->index_offset + rendition->index_size, bytes, start;

	if (err != ERR_OK || table->count == 0)
		return err;
	bytes = table->segments[table->count - 1].offset + table->segments[table->count - 1].size;
	if (bytes > rendition->file_size || head > rendition->file_size - bytes)
		return err_set(info, ERR_INTERNAL, "the segments of the rendition %s/%s are longer than its file",
			rendition->track, rendition->quality);
	start = rendition->file_size - bytes;
	for (size_t i = 0; i < table->count; i++)
		table->segments[i].offset += start;
	return ERR_OK;
}

static enum err get(struct db_stmt *stmt, const char *track, const char *quality, struct arena *arena,
	struct rendition_view *out, struct err_info *info)
{
	enum err err;

	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":quality", quality);
	err = db_step(stmt, info);
	if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is no such rendition");
	if (err == ERR_OK)
		err = read_row(stmt, 0, track, &out->rendition, info);
	if (err == ERR_OK)
		err = track_row_words(
			db_text(stmt, COLUMNS), db_text(stmt, COLUMNS + 1), &out->audience.visibility, &out->state, info);
	out->audience.places = err == ERR_OK ? arena_strdup(arena, db_text(stmt, COLUMNS + 3)) : NULL;
	if (err == ERR_OK)
		err = read_segments(stmt, COLUMNS + 2, arena, &out->rendition, info);
	return err;
}

enum err rendition_get(struct db *db, const char *track, const char *quality, struct arena *arena,
	struct rendition_view *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RENDITION_GET);
	enum err err = get(stmt, track, quality, arena, out, info);

	db_reset(stmt);
	return err;
}

enum err rendition_get_growing(struct db *db, const char *track, const char *quality, struct arena *arena,
	struct rendition_view *out, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_GROWING_GET);
	enum err err = get(stmt, track, quality, arena, out, info);

	if (err == ERR_OK)
		out->rendition.work = arena_strdup(arena, db_text(stmt, COLUMNS + 4));
	db_reset(stmt);
	return err;
}

enum err rendition_list(struct db *db, const char *track, struct arena *arena, struct track *of, struct rendition **out,
	size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_RENDITION_LIST);
	enum err err;

	*out = NULL;
	*count = 0;
	db_bind_text(stmt, ":track", track);
	err = db_step(stmt, info);
	if (err == ERR_NOT_FOUND)
		err_set(info, err, "there is no such track");
	if (err == ERR_OK)
		err = track_row_read(stmt, arena, of, info);
	while (err == ERR_OK && !db_is_null(stmt, TRACK_COLUMNS)) {
		*out = arena_grow(arena, *out, *count, sizeof **out);
		err = read_row(stmt, TRACK_COLUMNS, track, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		++*count;
		err = db_step(stmt, info);
		if (err == ERR_NOT_FOUND) {
			err = err_clear(info);
			break;
		}
	}
	db_reset(stmt);
	return err;
}

enum err rendition_list_growing(struct db *db, const char *track, struct arena *arena, struct rendition **out,
	size_t *count, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_GROWING_LIST);
	enum err err;

	*out = NULL;
	*count = 0;
	db_bind_text(stmt, ":track", track);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		*out = arena_grow(arena, *out, *count, sizeof **out);
		err = read_row(stmt, 0, track, &(*out)[*count], info);
		if (err != ERR_OK)
			break;
		(*out)[(*count)++].work = arena_strdup(arena, db_text(stmt, COLUMNS));
	}
	if (err == ERR_NOT_FOUND)
		err = err_clear(info);
	db_reset(stmt);
	return err;
}
