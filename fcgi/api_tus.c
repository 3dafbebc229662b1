/* SPDX-License-Identifier: MIT */
/*
 * /uploads: resumable uploads by tus 1.0 (https://tus.io/protocols/resumable-upload) with its extensions creation,
 * creation-defer-length, creation-with-upload, expiration, checksum, termination and concatenation; of them all only
 * checksum-trailer is missing, as FastCGI has no trailers.
 *
 *     POST: a row ──► PATCH…: pieces ──► the last byte ──► track and job, named in Tonearm-Track and Tonearm-Job
 *
 * The metadata are the fields of an upload by form, and the file's name. What refuses an upload by form refuses one
 * here when it is begun, before a byte is sent. One whose last byte came, but that could not be queued then, becomes a
 * track with the HEAD by which the client looks how far it is.
 */
#include "fcgi/api.h"
#include "fcgi/tus_visit.h"

#include "auth/scope.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/tus.h"
#include "model/job_key.h"
#include "storage/arrival.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static const char piece_type[] = "application/offset+octet-stream";

static void put_features(struct response *response, const struct conf *conf)
{
	response_header(response, "Tus-Version", TUS_VERSION);
	response_header(response, "Tus-Extension",
		"creation,creation-defer-length,creation-with-upload,expiration,checksum,termination,concatenation");
	response_header(response, "Tus-Checksum-Algorithm", DIGEST_NAMES);
	response_headerf(response, "Tus-Max-Size", "%" PRId64, conf->upload_size);
}

void api_tus_options(struct request *request, struct response *response)
{
	bool one = request->capture[0] != NULL;
	const char *methods = one ? "HEAD, POST, PATCH, DELETE, OPTIONS" : "POST, OPTIONS";

	response_status(response, 204);
	response_header(response, "Allow", methods);
	response_header(response, "Tus-Resumable", TUS_VERSION);
	put_features(response, responder_of(request)->conf);
	response_header(response, "Access-Control-Allow-Methods", methods);
	response_header(response, "Access-Control-Allow-Headers",
		"Authorization, Content-Type, Idempotency-Key, Tus-Resumable, Upload-Checksum, Upload-Concat, "
		"Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, "
		"X-Request-Id, X-Requested-With");
	response_header(response, "Access-Control-Max-Age", "7200");
	response_begin(response);
}

/* The fields of every answer, and who asks. */
static enum err enter(struct tus_visit *visit)
{
	struct request *request = visit->request;
	const char *version = request_header(request, "tus-resumable");

	visit->response->exposed = ", Tonearm-Job, Tonearm-Track, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Concat, "
				   "Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset";
	response_status(visit->response, 204);
	response_header(visit->response, "Tus-Resumable", TUS_VERSION);
	if (version == NULL || strcmp(version, TUS_VERSION) != 0) {
		response_header(visit->response, "Tus-Version", TUS_VERSION);
		return err_set(&visit->info, ERR_PRECONDITION, "Tus-Resumable must be %s", TUS_VERSION);
	}
	return access_scope_all(
		&visit->responder->access, request, SCOPE_TRACK_WRITE, &visit->claims, &visit->info);
}

static struct tus_visit visit_of(struct request *request, struct response *response)
{
	return (struct tus_visit){.request = request, .response = response, .responder = responder_of(request)};
}

static void refuse(struct tus_visit *visit)
{
	if (visit->info.code == ERR_TOO_LARGE)
		response_headerf(visit->response, "Tus-Max-Size", "%" PRId64, visit->responder->conf->upload_size);
	response_error(visit->response, &visit->info);
}

static void put_track(struct tus_visit *visit)
{
	const struct resumable *row = &visit->row;
	const char *root = responder_root(visit->request);

	if (row->track == NULL)
		return;
	response_headerf(visit->response, "Tonearm-Track", "%s/api/v1/tracks/%s", root, row->track);
	response_headerf(visit->response, "Tonearm-Job", "%s/internal/jobs/%s", root, row->job);
}

static bool has_piece(const struct request *request)
{
	return strcasecmp(request->content_type, piece_type) == 0;
}

static enum err remove_upload(struct tus_visit *visit, const char *id)
{
	struct responder *responder = visit->responder;
	struct db *db;
	enum err err = db_pool_take(responder->pool, &db, &visit->info);

	if (err != ERR_OK)
		return err;
	err = arrival_remove(responder->conf, db, responder->access.clock, id, visit->claims.subject,
		visit->request->arena, &visit->info);
	db_pool_give(responder->pool, db);
	return err;
}

