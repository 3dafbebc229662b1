/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/uploads: files that go to the object store past us.
 *
 *     POST: a row, and presigned URLs of the parts ──► PUT…, at the store ──► POST …/finish: track and jobs, 202
 *
 * Nothing is asked of the store here. Whether the parts are what was said, the job that fetches them finds out.
 */
#include "fcgi/api.h"
#include "fcgi/api_fields.h"

#include "auth/scope.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "model/direct.h"
#include "storage/presign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 1024, FIELD_MOST = 16 * 1024, FIELDS_MOST = 32 * 1024, ETAG_MOST = 128, PART_LEAST = 5 << 20 };

static enum err check_configured(const struct conf *conf, struct err_info *info)
{
	if (conf->store_endpoint[0] != '\0' && conf->store_incoming[0] != '\0')
		return ERR_OK;
	return err_set(info, ERR_NOT_FOUND, "this site takes no direct uploads: store.incoming is not set");
}

/* The texts of OBJECT into FIELDS, borrowed from it. */
static enum err read_texts(const json_t *object, struct api_fields *fields, struct err_info *info)
{
	const char *names[FIELD_COUNT + 1] = {NULL};
	enum err err;

	for (enum api_field field = 0; field < FIELD_COUNT; field++)
		names[field] = api_field_name(field);
	if (object == NULL)
		return ERR_OK;
	err = json_read_members(object, names, info);
	for (enum api_field field = 0; err == ERR_OK && field < FIELD_COUNT; field++)
		err = json_read_text(object, names[field], FIELD_MOST, &fields->values[field], info);
	return err;
}

/* INGEST as the stored FIELDS have it; *OBJECT is what its text is borrowed from. */
static enum err read_ingest(const struct conf *conf, const struct direct *row, struct arena *arena,
	struct ingest *ingest, json_t **object, struct err_info *info)
{
	struct api_fields fields = {0};
	enum err err = json_read_object(row->fields, strlen(row->fields), object, info);

	if (err != ERR_OK)
		return err;
	*ingest = (struct ingest){.owner = row->owner,
		.source_name = row->filename,
		.key = arena_printf(arena, "direct-%s", row->id)};
	err = read_texts(*object, &fields, info);
	return err == ERR_OK ? api_fields_read(conf, &fields, arena, ingest, info) : err;
}

static const char *dump(const json_t *object, struct arena *arena)
{
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	const char *out = arena_strdup(arena, text != NULL ? text : "{}");

	free(text);
	return out;
}

/* Parts as large as they are sent by us, or larger, so that there are not too many. */
static int64_t choose_part_size(const struct conf *conf, int64_t size)
{
	int64_t least = (size + DIRECT_PARTS_MOST - 1) / DIRECT_PARTS_MOST;

	return least > conf->store_part_size ? least : conf->store_part_size;
}

static enum err read_wish(
	const struct conf *conf, const json_t *body, struct arena *arena, struct direct *row, struct err_info *info)
{
	static const char *const members[] = {"size", "part_size", "sha256", "filename", "fields", NULL};
	const json_t *fields = json_object_get(body, "fields");
	unsigned char digest[HASH_SIZE];
	enum err err = json_read_members(body, members, info);

	if (err == ERR_OK)
		err = json_read_whole(body, "size", 1, INT64_MAX, &row->size, info);
	if (err == ERR_OK && row->size == 0)
		err = err_set(info, ERR_UNPROCESSABLE, "\"size\" must be the number of bytes");
	if (err == ERR_OK && row->size > conf->upload_size)
		err = err_set(info, ERR_TOO_LARGE, "an upload may have %" PRId64 " bytes", conf->upload_size);
	if (err == ERR_OK) {
		row->part_size = choose_part_size(conf, row->size);
		err = json_read_whole(body, "part_size", PART_LEAST, INT64_MAX, &row->part_size, info);
	}
	if (err == ERR_OK && direct_parts(row) > DIRECT_PARTS_MOST)
		err = err_set(info, ERR_UNPROCESSABLE, "an upload may have %d parts", DIRECT_PARTS_MOST);
	if (err == ERR_OK)
		err = json_read_text(body, "sha256", HASH_HEX_SIZE - 1, &row->sha256, info);
	if (err == ERR_OK && row->sha256 != NULL && !hash_from_hex(row->sha256, digest, sizeof digest))
		err = err_set(info, ERR_UNPROCESSABLE, "\"sha256\" must be 64 hexadecimal digits");
	if (err == ERR_OK)
		err = json_read_text(body, "filename", NAME_MOST, &row->filename, info);
	if (err == ERR_OK && fields != NULL && !json_is_object(fields))
		err = err_set(info, ERR_UNPROCESSABLE, "\"fields\" must be an object of texts");
	row->fields = dump(fields, arena);
	if (err == ERR_OK && strlen(row->fields) > FIELDS_MOST)
		err = err_set(info, ERR_UNPROCESSABLE, "\"fields\" may have %d bytes", FIELDS_MOST);
	return err;
}

