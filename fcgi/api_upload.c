/* SPDX-License-Identifier: MIT */
/*
 * POST /api/v1/tracks: a multipart form or the bytes themselves, streamed into the spool.
 *
 *     token, size, queue, place, space ──► spool ◄── body as it comes ──► ingest: track and job ──► 202
 *
 * Whatever can be refused is refused before the body is read. No connection to the database is held while a client
 * sends.
 */
#include "fcgi/api.h"
#include "fcgi/api_fields.h"

#include "auth/scope.h"
#include "http/multipart.h"
#include "model/job_key.h"
#include "storage/ingest.h"

#include <string.h>
#include <strings.h>

/* Bytes read at a time, of a text field, and of all that a form adds to its file. */
enum { PIECE = 64 * 1024, FIELD_MOST = 16 * 1024, FORM_MOST = 256 * 1024 };

struct upload {
	struct request *request;
	struct responder *responder;
	struct spool spool;
	int slot;
	const char *source_name;
	struct api_fields fields;
	bool has_file;
	enum api_field field; /* that the present part fills; FIELD_COUNT for the file */
	struct buf text;
};

static enum err part_begin(void *context, const struct multipart_part *part, struct err_info *info)
{
	struct upload *upload = context;

	upload->field = api_field_find(part->name);
	if (upload->field < FIELD_COUNT) {
		buf_clear(&upload->text);
		if (upload->fields.values[upload->field] != NULL)
			return err_set(info, ERR_UNPROCESSABLE, "the form has \"%s\" twice", part->name);
		return ERR_OK;
	}
	if (strcmp(part->name, "file") != 0)
		return err_set(info, ERR_UNPROCESSABLE, "the form has no field \"%.64s\"", part->name);
	if (upload->has_file)
		return err_set(info, ERR_UNPROCESSABLE, "the form has \"file\" twice");
	upload->has_file = true;
	upload->source_name = arena_strdup(upload->request->arena, part->filename);
	return ERR_OK;
}

static enum err part_data(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct upload *upload = context;

	if (upload->field == FIELD_COUNT)
		return spool_write(&upload->spool, bytes, length, info);
	buf_put(&upload->text, bytes, length);
	if (upload->text.overflow || memchr(bytes, '\0', length) != NULL)
		return err_set(info, ERR_UNPROCESSABLE, "\"%s\" is no text, or longer than %d bytes",
			api_field_name(upload->field), FIELD_MOST);
	return ERR_OK;
}

static enum err part_end(void *context, struct err_info *info)
{
	struct upload *upload = context;

	(void)info;
	if (upload->field < FIELD_COUNT)
		upload->fields.values[upload->field] = arena_strdup(upload->request->arena, buf_text(&upload->text));
	return ERR_OK;
}

/* Hands the body to TAKE piece by piece. */
static enum err read_body(struct upload *upload,
	enum err (*take)(void *context, const void *bytes, size_t length, struct err_info *info), void *context,
	struct err_info *info)
{
	char *piece = arena_alloc(upload->request->arena, PIECE);
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		ssize_t got = request_read(upload->request, piece, PIECE);

		if (got == 0)
			return ERR_OK;
		err = got < 0 ? request_broken(upload->request, info) : take(context, piece, (size_t)got, info);
	}
	return err;
}

static enum err feed(void *context, const void *bytes, size_t length, struct err_info *info)
{
	return multipart_feed(context, bytes, length, info);
}

static enum err read_form(struct upload *upload, struct err_info *info)
{
	const struct multipart_sink sink = {part_begin, part_data, part_end, upload};
	struct multipart *multipart;
	enum err err = multipart_open(upload->request->content_type, &sink, &multipart, info);

	if (err != ERR_OK)
		return err;
	buf_init(&upload->text, FIELD_MOST);
	err = read_body(upload, feed, multipart, info);
	if (err == ERR_OK)
		err = multipart_finish(multipart, info);
	if (err == ERR_OK && !upload->has_file)
		err = err_set(info, ERR_UNPROCESSABLE, "the form lacks a \"file\"");
	buf_free(&upload->text);
	multipart_free(multipart);
	return err;
}

static enum err put_bytes(void *context, const void *bytes, size_t length, struct err_info *info)
{
	return spool_write(context, bytes, length, info);
}

