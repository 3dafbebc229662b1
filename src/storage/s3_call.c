/* SPDX-License-Identifier: MIT */
#include "storage/s3_call.h"

#include "base/clock.h"
#include "storage/storage_metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

enum { ANSWER_MOST = 8 << 20, BASE64_MOST = 64 };

void s3_call_begin(struct s3_call *call, struct s3 *s3, enum s3_cost cost, const char *method, const char *key,
	struct arena *arena)
{
	*call = (struct s3_call){.s3 = s3,
		.arena = arena,
		.cost = cost,
		.method = method,
		.path = s3_address_path(&s3->address, key, arena),
		.of_bucket = key == NULL,
		.payload = SIGV4_EMPTY};
	s3_call_header(call, "host", s3->address.host);
	buf_init(&call->exchange.answer, ANSWER_MOST);
}

void s3_call_end(struct s3_call *call)
{
	buf_free(&call->exchange.answer);
	s3_body_end(&call->body);
}

void s3_call_header(struct s3_call *call, const char *name, const char *value)
{
	if (value == NULL)
		return;
	assert(call->header_count < S3_HEADERS_MOST);
	call->headers[call->header_count++] = (struct transfer_header){name, value};
}

void s3_call_query(struct s3_call *call, const char *name, const char *value)
{
	if (value == NULL)
		return;
	assert(call->query_count < S3_QUERY_MOST);
	call->query[call->query_count++] = (struct sigv4_pair){name, value};
}

static const char *base64(const unsigned char *bytes, size_t length, struct arena *arena)
{
	char *text = arena_alloc(arena, BASE64_MOST);

	assert(length <= HASH_SIZE);
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
	return text;
}

static const char *hex(const unsigned char *bytes, size_t length, struct arena *arena)
{
	char *text = arena_alloc(arena, 2 * length + 1);

	hash_hex(bytes, length, text);
	return text;
}

void s3_call_file(struct s3_call *call, int fd, uint64_t offset, uint64_t size, const char *sha256)
{
	call->has_body = true;
	s3_body_file(&call->body, fd, offset, size);
	s3_body_know(&call->body, sha256);
}

void s3_call_text(struct s3_call *call, const char *text)
{
	struct err_info info;

	call->has_body = true;
	s3_body_text(&call->body, text);
	s3_body_digest(&call->body, &info);
	call->payload = hex(call->body.digests.sha256, HASH_SIZE, call->arena);
	s3_call_header(call, "content-md5", base64(call->body.digests.md5, S3_MD5_SIZE, call->arena));
}

/* Hashes a file's bytes, unless that is done on their way, and adds what the store shall check. */
static enum err prepare_file(struct s3_call *call, struct err_info *info)
{
	const struct s3_options *options = &call->s3->options;
	struct s3_body *body = &call->body;
	/* A store that compares the SHA-256 needs no MD5 besides, and to have that the file would be read before. */
	bool sums = options->checksum == S3_CHECKSUM_MD5 && (!body->known || options->payload == S3_PAYLOAD_UNSIGNED);
	enum err err = ERR_OK;

	/* Ceph takes no empty body in chunks. */
	if (options->payload == S3_PAYLOAD_CHUNKED && body->size > 0) {
		call->payload = SIGV4_CHUNKED;
		s3_call_header(call, "content-encoding", "aws-chunked");
		s3_call_header(
			call, "x-amz-decoded-content-length", arena_printf(call->arena, "%" PRIu64, body->size));
		return ERR_OK;
	}
	if (body->known && !sums && body->size > 0)
		s3_body_rewind(body);
	else if ((err = s3_body_digest(body, info)) != ERR_OK)
		return err;
	call->payload = options->payload == S3_PAYLOAD_UNSIGNED ? SIGV4_UNSIGNED
								 : hex(body->digests.sha256, HASH_SIZE, call->arena);
	if (sums)
		s3_call_header(call, "content-md5", base64(body->digests.md5, S3_MD5_SIZE, call->arena));
	else if (options->checksum == S3_CHECKSUM_SHA256)
		s3_call_header(
			call, "x-amz-checksum-sha256", base64(body->digests.sha256, HASH_SIZE, call->arena));
	return ERR_OK;
}