/* What cannot be ingested is refused before it is sent. */
static enum err judge(struct responder *responder, const struct direct *row, struct arena *arena, struct err_info *info)
{
	json_t *object = NULL;
	struct ingest ingest;
	enum err err = read_ingest(responder->conf, row, arena, &ingest, &object, info);

	json_decref(object);
	return err == ERR_OK ? api_queue_check(responder, info) : err;
}

static enum err begin(struct responder *responder, struct direct *row, struct err_info *info)
{
	const struct conf *conf = responder->conf;
	int64_t now = clock_ms(responder->access.clock), count = 0;
	struct db *db;
	enum err err = db_pool_take(responder->pool, &db, info);

	if (err != ERR_OK)
		return err;
	id_new(responder->access.clock, row->id);
	row->created_ms = now;
	row->expires_ms = now + conf->upload_keep_s * 1000;
	err = direct_count(db, row->owner, now, &count, info);
	if (err == ERR_OK && count >= conf->uploads_open)
		err = err_set(info, ERR_TOO_MANY, "%" PRId64 " uploads are under way already: finish some", count);
	if (err == ERR_OK)
		err = direct_put(db, row, info);
	db_pool_give(responder->pool, db);
	return err;
}

static enum err put_parts(struct request *request, struct presign *presign, const struct direct *row, json_t *list,
	struct err_info *info)
{
	int64_t lifetime_s = row->expires_ms / 1000 - clock_seconds(responder_of(request)->access.clock);
	enum err err = ERR_OK;

	for (int64_t number = 1; err == ERR_OK && number <= direct_parts(row); number++) {
		const char *key = direct_key(row->id, number, request->arena), *url = NULL;
		int64_t size = direct_part_size(row, number);

		err = presign_put(presign, key, size, lifetime_s > 0 ? lifetime_s : 1, request->arena, &url, info);
		if (err == ERR_OK)
			json_array_append_new(list,
				json_pack("{s:I, s:I, s:s}", "number", (json_int_t)number, "size", (json_int_t)size,
					"url", url));
	}
	return err;
}

/* The upload as clients see it, with a URL for each part. A new reference. */
static enum err describe(struct request *request, const struct direct *row, json_t **out, struct err_info *info)
{
	struct conf conf = *responder_of(request)->conf;
	json_t *parts = json_array(), *upload;
	const char *root = responder_root(request);
	char expires[CLOCK_TEXT];
	struct presign *presign;
	enum err err;

	conf.store_bucket = conf.store_incoming;
	err = presign_open(&conf, responder_of(request)->access.clock, &presign, info);
	if (err == ERR_OK)
		err = put_parts(request, presign, row, parts, info);
	presign_close(presign);
	/* Of our own keys, and no fault of the client's. */
	if (err == ERR_UNAUTHORIZED)
		err = err_set(info, ERR_INTERNAL, "no keys of the object store are to be had without the network");
	if (err != ERR_OK) {
		json_decref(parts);
		return err;
	}
	upload = json_pack("{s:s, s:I, s:I, s:s, s:o}", "id", row->id, "size", (json_int_t)row->size, "part_size",
		(json_int_t)row->part_size, "expires", clock_rfc3339(row->expires_ms, expires), "parts", parts);
	*out = json_pack("{s:o, s:{s:o, s:o}}", "upload", upload, "urls", "upload",
		json_sprintf("%s/api/v1/uploads/%s", root, row->id), "finish",
		json_sprintf("%s/api/v1/uploads/%s/finish", root, row->id));
	return ERR_OK;
}

void api_direct_create(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct direct row = {0};
	struct jwt_claims claims;
	struct err_info info;
	json_t *body, *answer;
	enum err err = access_scope_all(&responder->access, request, SCOPE_TRACK_WRITE, &claims, &info);

	if (err == ERR_OK)
		err = check_configured(responder->conf, &info);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	if (!api_body(request, response, &body))
		return;
	row.owner = claims.subject;
	err = read_wish(responder->conf, body, request->arena, &row, &info);
	if (err == ERR_OK)
		err = judge(responder, &row, request->arena, &info);
	if (err == ERR_OK)
		err = begin(responder, &row, &info);
	if (err == ERR_OK)
		err = describe(request, &row, &answer, &info);
	json_decref(body);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_status(response, 201);
	response_headerf(response, "Location", "%s/api/v1/uploads/%s", responder_root(request), row.id);
	response_json(response, 201, answer);
}

