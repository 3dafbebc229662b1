/* SPDX-License-Identifier: MIT */
#include "storage/s3_call.h"
#include "storage/s3_xml.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Pages of uploads, of 1,000 each. */
enum { PAGES_MOST = 100 };

static struct s3 *of(struct storage *storage)
{
	return (struct s3 *)(void *)storage;
}

/* One element that is looked for in an answer. */
struct wanted {
	const char *path, *text;
	struct arena *arena;
};

static void take_wanted(void *context, const char *path, const char *text)
{
	struct wanted *wanted = context;

	if (wanted->text == NULL && strcmp(path, wanted->path) == 0)
		wanted->text = arena_strdup(wanted->arena, text);
}

/* The text of the element PATH in the answer to CALL, which may be "". ERR_IO when it is not there. */
static enum err answer_text(const struct s3_call *call, const char *path, const char **out, struct err_info *info)
{
	struct wanted wanted = {path, NULL, call->arena};
	enum err err = s3_xml_walk(
		buf_text(&call->exchange.answer), call->exchange.answer.length, take_wanted, &wanted, info);

	if (err == ERR_OK && wanted.text == NULL)
		err = err_set(info, ERR_IO, "the object store's answer lacks %s", path);
	*out = wanted.text;
	return err;
}

enum err s3_upload_begin(struct storage *storage, const struct storage_put *put, struct arena *arena, const char **id,
	struct err_info *info)
{
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, of(storage), S3_COST_WRITE, "POST", put->key, arena);
	s3_call_query(&call, "uploads", "");
	s3_describe(&call, put);
	err = s3_run_one(&call, info);
	if (err == ERR_OK)
		err = answer_text(&call, "InitiateMultipartUploadResult/UploadId", id, info);
	if (err == ERR_OK && (*id)[0] == '\0')
		err = err_set(info, ERR_IO, "the object store gave an upload no id");
	s3_call_end(&call);
	return err;
}

/* A part on its way, and who is told of it. */
struct sending {
	struct s3_call call;
	struct storage_part *part;
	storage_part_done *done;
	void *context;
	struct arena *arena;
};

static void part_ended(void *context, struct s3_call *call)
{
	struct sending *sending = context;

	if (call->err == ERR_OK)
		call->err = s3_call_confirm(call, &call->info);
	if (call->err == ERR_OK && s3_call_etag(call) == NULL)
		call->err = err_set(&call->info, ERR_IO, "the object store gave a part no ETag");
	if (call->err == ERR_OK) {
		sending->part->etag = arena_strdup(sending->arena, s3_call_etag(call));
		if (sending->done != NULL)
			call->err = sending->done(sending->context, sending->part, &call->info);
	}
	s3_call_end(call);
}

enum err s3_upload_parts(struct storage *storage, const struct storage_put *put, const char *id,
	struct storage_part *parts, size_t count, storage_part_done *done, void *context, struct arena *arena,
	struct err_info *info)
{
	struct arena scratch = {0};
	struct sending *sending = arena_array(&scratch, count, sizeof *sending);
	struct s3_call **calls = arena_array(&scratch, count, sizeof *calls);
	size_t left = 0;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		struct sending *one = &sending[left];

		if (parts[i].etag != NULL)
			continue;
		*one = (struct sending){.part = &parts[i], .done = done, .context = context, .arena = arena};
		s3_call_begin(&one->call, of(storage), S3_COST_WRITE, "PUT", put->key, &scratch);
		s3_call_query(&one->call, "partNumber", arena_printf(&scratch, "%d", parts[i].number));
		s3_call_query(&one->call, "uploadId", id);
		s3_call_file(&one->call, put->fd, put->offset + parts[i].offset, parts[i].size, NULL);
		one->call.ended = part_ended;
		one->call.context = one;
		calls[left++] = &one->call;
	}
	err = s3_run(of(storage), calls, left, info);
	/* Those that a cancelled run never ended; twice does no harm. */
	for (size_t i = 0; i < left; i++)
		s3_call_end(calls[i]);
	arena_free(&scratch);
	return err;
}

