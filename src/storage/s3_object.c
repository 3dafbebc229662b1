/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/text.h"
#include "storage/s3_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct s3 *of(struct storage *storage)
{
	return (struct s3 *)(void *)storage;
}

/* What the answer to CALL tells of KEY. */
static void describe(const struct s3_call *call, const char *key, struct storage_object *out)
{
	const char *length = transfer_answer_header(&call->exchange, "content-length");
	const char *modified = transfer_answer_header(&call->exchange, "last-modified");
	int64_t when = modified == NULL ? 0 : clock_parse_http_date(modified);

	*out = (struct storage_object){.key = arena_strdup(call->arena, key),
		.modified_s = when > 0 ? when : 0,
		.etag = s3_call_etag(call),
		.content_type = transfer_answer_header(&call->exchange, "content-type"),
		.sha256 = transfer_answer_header(&call->exchange, "x-amz-meta-sha256")};
	if (length == NULL || !text_to_u64(length, INT64_MAX, &out->size))
		out->size = 0;
}

void s3_describe(struct s3_call *call, const struct storage_put *put)
{
	struct buf tags;

	s3_call_header(call, "content-type", put->content_type);
	s3_call_header(call, "cache-control", put->cache_control);
	s3_call_header(call, "x-amz-meta-sha256", put->sha256);
	if (put->tag_count == 0)
		return;
	buf_init(&tags, 8192);
	for (size_t i = 0; i < put->tag_count; i++)
		buf_printf(&tags, "%s%s=%s", i == 0 ? "" : "&", sigv4_encode(put->tags[i].name, false, call->arena),
			sigv4_encode(put->tags[i].value, false, call->arena));
	s3_call_header(call, "x-amz-tagging", arena_strdup(call->arena, buf_text(&tags)));
	buf_free(&tags);
}

static void begin_put(struct s3_call *call, struct s3 *s3, const struct storage_put *put, struct arena *arena)
{
	s3_call_begin(call, s3, S3_COST_WRITE, "PUT", put->key, arena);
	s3_describe(call, put);
	if (put->if_absent)
		s3_call_header(call, "if-none-match", "*");
	s3_call_file(call, put->fd, put->offset, put->size, put->sha256);
}

enum err s3_put(struct storage *storage, const struct storage_put *put, struct arena *arena, struct storage_object *out,
	struct err_info *info)
{
	struct s3_call call;
	enum err err;

	begin_put(&call, of(storage), put, arena);
	err = s3_run_one(&call, info);
	if (err == ERR_OK)
		err = s3_call_confirm(&call, info);
	if (err == ERR_OK)
		*out = (struct storage_object){.key = arena_strdup(arena, put->key),
			.size = put->size,
			.modified_s = clock_seconds(of(storage)->options.clock),
			.etag = s3_call_etag(&call),
			.content_type = put->content_type == NULL ? NULL : arena_strdup(arena, put->content_type),
			.sha256 = put->sha256 == NULL ? NULL : arena_strdup(arena, put->sha256)};
	s3_call_end(&call);
	return err;
}

/* What it holds is freed before others begin. */
static void put_ended(void *context, struct s3_call *call)
{
	(void)context;
	if (call->err == ERR_OK)
		call->err = s3_call_confirm(call, &call->info);
	s3_call_end(call);
}

void s3_put_each(struct storage *storage, struct storage_sent *list, size_t count, struct arena *arena)
{
	struct s3_call *calls = arena_array(arena, count, sizeof *calls), **made = arena_array(arena, count, sizeof *made);
	size_t making = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].err != ERR_OK)
			continue;
		begin_put(&calls[i], of(storage), &list[i].put, arena);
		calls[i].ended = put_ended;
		calls[i].context = &list[i];
		made[making++] = &calls[i];
	}
	s3_run(of(storage), made, making, NULL);
	for (size_t i = 0; i < making; i++) {
		struct storage_sent *sent = made[i]->context;

		sent->err = made[i]->err;
		sent->info = made[i]->info;
		/* Those that a cancelled run never ended; twice does no harm. */
		s3_call_end(made[i]);
	}
}

/* What goes to the caller's sink, once it is sure that the range is the one that was asked for. */
struct pour {
	struct s3_call *call;
	storage_sink *sink;
	void *context;
	const char *expected; /* beginning of the Content-Range header; NULL: any */
	const char *key;
	struct storage_object *out; /* filled by the first bytes */
};