/* The upload of the path, which has to be OWNER's. */
static enum err find(
	struct request *request, struct db *db, const char *owner, struct direct *row, struct err_info *info)
{
	const char *id = request->capture[0];
	enum err err = id_valid(id) ? direct_get(db, id, request->arena, row, info) : ERR_NOT_FOUND;

	if (err == ERR_OK && (strcmp(row->owner, owner) != 0 ||
				     row->expires_ms <= clock_ms(responder_of(request)->access.clock)))
		err = ERR_NOT_FOUND;
	return err == ERR_NOT_FOUND ? err_set(info, err, "there is no such upload") : err;
}

void api_direct_get(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct jwt_claims claims;
	struct direct row;
	struct err_info info;
	struct db *db = NULL;
	json_t *answer;
	enum err err = access_scope_all(&responder->access, request, SCOPE_TRACK_WRITE, &claims, &info);

	if (err == ERR_OK)
		err = check_configured(responder->conf, &info);
	if (err == ERR_OK)
		err = db_pool_take(responder->pool, &db, &info);
	if (err == ERR_OK) {
		err = find(request, db, claims.subject, &row, &info);
		db_pool_give(responder->pool, db);
	}
	if (err == ERR_OK)
		err = describe(request, &row, &answer, &info);
	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	response_json(response, 200, answer);
}

/* "etags": what the store answered to each PUT. Without their quotes, borrowed from BODY. */
static enum err read_etags(
	const json_t *body, const struct direct *row, struct arena *arena, struct fetch_order *order, struct err_info *info)
{
	static const char *const members[] = {"etags", NULL};
	const json_t *list = json_object_get(body, "etags");
	const char **etags = arena_array(arena, DIRECT_PARTS_MOST, sizeof *etags);
	enum err err = json_read_members(body, members, info);

	if (err != ERR_OK || list == NULL)
		return err;
	if (!json_is_array(list) || (int64_t)json_array_size(list) != direct_parts(row))
		return err_set(info, ERR_UNPROCESSABLE, "\"etags\" must be an array with one for each part");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *etag = json_string_value(json_array_get(list, i));
		size_t length = etag != NULL ? strcspn(etag + (etag[0] == '"'), "\"") : 0;

		if (length == 0 || length > ETAG_MOST)
			return err_set(info, ERR_UNPROCESSABLE, "\"etags\" must hold what the store answered");
		etags[i] = arena_memdup(arena, etag + (etag[0] == '"'), length);
	}
	order->etags = etags;
	order->etag_count = json_array_size(list);
	return ERR_OK;
}

static enum err finish(struct request *request, struct db *db, struct direct *row, const json_t *body,
	struct track *track, struct job *job, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	const struct clock *clock = responder->access.clock;
	struct fetch_order order = {
		.upload = row->id, .size = row->size, .part_size = row->part_size, .sha256 = row->sha256};
	json_t *fields = NULL;
	struct ingest ingest;
	enum err err = read_etags(body, row, request->arena, &order, info);

	if (err == ERR_OK)
		err = read_ingest(responder->conf, row, request->arena, &ingest, &fields, info);
	/* The parts have to last until the job has come to them. */
	row->finished_ms = clock_ms(clock);
	row->expires_ms = row->finished_ms + responder->conf->upload_keep_s * 1000;
	if (err == ERR_OK)
		err = direct_put(db, row, info);
	if (err == ERR_OK)
		err = ingest_fetch(responder->conf, db, &order, &ingest, clock, request->arena, track, job, info);
	json_decref(fields);
	return err;
}

void api_direct_finish(struct request *request, struct response *response)
{
	struct responder *responder = responder_of(request);
	struct jwt_claims claims;
	struct direct row;
	struct err_info info;
	struct track track;
	struct job job;
	struct db *db;
	json_t *body;
	enum err err = access_scope_all(&responder->access, request, SCOPE_TRACK_WRITE, &claims, &info);

	if (err != ERR_OK) {
		response_error(response, &info);
		return;
	}
	if (!api_body(request, response, &body))
		return;
	err = db_pool_take(responder->pool, &db, &info);
	if (err == ERR_OK) {
		err = find(request, db, claims.subject, &row, &info);
		if (err == ERR_OK)
			err = finish(request, db, &row, body, &track, &job, &info);
		db_pool_give(responder->pool, db);
	}
	json_decref(body);
	metrics_add(responder->metrics, METRIC_UPLOADS, 1, err == ERR_OK ? "accepted" : err_slug(err));
	if (err == ERR_OK)
		api_accepted(request, response, &track, &job, "track");
	else
		response_error(response, &info);
}