static enum err read_length(struct tus_visit *visit, int64_t *out)
{
	const char *text = request_header(visit->request, "upload-length");
	uint64_t length = 0;

	if (text == NULL || !text_to_u64(text, INT64_MAX, &length))
		return err_set(&visit->info, ERR_BAD_REQUEST, "Upload-Length must be the number of bytes");
	if (length == 0)
		return err_set(&visit->info, ERR_UNPROCESSABLE, "the file is empty: upload it again");
	*out = (int64_t)length;
	if (*out > visit->responder->conf->upload_size)
		return err_set(&visit->info, ERR_TOO_LARGE, "an upload may have %" PRId64 " bytes",
			visit->responder->conf->upload_size);
	return ERR_OK;
}

/* The length, or that a later piece tells it. */
static enum err read_promise(struct tus_visit *visit)
{
	const char *later = request_header(visit->request, "upload-defer-length");

	if (later == NULL)
		return read_length(visit, &visit->row.length);
	visit->row.length = RESUMABLE_LENGTH_OPEN;
	if (strcmp(later, "1") != 0 || request_header(visit->request, "upload-length") != NULL)
		return err_set(&visit->info, ERR_BAD_REQUEST, "Upload-Defer-Length must be 1, without Upload-Length");
	return ERR_OK;
}

/* All that can be refused before a byte was sent. */
static enum err judge(struct tus_visit *visit, struct tus_concat *concat, struct ingest *ingest)
{
	static const enum resumable_kind kinds[] = {RESUMABLE_WHOLE, RESUMABLE_PARTIAL, RESUMABLE_FINAL};
	struct request *request = visit->request;
	const char *header = request_header(request, "upload-concat"), *metadata = request_header(request, "upload-metadata");
	const char *key = request_header(request, "idempotency-key");
	enum err err = tus_concat(header, request->arena, concat, &visit->info);

	visit->row = (struct resumable){.owner = visit->claims.subject,
		.kind = kinds[concat->kind],
		.metadata = metadata != NULL ? metadata : "",
		.concat = header != NULL ? header : "",
		.idempotency_key = key};
	if (err == ERR_OK && key != NULL)
		err = job_key_check(key, &visit->info);
	if (err == ERR_OK && concat->kind != TUS_FINAL)
		err = read_promise(visit);
	if (err == ERR_OK)
		err = tus_read_metadata(visit, ingest);
	if (err == ERR_OK)
		err = tus_checksum(request_header(request, "upload-checksum"), request->arena, &visit->checksum, &visit->info);
	return err == ERR_OK ? api_queue_check(visit->responder, &visit->info) : err;
}

static enum err begin(struct tus_visit *visit, const struct tus_concat *concat, const struct ingest *ingest)
{
	struct responder *responder = visit->responder;
	const struct clock *clock = responder->access.clock;
	struct track track;
	struct job job;
	struct db *db;
	enum err err = db_pool_take(responder->pool, &db, &visit->info);

	if (err != ERR_OK)
		return err;
	if (concat->kind != TUS_FINAL) {
		err = arrival_begin(responder->conf, db, clock, &visit->row, &visit->info);
	} else {
		err = arrival_join(responder->conf, db, clock, concat->parts, concat->count, &visit->row, ingest,
			visit->request->arena, &track, &job, &visit->info);
		tus_count(visit, err);
		visit->offset = visit->row.length;
	}
	db_pool_give(responder->pool, db);
	return err;
}

/* The piece that came with the creation. Nobody could take up what failed, as its address was not told. */
static enum err receive_first(struct tus_visit *visit, const char *id)
{
	enum err err = tus_receive(visit, id);
	struct err_info why = visit->info;

	if (err == ERR_OK)
		return ERR_OK;
	remove_upload(visit, id);
	visit->info = why;
	return err;
}

static void put_progress(struct tus_visit *visit)
{
	char date[CLOCK_TEXT];

	response_headerf(visit->response, "Upload-Offset", "%" PRId64, visit->offset);
	response_header(visit->response, "Upload-Expires", clock_http_date(visit->row.expires_ms / 1000, date));
	put_track(visit);
}

