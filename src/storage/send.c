/* SPDX-License-Identifier: MIT */
#include "storage/send.h"

#include "base/hash.h"
#include "base/log.h"
#include "model/sending.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MD5_SIZE = 16 };

/* One file in parts. */
struct delivery {
	struct send *send;
	const struct storage_put *put;
	struct arena *arena;
	struct sending record;
	struct storage_part *parts;
	size_t count;
};

/* Tells one state of a file from another: its checksum, else what the file system says. */
static enum err identify(const struct storage_put *put, struct arena *arena, const char **out, struct err_info *info)
{
	struct stat st;

	if (put->sha256 != NULL) {
		*out = arena_printf(arena, "sha256 %s", put->sha256);
		return ERR_OK;
	}
	if (fstat(put->fd, &st) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot look at a file to upload");
	*out = arena_printf(arena, "file %llu %llu %lld.%09ld", (unsigned long long)st.st_ino,
		(unsigned long long)put->offset, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return ERR_OK;
}

static void divide(struct delivery *delivery)
{
	uint64_t size = delivery->put->size, part = (uint64_t)delivery->record.part_size;

	delivery->count = (size_t)((size + part - 1) / part);
	delivery->parts = arena_array(delivery->arena, delivery->count, sizeof *delivery->parts);
	for (size_t i = 0; i < delivery->count; i++) {
		uint64_t at = i * part;

		delivery->parts[i] = (struct storage_part){
			.number = (int)i + 1, .offset = at, .size = size - at < part ? size - at : part};
	}
}

static enum err begin_anew(struct delivery *delivery, const char *source, struct err_info *info)
{
	struct send *send = delivery->send;
	uint64_t part = send->part_size;
	const char *id;
	enum err err;

	while ((delivery->put->size + part - 1) / part > STORAGE_PARTS_MOST)
		part *= 2;
	if ((err = storage_upload_begin(send->storage, delivery->put, delivery->arena, &id, info)) != ERR_OK)
		return err;
	delivery->record = (struct sending){.store = send->store,
		.key = delivery->put->key,
		.upload = id,
		.source = source,
		.size = (int64_t)delivery->put->size,
		.part_size = (int64_t)part,
		.begun_ms = clock_ms(send->clock)};
	err = sending_begin(send->db, &delivery->record, info);
	if (err == ERR_OK)
		divide(delivery);
	return err;
}

/* Goes on with what the record says, or begins. */
static enum err begin(struct delivery *delivery, struct err_info *info)
{
	struct send *send = delivery->send;
	const char *key = delivery->put->key, *source, **etags;
	enum err err;

	if ((err = identify(delivery->put, delivery->arena, &source, info)) != ERR_OK)
		return err;
	err = sending_get(send->db, send->store, key, delivery->arena, &delivery->record, info);
	if (err == ERR_NOT_FOUND)
		return begin_anew(delivery, source, info);
	if (err != ERR_OK)
		return err;
	if (strcmp(delivery->record.source, source) != 0 || delivery->record.size != (int64_t)delivery->put->size ||
		delivery->record.part_size < 1 ||
		delivery->record.size / delivery->record.part_size >= STORAGE_PARTS_MOST) {
		err = storage_upload_abort(send->storage, key, delivery->record.upload, info);
		return err != ERR_OK ? err : begin_anew(delivery, source, info);
	}
	divide(delivery);
	etags = arena_array(delivery->arena, delivery->count, sizeof *etags);
	err = sending_parts(send->db, &delivery->record, delivery->count, delivery->arena, etags, info);
	for (size_t i = 0; i < delivery->count && err == ERR_OK; i++)
		delivery->parts[i].etag = etags[i];
	return err;
}

static enum err write_down(void *context, const struct storage_part *part, struct err_info *info)
{
	struct delivery *delivery = context;

	return sending_part_done(delivery->send->db, &delivery->record, part->number, part->etag, info);
}

/*
 * The ETag of an object in parts, as S3 makes it: the MD5 of their MD5s and their number. NULL when their ETags are
 * none.
 */
static const char *whole_etag(const struct delivery *delivery)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char md5[MD5_SIZE];
	char hex[2 * MD5_SIZE + 1];
	bool good = true;

	if (context == NULL || EVP_DigestInit_ex(context, EVP_md5(), NULL) != 1)
		abort();
	for (size_t i = 0; i < delivery->count && good; i++) {
		good = hash_from_hex(delivery->parts[i].etag, md5, sizeof md5);
		EVP_DigestUpdate(context, md5, sizeof md5);
	}
	EVP_DigestFinal_ex(context, md5, NULL);
	EVP_MD_CTX_free(context);
	hash_hex(md5, sizeof md5, hex);
	return good ? arena_printf(delivery->arena, "%s-%zu", hex, delivery->count) : NULL;
}

/*
 * Whether the store has the object as it was sent: ERR_IO when not. ETAG is what it said when it put the confirmed
 * parts together; NULL: not known, then it has to be the one that these parts make.
 */
static enum err confirm(
	const struct delivery *delivery, const char *etag, struct storage_object *out, struct err_info *info)
{
	const char *expected = etag != NULL ? etag : whole_etag(delivery);
	enum err err = storage_head(delivery->send->storage, delivery->put->key, delivery->arena, out, info);

	if (err != ERR_OK)
		return err;
	if (out->size != delivery->put->size || expected == NULL || out->etag == NULL ||
		strcmp(out->etag, expected) != 0)
		return err_set(info, ERR_IO, "the object store has something else than what was sent");
	return ERR_OK;
}

/* Sends what is missing and completes it. ERR_NOT_FOUND, ERR_CONFLICT: the upload is gone, or lacks a part. */
static enum err deliver(struct delivery *delivery, struct storage_object *out, struct err_info *info)
{
	struct send *send = delivery->send;
	const char *key = delivery->put->key, *etag = NULL;
	enum err err;