enum err s3_upload_complete(struct storage *storage, const char *key, const char *id, const struct storage_part *parts,
	size_t count, struct arena *arena, const char **etag, struct err_info *info)
{
	struct s3_call call;
	struct buf text;
	enum err err;

	buf_init(&text, count * (S3_XML_TEXT + 128) + 256);
	buf_puts(&text, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "<Part><PartNumber>%d</PartNumber><ETag>\"", parts[i].number);
		s3_xml_escape(&text, parts[i].etag);
		buf_puts(&text, "\"</ETag></Part>");
	}
	buf_puts(&text, "</CompleteMultipartUpload>");
	s3_call_begin(&call, of(storage), S3_COST_WRITE, "POST", key, arena);
	s3_call_query(&call, "uploadId", id);
	s3_call_header(&call, "content-type", "application/xml");
	s3_call_text(&call, buf_text(&text));
	err = s3_run_one(&call, info);
	if (err == ERR_OK)
		err = answer_text(&call, "CompleteMultipartUploadResult/ETag", etag, info);
	if (err == ERR_OK && (*etag)[0] == '"')
		*etag = arena_memdup(arena, *etag + 1, strcspn(*etag + 1, "\""));
	/* Ceph says nothing the first time. */
	if (err == ERR_OK && (*etag)[0] == '\0')
		*etag = NULL;
	s3_call_end(&call);
	buf_free(&text);
	return err;
}

enum err s3_upload_abort(struct storage *storage, const char *key, const char *id, struct err_info *info)
{
	struct arena arena = {0};
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, of(storage), S3_COST_FREE, "DELETE", key, &arena);
	s3_call_query(&call, "uploadId", id);
	err = s3_run_one(&call, info);
	s3_call_end(&call);
	arena_free(&arena);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct uploads {
	struct arena *arena;
	struct storage_upload *list, open;
	size_t count;
	const char *next_key, *next_id; /* where the next page begins; NULL: at the beginning */
	bool more;
};

static void take_upload(void *context, const char *path, const char *text)
{
	static const char root[] = "ListMultipartUploadsResult/";
	struct uploads *uploads = context;
	struct tm tm = {0};

	if (strncmp(path, root, sizeof root - 1) != 0)
		return;
	path += sizeof root - 1;
	if (strcmp(path, "Upload/Key") == 0) {
		uploads->open.key = arena_strdup(uploads->arena, text);
	} else if (strcmp(path, "Upload/UploadId") == 0) {
		uploads->open.id = arena_strdup(uploads->arena, text);
	} else if (strcmp(path, "Upload/Initiated") == 0) {
		if (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL)
			uploads->open.begun_s = (int64_t)timegm(&tm);
	} else if (strcmp(path, "Upload") == 0) {
		if (uploads->open.key != NULL && uploads->open.id != NULL) {
			uploads->list = arena_grow(uploads->arena, uploads->list, uploads->count, sizeof *uploads->list);
			uploads->list[uploads->count++] = uploads->open;
		}
		uploads->open = (struct storage_upload){0};
	} else if (strcmp(path, "NextKeyMarker") == 0) {
		uploads->next_key = text[0] != '\0' ? arena_strdup(uploads->arena, text) : NULL;
	} else if (strcmp(path, "NextUploadIdMarker") == 0) {
		uploads->next_id = text[0] != '\0' ? arena_strdup(uploads->arena, text) : NULL;
	} else if (strcmp(path, "IsTruncated") == 0) {
		uploads->more = strcmp(text, "true") == 0;
	}
}

static enum err list_page(struct s3 *s3, const char *prefix, struct uploads *uploads, struct err_info *info)
{
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, s3, S3_COST_WRITE, "GET", NULL, uploads->arena);
	s3_call_query(&call, "uploads", "");
	s3_call_query(&call, "prefix", prefix[0] != '\0' ? prefix : NULL);
	s3_call_query(&call, "key-marker", uploads->next_key);
	s3_call_query(&call, "upload-id-marker", uploads->next_key != NULL ? uploads->next_id : NULL);
	uploads->next_key = uploads->next_id = NULL;
	uploads->more = false;
	err = s3_run_one(&call, info);
	if (err == ERR_OK)
		err = s3_xml_walk(
			buf_text(&call.exchange.answer), call.exchange.answer.length, take_upload, uploads, info);
	s3_call_end(&call);
	return err;
}

enum err s3_upload_list(struct storage *storage, const char *prefix, struct arena *arena, struct storage_upload **out,
	size_t *count, struct err_info *info)
{
	struct uploads uploads = {.arena = arena};
	enum err err = list_page(of(storage), prefix, &uploads, info);

	for (int page = 1; err == ERR_OK && uploads.more && uploads.next_key != NULL && page < PAGES_MOST; page++)
		err = list_page(of(storage), prefix, &uploads, info);
	*out = uploads.list;
	*count = uploads.count;
	return err;
}
