/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "storage/s3_call.h"
#include "storage/s3_xml.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct s3 *of(struct storage *storage)
{
	return (struct s3 *)(void *)storage;
}

/* A list as it is read: the object that is open, and the objects so far. */
struct listing {
	struct arena *arena;
	struct storage_objects *out;
	size_t room;
	struct storage_object object;
	bool encoded; /* the store encoded the keys, as XML cannot hold every character */
};

/* A key of an encoded list; "+" is a space there. */
static const char *decoded(const struct listing *listing, const char *text)
{
	char *key = arena_strdup(listing->arena, text), *out = key;
	unsigned char byte;

	if (!listing->encoded)
		return key;
	for (const char *in = key; *in != '\0'; in++) {
		char digits[3] = {in[1], in[1] == '\0' ? '\0' : in[2], '\0'};

		if (*in == '%' && hash_from_hex(digits, &byte, 1)) {
			*out++ = (char)byte;
			in += 2;
		} else {
			*out++ = *in == '+' ? ' ' : *in;
		}
	}
	*out = '\0';
	return key;
}

static int64_t read_time(const char *text)
{
	struct tm tm = {0};

	return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) == NULL ? 0 : (int64_t)timegm(&tm);
}

static const char *unquoted(const char *text, struct arena *arena)
{
	size_t length = strlen(text);

	if (length >= 2 && text[0] == '"' && text[length - 1] == '"')
		return arena_memdup(arena, text + 1, length - 2);
	return arena_strdup(arena, text);
}

static void take_object(void *context, const char *path, const char *text)
{
	static const char root[] = "ListBucketResult/";
	struct listing *listing = context;
	struct storage_object *object = &listing->object;

	if (strncmp(path, root, sizeof root - 1) != 0)
		return;
	path += sizeof root - 1;
	if (strcmp(path, "Contents/Key") == 0) {
		object->key = arena_strdup(listing->arena, text);
	} else if (strcmp(path, "Contents/Size") == 0) {
		if (!text_to_u64(text, INT64_MAX, &object->size))
			object->size = 0;
	} else if (strcmp(path, "Contents/ETag") == 0) {
		object->etag = unquoted(text, listing->arena);
	} else if (strcmp(path, "Contents/LastModified") == 0) {
		object->modified_s = read_time(text);
	} else if (strcmp(path, "Contents") == 0) {
		if (object->key != NULL && listing->out->count < listing->room)
			listing->out->objects[listing->out->count++] = *object;
		*object = (struct storage_object){0};
	} else if (strcmp(path, "IsTruncated") == 0) {
		listing->out->more = strcmp(text, "true") == 0;
	} else if (strcmp(path, "EncodingType") == 0) {
		listing->encoded = strcmp(text, "url") == 0;
	}
}

enum err s3_list(struct storage *storage, const char *prefix, const char *after, size_t limit, struct arena *arena,
	struct storage_objects *out, struct err_info *info)
{
	struct listing listing = {.arena = arena, .out = out, .room = limit};
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, of(storage), S3_COST_WRITE, "GET", NULL, arena);
	s3_call_query(&call, "list-type", "2");
	s3_call_query(&call, "encoding-type", "url");
	s3_call_query(&call, "max-keys", arena_printf(arena, "%zu", limit));
	s3_call_query(&call, "prefix", prefix[0] != '\0' ? prefix : NULL);
	s3_call_query(&call, "start-after", after[0] != '\0' ? after : NULL);
	err = s3_run_one(&call, info);
	if (err == ERR_OK) {
		out->objects = arena_array(arena, limit, sizeof *out->objects);
		err = s3_xml_walk(buf_text(&call.exchange.answer), call.exchange.answer.length, take_object, &listing,
			info);
	}
	/* Whether keys are encoded may stand behind them. */
	for (size_t i = 0; i < out->count; i++)
		out->objects[i].key = decoded(&listing, out->objects[i].key);
	s3_call_end(&call);
	return err;
}

static enum err delete_one(struct s3 *s3, const char *key, struct arena *arena, struct err_info *info)
{
	struct s3_call call;
	enum err err;

	s3_call_begin(&call, s3, S3_COST_FREE, "DELETE", key, arena);
	err = s3_run_one(&call, info);
	s3_call_end(&call);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The first error among the answers of a batch, but for what was not there. */
struct refusal {
	char key[128], code[64];
	bool found;
};

static void take_refusal(void *context, const char *path, const char *text)
{
	struct refusal *refusal = context;

	if (refusal->found)
		return;
	if (strcmp(path, "DeleteResult/Error/Key") == 0)
		snprintf(refusal->key, sizeof refusal->key, "%s", text);
	else if (strcmp(path, "DeleteResult/Error/Code") == 0)
		snprintf(refusal->code, sizeof refusal->code, "%s", text);
	else if (strcmp(path, "DeleteResult/Error") == 0 && strcmp(refusal->code, "NoSuchKey") == 0)
		*refusal = (struct refusal){0};
	else if (strcmp(path, "DeleteResult/Error") == 0)
		refusal->found = true;
}

static enum err delete_batch(
	struct s3 *s3, const char *const *keys, size_t count, struct arena *arena, struct err_info *info)
{
	struct refusal refusal = {0};
	struct s3_call call;
	struct buf text;
	enum err err;

	buf_init(&text, count * (6 * STORAGE_KEY_MOST + 64) + 256);
	buf_puts(&text, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
	for (size_t i = 0; i < count; i++) {
		buf_puts(&text, "<Object><Key>");
		s3_xml_escape(&text, keys[i]);
		buf_puts(&text, "</Key></Object>");
	}
	buf_puts(&text, "</Delete>");
	s3_call_begin(&call, s3, S3_COST_FREE, "POST", NULL, arena);
	s3_call_query(&call, "delete", "");
	s3_call_header(&call, "content-type", "application/xml");
	s3_call_text(&call, buf_text(&text));
	err = s3_run_one(&call, info);
	if (err == ERR_OK)
		err = s3_xml_walk(buf_text(&call.exchange.answer), call.exchange.answer.length, take_refusal, &refusal,
			info);
	if (err == ERR_OK && refusal.found)
		err = err_set(info, strcmp(refusal.code, "AccessDenied") == 0 ? ERR_FORBIDDEN : ERR_IO,
			"the object store does not delete %s: %s", refusal.key, refusal.code);
	s3_call_end(&call);
	buf_free(&text);
	return err;
}

enum err s3_delete_all(struct storage *storage, const char *const *keys, size_t count, struct err_info *info)
{
	struct arena arena = {0};
	enum err err = count == 1 ? delete_one(of(storage), keys[0], &arena, info)
				  : delete_batch(of(storage), keys, count, &arena, info);

	arena_free(&arena);
	return err;
}