void api_tus_create(struct request *request, struct response *response)
{
	struct tus_visit visit = visit_of(request, response);
	struct tus_concat concat;
	struct ingest ingest;
	const char *id = "";
	enum err err = enter(&visit);

	if (err == ERR_OK)
		err = judge(&visit, &concat, &ingest);
	if (err == ERR_OK)
		err = begin(&visit, &concat, &ingest);
	if (err == ERR_OK)
		id = arena_strdup(request->arena, visit.row.id);
	if (err == ERR_OK && concat.kind != TUS_FINAL && has_piece(request))
		err = receive_first(&visit, id);
	if (err != ERR_OK) {
		refuse(&visit);
		return;
	}
	response_status(response, 201);
	response_headerf(response, "Location", "%s/uploads/%s", responder_root(request), id);
	response_header(response, "Content-Length", "0");
	put_progress(&visit);
	response_begin(response);
}

static enum err look(struct tus_visit *visit, const char *id)
{
	struct responder *responder = visit->responder;
	struct db *db;
	enum err err;

	response_wait(visit->response, 0); /* what comes syncs a file: an event loop goes on without this thread */
	err = db_pool_take(responder->pool, &db, &visit->info);
	if (err != ERR_OK)
		return err;
	err = arrival_look(responder->conf, db, responder->access.clock, id, visit->claims.subject,
		visit->request->arena, &visit->row, &visit->offset, &visit->info);
	db_pool_give(responder->pool, db);
	if (err == ERR_OK && visit->row.kind == RESUMABLE_WHOLE && visit->row.track == NULL &&
		visit->offset == visit->row.length)
		err = tus_finish(visit, id);
	return err;
}

void api_tus_head(struct request *request, struct response *response)
{
	struct tus_visit visit = visit_of(request, response);
	enum err err = enter(&visit);

	if (err == ERR_OK)
		err = look(&visit, request->capture[0]);
	if (err != ERR_OK) {
		refuse(&visit);
		return;
	}
	response_status(response, 200);
	response_header(response, "Cache-Control", "no-store");
	if (visit.row.length == RESUMABLE_LENGTH_OPEN)
		response_header(response, "Upload-Defer-Length", "1");
	else
		response_headerf(response, "Upload-Length", "%" PRId64, visit.row.length);
	if (visit.row.metadata[0] != '\0')
		response_header(response, "Upload-Metadata", visit.row.metadata);
	if (visit.row.concat[0] != '\0')
		response_header(response, "Upload-Concat", visit.row.concat);
	put_progress(&visit);
	response_begin(response);
}

void api_tus_patch(struct request *request, struct response *response)
{
	struct tus_visit visit = visit_of(request, response);
	const char *text = request_header(request, "upload-offset");
	uint64_t offset = 0;
	enum err err = enter(&visit);

	if (err == ERR_OK && !has_piece(request))
		err = err_set(&visit.info, ERR_UNSUPPORTED, "the body must be %s", piece_type);
	if (err == ERR_OK && (text == NULL || !text_to_u64(text, INT64_MAX, &offset)))
		err = err_set(&visit.info, ERR_BAD_REQUEST, "Upload-Offset must say where the piece begins");
	visit.offset = (int64_t)offset;
	if (err == ERR_OK && request_header(request, "upload-length") != NULL)
		err = read_length(&visit, &visit.length);
	if (err == ERR_OK)
		err = tus_checksum(request_header(request, "upload-checksum"), request->arena, &visit.checksum, &visit.info);
	if (err == ERR_OK)
		err = tus_receive(&visit, request->capture[0]);
	if (err != ERR_OK) {
		refuse(&visit);
		return;
	}
	put_progress(&visit);
	response_begin(response);
}

void api_tus_delete(struct request *request, struct response *response)
{
	struct tus_visit visit = visit_of(request, response);
	enum err err = enter(&visit);

	if (err == ERR_OK)
		err = remove_upload(&visit, request->capture[0]);
	if (err == ERR_OK)
		response_begin(response);
	else
		refuse(&visit);
}

void api_tus_override(struct request *request, struct response *response)
{
	static const struct {
		const char *method;
		void (*handler)(struct request *request, struct response *response);
	} known[] = {{"PATCH", api_tus_patch}, {"DELETE", api_tus_delete}, {"HEAD", api_tus_head}};
	const char *method = request_header(request, "x-http-method-override");

	for (size_t i = 0; method != NULL && i < sizeof known / sizeof *known; i++) {
		if (strcmp(method, known[i].method) == 0) {
			known[i].handler(request, response);
			return;
		}
	}
	response_status(response, 405);
	response_header(response, "Allow", "HEAD, PATCH, DELETE, OPTIONS");
	response_problem(response, ERR_METHOD, "X-HTTP-Method-Override must be PATCH, DELETE or HEAD");
}