	err = storage_upload_parts(send->storage, delivery->put, delivery->record.upload, delivery->parts,
		delivery->count, write_down, delivery, delivery->arena, info);
	if (err != ERR_OK)
		return err;
	err = storage_upload_complete(send->storage, key, delivery->record.upload, delivery->parts, delivery->count,
		delivery->arena, &etag, info);
	/* Completed already, when a crash came between that and the end of the record. */
	if (err == ERR_NOT_FOUND)
		return confirm(delivery, NULL, out, NULL) == ERR_OK ? ERR_OK : err;
	return err != ERR_OK ? err : confirm(delivery, etag, out, info);
}

static enum err send_parts(struct delivery *delivery, struct storage_object *out, struct err_info *info)
{
	struct send *send = delivery->send;
	const char *source;
	enum err err = begin(delivery, info);

	if (err == ERR_OK)
		err = deliver(delivery, out, info);
	if (err == ERR_NOT_FOUND || err == ERR_CONFLICT) {
		log_failure(LOG_WARNING, "an upload has to begin anew", info);
		err = storage_upload_abort(send->storage, delivery->put->key, delivery->record.upload, info);
		if (err == ERR_OK)
			err = identify(delivery->put, delivery->arena, &source, info);
		if (err == ERR_OK)
			err = begin_anew(delivery, source, info);
		if (err == ERR_OK)
			err = deliver(delivery, out, info);
	}
	return err != ERR_OK ? err : sending_end(send->db, send->store, delivery->put->key, info);
}

enum err send_end_parts(struct send *send, const char *key, struct err_info *info)
{
	struct arena arena = {0};
	struct sending record;
	enum err err = sending_get(send->db, send->store, key, &arena, &record, info);

	if (err == ERR_OK)
		err = storage_upload_abort(send->storage, key, record.upload, info);
	if (err == ERR_OK)
		err = sending_end(send->db, send->store, key, info);
	arena_free(&arena);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

enum err send_file(struct send *send, const struct storage_put *put, struct arena *arena, struct storage_object *out,
	struct err_info *info)
{
	struct delivery delivery = {.send = send, .put = put, .arena = arena};
	struct err_info reason = {0};
	struct storage_object object;
	enum err err;

	assert(send->part_size >= SEND_PART_LEAST);
	if (put->size <= send->threshold) {
		err = send_end_parts(send, put->key, info);
		return err == ERR_OK ? storage_put(send->storage, put, arena, out, info) : err;
	}
	err = send_parts(&delivery, out != NULL ? out : &object, &reason);
	return err == ERR_OK ? ERR_OK : err_set(info, err, "%s", reason.detail);
}

enum err send_abort_strays(struct send *send, const char *prefix, int64_t age_s, size_t *count, struct err_info *info)
{
	int64_t before_s = clock_seconds(send->clock) - age_s;
	struct storage_upload *uploads;
	struct arena arena = {0};
	size_t found = 0;
	enum err err = storage_upload_list(send->storage, prefix, &arena, &uploads, &found, info);

	*count = 0;
	for (size_t i = 0; i < found && err == ERR_OK; i++) {
		struct sending record;

		err = sending_get(send->db, send->store, uploads[i].key, &arena, &record, info);
		if ((err == ERR_OK && strcmp(record.upload, uploads[i].id) == 0) || uploads[i].begun_s >= before_s) {
			err = err == ERR_NOT_FOUND ? ERR_OK : err;
			continue;
		}
		if (err == ERR_OK || err == ERR_NOT_FOUND)
			err = storage_upload_abort(send->storage, uploads[i].key, uploads[i].id, info);
		*count += err == ERR_OK;
	}
	arena_free(&arena);
	return err;
}