/* The file is the whole body; what a form says in fields stands in the query. */
static enum err read_raw(struct upload *upload, struct err_info *info)
{
	struct request *request = upload->request;

	upload->source_name = api_disposition_name(request_header(request, "content-disposition"), request->arena);
	if (upload->source_name == NULL)
		upload->source_name = request_query(request, "filename");
	for (enum api_field field = 0; field < FIELD_COUNT; field++)
		upload->fields.values[field] = request_query(request, api_field_name(field));
	return read_body(upload, put_bytes, &upload->spool, info);
}

static bool is_form(const char *type)
{
	return strncasecmp(type, "multipart/form-data", strlen("multipart/form-data")) == 0;
}

/* What clients call sound; what it really is its first bytes say. */
static bool is_sound(const char *type)
{
	static const char *const known[] = {
		"audio/", "application/octet-stream", "application/ogg", "video/mp4", "video/ogg", "video/webm"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strncasecmp(type, known[i], strlen(known[i])) == 0)
			return true;
	}
	return false;
}

/* All that the header of the request tells. */
static enum err judge(const struct upload *upload, struct err_info *info)
{
	const struct request *request = upload->request;
	const struct conf *conf = upload->responder->conf;
	const char *key = request_header(request, "idempotency-key");
	int64_t most = conf->upload_size;

	if (key != NULL && job_key_check(key, info) != ERR_OK)
		return ERR_UNPROCESSABLE;
	if (is_form(request->content_type))
		most += FORM_MOST;
	else if (!is_sound(request->content_type))
		return err_set(info, ERR_UNSUPPORTED, "the body must be multipart/form-data or a sound file");
	else if (request->content_length < 0)
		return err_set(info, ERR_LENGTH_REQUIRED, "Content-Length is missing");
	if (request->content_length > most)
		return err_set(info, ERR_TOO_LARGE, "an upload may have %lld bytes", (long long)conf->upload_size);
	return ERR_OK;
}

static enum err ingest_upload(
	struct upload *upload, const char *owner, struct track *track, struct job *job, struct err_info *info)
{
	struct responder *responder = upload->responder;
	struct ingest ingest = {.owner = owner,
		.source_name = upload->source_name,
		.key = request_header(upload->request, "idempotency-key")};
	struct db *db;
	enum err err = api_fields_read(responder->conf, &upload->fields, upload->request->arena, &ingest, info);

	if (err == ERR_OK)
		err = db_pool_take(responder->pool, &db, info);
	if (err != ERR_OK)
		return err;
	err = ingest_spool(responder->conf, db, &upload->spool, &ingest, responder->access.clock,
		upload->request->arena, track, job, info);
	db_pool_give(responder->pool, db);
	return err;
}

static enum err take_upload(struct upload *upload, struct track *track, struct job *job, struct err_info *info)
{
	struct request *request = upload->request;
	struct jwt_claims claims;
	enum err err = access_scope_all(&upload->responder->access, request, SCOPE_TRACK_WRITE, &claims, info);

	if (err == ERR_OK)
		err = judge(upload, info);
	if (err == ERR_OK)
		err = api_queue_check(upload->responder, info);
	if (err == ERR_OK)
		err = api_upload_begin(request, &upload->slot, info);
	if (err == ERR_OK)
		err = spool_open(upload->responder->conf, request->arena, &upload->spool, info);
	if (err == ERR_OK)
		err = is_form(request->content_type) ? read_form(upload, info) : read_raw(upload, info);
	return err == ERR_OK ? ingest_upload(upload, claims.subject, track, job, info) : err;
}

void api_track_upload(struct request *request, struct response *response)
{
	struct upload upload = {.request = request, .responder = responder_of(request), .slot = -1};
	struct err_info info;
	struct track track;
	struct job job;
	enum err err = take_upload(&upload, &track, &job, &info);

	api_upload_end(request, upload.slot);
	spool_discard(&upload.spool);
	metrics_add(upload.responder->metrics, METRIC_UPLOADS, 1, err == ERR_OK ? "accepted" : err_slug(err));
	if (err == ERR_OK)
		api_accepted(request, response, &track, &job, "track");
	else
		response_error(response, &info);
}