/* Signs CALL and fills the exchange's URL and headers. */
static enum err sign(struct s3_call *call, struct err_info *info)
{
	const struct s3_options *options = &call->s3->options;
	struct sigv4_pair pairs[S3_HEADERS_MOST];
	struct sigv4_request request = {.method = call->method,
		.path = call->path,
		.query = call->query,
		.query_count = call->query_count,
		.headers = pairs,
		.header_count = call->header_count,
		.payload = call->payload,
		.region = call->s3->address.region,
		.service = "s3",
		.time_s = clock_seconds(options->clock)};
	struct sigv4_credentials credentials;
	struct sigv4_signed made;
	const char *query;
	enum err err;

	if ((err = credentials_get(options->credentials, &credentials, info)) != ERR_OK)
		return err;
	for (size_t i = 0; i < call->header_count; i++)
		pairs[i] = (struct sigv4_pair){call->headers[i].name, call->headers[i].value};
	if ((err = sigv4_sign(&request, &credentials, call->arena, &made, info)) != ERR_OK)
		return err;
	if ((err = sigv4_query(call->query, call->query_count, call->arena, &query, info)) != ERR_OK)
		return err;
	s3_call_header(call, "x-amz-date", made.date);
	if (credentials.session_token != NULL)
		s3_call_header(call, "x-amz-security-token", arena_strdup(call->arena, credentials.session_token));
	s3_call_header(call, "authorization", made.authorization);
	call->exchange.url = arena_printf(call->arena, "%s%s%s%s%s", call->s3->address.scheme, call->s3->address.host,
		sigv4_encode(call->path, true, call->arena), call->query_count > 0 ? "?" : "", query);
	if (call->has_body && strcmp(call->payload, SIGV4_CHUNKED) == 0) {
		struct sigv4_chunks chunks;

		sigv4_chunks_begin(&chunks, &request, &credentials, &made);
		s3_body_chunk(&call->body, &chunks);
		sigv4_chunks_end(&chunks);
	}
	return ERR_OK;
}

/* Just before the request begins. */
static enum err prepare(void *context, struct transfer_exchange *exchange, struct err_info *info)
{
	struct s3_call *call = context;
	const struct s3_budget *budget = &call->s3->options.budget;
	const struct s3_guard *guard = &call->s3->options.guard;
	enum err err = ERR_OK;

	if (guard->ask != NULL)
		err = guard->ask(guard->context, info);
	if (err == ERR_OK && budget->spend != NULL)
		err = budget->spend(budget->context, call->cost, info);
	if (err == ERR_OK && call->has_body && call->body.text == NULL)
		err = prepare_file(call, info);
	if (err != ERR_OK)
		return err;
	s3_call_header(call, "x-amz-content-sha256", call->payload);
	if ((err = sign(call, info)) != ERR_OK)
		return err;
	exchange->headers = call->headers;
	exchange->header_count = call->header_count;
	if (call->has_body) {
		call->transfer_body = (struct transfer_body){
			.length = call->body.chunked ? s3_body_wire_size(call->body.size) : call->body.size,
			.read = s3_body_read,
			.rewind = s3_body_rewind,
			.context = &call->body};
		exchange->body = &call->transfer_body;
	}
	call->began_us = clock_monotonic_us();
	return ERR_OK;
}

static bool pour(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct s3_call *call = context;

	call->poured += length;
	return call->sink(call->sink_context, bytes, length, info);
}

/* Of the bucket a list is asked, or that several objects be removed. */
static const char *operation(const struct s3_call *call)
{
	static const char *const names[][2] = {
		{"GET", "get"}, {"HEAD", "head"}, {"PUT", "put"}, {"POST", "post"}, {"DELETE", "delete"}};

	if (call->of_bucket)
		return strcmp(call->method, "GET") == 0 ? "list" : "delete";
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(call->method, names[i][0]) == 0)
			return names[i][1];
	}
	return "other";
}