/* What the answer tells of the whole object, of which it may be a range. */
static void learn(const struct pour *pour)
{
	const char *total = transfer_answer_header(&pour->call->exchange, "content-range");

	describe(pour->call, pour->key, pour->out);
	total = total == NULL ? NULL : strchr(total, '/');
	if (total != NULL && !text_to_u64(total + 1, INT64_MAX, &pour->out->size))
		pour->out->size = 0;
}

static bool pour(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct pour *pour_ = context;
	const char *range = transfer_answer_header(&pour_->call->exchange, "content-range");

	if (pour_->expected != NULL &&
		(range == NULL || strncmp(range, pour_->expected, strlen(pour_->expected)) != 0)) {
		err_set(info, ERR_UNSUPPORTED, "the object store does not give the range it was asked for");
		return false;
	}
	if (pour_->out->key == NULL)
		learn(pour_);
	return pour_->sink(pour_->context, bytes, length, info);
}

enum err s3_get(struct storage *storage, const char *key, const struct storage_range *range, storage_sink *sink,
	void *context, struct arena *arena, struct storage_object *out, struct err_info *info)
{
	struct s3_call call;
	struct pour to = {&call, sink, context, NULL, key, out};
	enum err err;

	*out = (struct storage_object){0};
	s3_call_begin(&call, of(storage), S3_COST_READ, "GET", key, arena);
	if (range != NULL && (range->first > 0 || range->length > 0)) {
		const char *last =
			range->length == 0 ? "" : arena_printf(arena, "%" PRIu64, range->first + range->length - 1);

		s3_call_header(&call, "range", arena_printf(arena, "bytes=%" PRIu64 "-%s", range->first, last));
		to.expected = arena_printf(arena, "bytes %" PRIu64 "-", range->first);
	}
	call.sink = pour;
	call.sink_context = &to;
	err = s3_run_one(&call, info);
	if (err == ERR_OK && out->key == NULL)
		learn(&to);
	s3_call_end(&call);
	return err;
}

enum err s3_head(struct storage *storage, const char *key, struct arena *arena, struct storage_object *out,
	struct err_info *info)
{
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, of(storage), S3_COST_READ, "HEAD", key, arena);
	err = s3_run_one(&call, info);
	if (err == ERR_OK)
		describe(&call, key, out);
	s3_call_end(&call);
	return err;
}

void s3_head_each(struct storage *storage, struct storage_look *list, size_t count, struct arena *arena)
{
	struct s3_call *calls = arena_array(arena, count, sizeof *calls), **made = arena_array(arena, count, sizeof *made);
	size_t making = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].err != ERR_OK)
			continue;
		s3_call_begin(&calls[i], of(storage), S3_COST_READ, "HEAD", list[i].key, arena);
		calls[i].context = &list[i];
		made[making++] = &calls[i];
	}
	s3_run(of(storage), made, making, NULL);
	for (size_t i = 0; i < making; i++) {
		struct storage_look *look = made[i]->context;

		look->err = made[i]->err;
		look->info = made[i]->info;
		if (look->err == ERR_OK)
			describe(made[i], look->key, &look->object);
		s3_call_end(made[i]);
	}
}

enum err s3_copy(struct storage *storage, const char *from, const char *to, struct err_info *info)
{
	struct s3 *s3 = of(storage);
	struct arena arena = {0};
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, s3, S3_COST_WRITE, "PUT", to, &arena);
	s3_call_header(&call, "x-amz-copy-source",
		arena_printf(&arena, "/%s/%s", s3->address.bucket, sigv4_encode(from, true, &arena)));
	err = s3_run_one(&call, info);
	s3_call_end(&call);
	arena_free(&arena);
	return err;
}

enum err s3_presign(struct storage *storage, const char *method, const char *key, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info)
{
	struct s3 *s3 = of(storage);
	struct sigv4_credentials credentials;
	enum err err = credentials_get(s3->options.credentials, &credentials, info);

	if (err != ERR_OK)
		return err;
	return s3_address_presign(&s3->address, &credentials, method, key, -1, lifetime_s,
		clock_seconds(s3->options.clock), arena, url, info);
}
