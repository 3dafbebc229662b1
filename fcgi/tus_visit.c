/* SPDX-License-Identifier: MIT */
#include "fcgi/tus_visit.h"

#include "fcgi/api.h"
#include "fcgi/api_fields.h"
#include "storage/arrival.h"

#include <inttypes.h>
#include <string.h>

enum { PIECE = 64 * 1024 };

enum err tus_read_metadata(struct tus_visit *visit, struct ingest *ingest)
{
	static const char *const others[] = {"filename", "name", "filetype", "type"};
	struct arena *arena = visit->request->arena;
	struct api_fields fields = {0};
	struct tus_metadata metadata;
	enum err err = tus_metadata(visit->row.metadata, arena, &metadata, &visit->info);

	for (size_t i = 0; err == ERR_OK && i < metadata.count; i++) {
		enum api_field field = api_field_find(metadata.pairs[i].name);
		size_t other = 0;

		while (other < sizeof others / sizeof *others && strcmp(others[other], metadata.pairs[i].name) != 0)
			other++;
		if (field < FIELD_COUNT)
			fields.values[field] = metadata.pairs[i].value;
		else if (other == sizeof others / sizeof *others)
			err = err_set(&visit->info, ERR_UNPROCESSABLE, "\"%.64s\" is no field of an upload",
				metadata.pairs[i].name);
	}
	if (err != ERR_OK)
		return err;
	*ingest = (struct ingest){.owner = visit->row.owner,
		.source_name = tus_metadata_find(&metadata, "filename"),
		.key = visit->row.idempotency_key};
	if (ingest->source_name == NULL)
		ingest->source_name = tus_metadata_find(&metadata, "name");
	return api_fields_read(visit->responder->conf, &fields, arena, ingest, &visit->info);
}

void tus_count(const struct tus_visit *visit, enum err err)
{
	metrics_add(visit->responder->metrics, METRIC_UPLOADS, 1, err == ERR_OK ? "accepted" : err_slug(err));
}

/* The whole upload becomes a track. */
static enum err finish(struct tus_visit *visit, struct arrival *arrival, struct db *db)
{
	struct ingest ingest;
	struct track track;
	struct job job;
	enum err err;

	visit->row = arrival->row;
	err = tus_read_metadata(visit, &ingest);
	if (err == ERR_OK)
		err = arrival_finish(arrival, db, &ingest, visit->responder->access.clock, visit->request->arena, &track,
			&job, &visit->info);
	tus_count(visit, err);
	visit->row = arrival->row;
	return err;
}

/* The body into the file. What came before it broke off stays, unless its checksum is to be compared. */
static enum err take_in(struct tus_visit *visit, struct arrival *arrival)
{
	struct digest *digest = visit->checksum.algorithm != NULL ? digest_open(visit->checksum.algorithm) : NULL;
	char *piece = arena_alloc(visit->request->arena, PIECE);
	unsigned char found[DIGEST_MOST];
	struct err_info ignored;
	enum err err = ERR_OK;
	ssize_t got = 1;

	while (err == ERR_OK && got != 0) {
		got = request_read(visit->request, piece, PIECE);
		if (got < 0)
			err = request_broken(visit->request, &visit->info);
		else
			err = arrival_write(arrival, piece, (size_t)got, &visit->info);
		if (err == ERR_OK && digest != NULL)
			digest_add(digest, piece, (size_t)got);
	}
	if (err == ERR_OK && digest != NULL) {
		digest_end(digest, found);
		if (memcmp(found, visit->checksum.digest, visit->checksum.length) != 0)
			err = err_set(&visit->info, ERR_CHECKSUM, "the bytes are not those of Upload-Checksum");
	}
	if (err != ERR_OK && digest != NULL)
		arrival_take_back(arrival, &ignored);
	if (err == ERR_OK)
		err = arrival_settle(arrival, &visit->info);
	else
		arrival_settle(arrival, &ignored);
	digest_close(digest);
	return err;
}

/* What is left to do of ARRIVAL once the bytes are there. */
static enum err conclude(struct tus_visit *visit, struct arrival *arrival)
{
	struct db *db;
	enum err err = db_pool_take(visit->responder->pool, &db, &visit->info);

	if (err != ERR_OK)
		return err;
	if (visit->checksum.algorithm != NULL)
		err = arrival_trust(arrival, db, &visit->info);
	visit->row = arrival->row;
	visit->offset = (int64_t)arrival->file.bytes;
	if (err == ERR_OK && arrival->row.kind == RESUMABLE_WHOLE && visit->offset == arrival->row.length)
		err = finish(visit, arrival, db);
	db_pool_give(visit->responder->pool, db);
	return err;
}

static enum err open_arrival(struct tus_visit *visit, const char *id, struct arrival *arrival)
{
	struct responder *responder = visit->responder;
	struct db *db;
	enum err err = db_pool_take(responder->pool, &db, &visit->info);

	*arrival = (struct arrival){0};
	if (err != ERR_OK)
		return err;
	err = arrival_open(responder->conf, db, responder->access.clock, id, visit->claims.subject,
		visit->checksum.algorithm != NULL, visit->request->arena, arrival, &visit->info);
	if (err == ERR_OK && visit->offset != (int64_t)arrival->file.bytes)
		err = err_set(&visit->info, ERR_CONFLICT, "the upload has come to %" PRIu64, arrival->file.bytes);
	if (err == ERR_OK && visit->length > 0)
		err = arrival_measure(arrival, db, visit->length, &visit->info);
	db_pool_give(responder->pool, db);
	return err;
}

enum err tus_receive(struct tus_visit *visit, const char *id)
{
	struct arrival arrival = {0};
	int slot;
	enum err err = api_upload_begin(visit->request, &slot, &visit->info);

	if (err == ERR_OK)
		err = open_arrival(visit, id, &arrival);
	if (err == ERR_OK)
		err = take_in(visit, &arrival);
	if (err == ERR_OK)
		err = conclude(visit, &arrival);
	arrival_close(&arrival);
	api_upload_end(visit->request, slot);
	return err;
}

enum err tus_finish(struct tus_visit *visit, const char *id)
{
	struct arrival arrival;
	enum err err = open_arrival(visit, id, &arrival);

	if (err == ERR_OK)
		err = conclude(visit, &arrival);
	arrival_close(&arrival);
	return err;
}