static void count(const struct s3_call *call)
{
	if (call->began_us > 0)
		storage_metrics_count(operation(call), call->err, clock_monotonic_us() - call->began_us,
			call->poured + call->exchange.answer.length,
			call->has_body && call->err == ERR_OK ? call->body.size : 0);
}

static void landed(void *context, struct transfer_exchange *exchange)
{
	struct s3_call *call = context;
	const struct s3_guard *guard = &call->s3->options.guard;

	call->info = exchange->info;
	call->err = exchange->err;
	if (call->body.altered)
		call->err = err_set(&call->info, ERR_UNPROCESSABLE, "it is not what it was when it was made");
	if (call->err == ERR_OK)
		call->err = s3_judge(call->s3, exchange->status, buf_text(&exchange->answer), exchange->answer.length,
			arena_printf(call->arena, "%s %.80s", call->method, call->path), &call->info);
	count(call);
	/* What nobody took was given all the same; what is altered here says nothing of the store. */
	if (call->began_us > 0 && !call->body.altered && guard->ended != NULL)
		guard->ended(guard->context, exchange->refused ? ERR_OK : call->err);
	if (call->ended != NULL)
		call->ended(call->context, call);
}

enum err s3_run(struct s3 *s3, struct s3_call **list, size_t count, struct err_info *info)
{
	struct arena arena = {0};
	struct transfer_exchange **exchanges = arena_array(&arena, count, sizeof *exchanges);
	enum err err = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		struct transfer_exchange *exchange = &list[i]->exchange;

		exchange->method = list[i]->method;
		exchange->arena = list[i]->arena;
		exchange->prepare = prepare;
		exchange->landed = landed;
		exchange->context = list[i];
		exchange->sink = list[i]->sink == NULL ? NULL : pour;
		list[i]->err = ERR_ABORTED;
		err_set(&list[i]->info, ERR_ABORTED, "the transfer was cancelled");
		exchanges[i] = exchange;
	}
	transfer_run(s3->transfer, exchanges, count);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		if (list[i]->err != ERR_OK)
			err = err_set(info, list[i]->err, "%s", list[i]->info.detail);
	}
	arena_free(&arena);
	return err;
}

enum err s3_run_one(struct s3_call *call, struct err_info *info)
{
	return s3_run(call->s3, &call, 1, info);
}

const char *s3_call_etag(const struct s3_call *call)
{
	const char *etag = transfer_answer_header(&call->exchange, "etag");
	size_t length = etag == NULL ? 0 : strlen(etag);

	if (length < 2 || etag[0] != '"' || etag[length - 1] != '"')
		return etag;
	return arena_memdup(call->arena, etag + 1, length - 2);
}

enum err s3_call_confirm(struct s3_call *call, struct err_info *info)
{
	const char *etag = s3_call_etag(call);
	const char *sum = transfer_answer_header(&call->exchange, "x-amz-checksum-sha256");
	const char *sealed = transfer_answer_header(&call->exchange, "x-amz-server-side-encryption");
	const struct s3_digests *digests = &call->body.digests;
	unsigned char md5[S3_MD5_SIZE];
	bool same;

	/* With the key management of a store an ETag has 32 digits too, but is no MD5. */
	if (sum != NULL)
		same = strcmp(sum, base64(digests->sha256, HASH_SIZE, call->arena)) == 0;
	else if (etag != NULL && (sealed == NULL || strcmp(sealed, "AES256") == 0) &&
		 hash_from_hex(etag, md5, sizeof md5))
		same = hash_equal(md5, digests->md5, sizeof md5);
	else if (call->s3->options.payload == S3_PAYLOAD_UNSIGNED && call->s3->options.checksum == S3_CHECKSUM_NONE)
		return err_set(info, ERR_UNSUPPORTED, "the object store tells no checksum: sign bodies, or send one");
	else
		same = true;
	return same ? ERR_OK : err_set(info, ERR_IO, "the object store has something else than what was sent");
}
