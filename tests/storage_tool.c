/* SPDX-License-Identifier: MIT */
/*
 * What the tests of object storage drive: one call of storage.h a run, its result as a line of JSON. The store is named
 * by the environment: STORE_FOLDER, or STORE_ENDPOINT, STORE_BUCKET, STORE_STYLE (host), STORE_CHECKSUM (sha256, none),
 * STORE_PAYLOAD (chunked), STORE_CA; the keys as credentials.h finds them, STORE_CLOCK moves the clock by seconds.
 *
 *     put KEY FILE [absent] | get KEY FILE [FIRST LENGTH] | head KEY | delete KEY... | list PREFIX AFTER LIMIT
 *     copy FROM TO | presign METHOD KEY SECONDS | uploads PREFIX | abort KEY ID | begin KEY
 *     send KEY FILE DATABASE
 */
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "storage/local.h"
#include "storage/s3.h"
#include "storage/send.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static struct err_info info;
static int64_t shift_ms;

static int64_t shifted_now(void *context)
{
	return clock_ms(NULL) + *(int64_t *)context;
}

static const struct clock told_clock = {shifted_now, &shift_ms};

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

static enum err open_store(struct credentials **credentials, struct storage **storage)
{
	struct credentials_places places = {.metadata_url = "off"};
	struct s3_options options = {.endpoint = setting("STORE_ENDPOINT"),
		.region = "us-east-1",
		.bucket = setting("STORE_BUCKET"),
		.host_style = strcmp(setting("STORE_STYLE"), "host") == 0,
		.limits = {.connect_ms = 30000, .least_rate = 1, .slow_s = 60, .parallel = 3,
			.ca_file = setting("STORE_CA")},
		.clock = &told_clock};
	enum err err;

	if (setting("STORE_FOLDER")[0] != '\0')
		return local_open(setting("STORE_FOLDER"), storage, &info);
	if (strcmp(setting("STORE_CHECKSUM"), "sha256") == 0)
		options.checksum = S3_CHECKSUM_SHA256;
	else if (strcmp(setting("STORE_CHECKSUM"), "none") == 0)
		options.checksum = S3_CHECKSUM_NONE;
	if (strcmp(setting("STORE_PAYLOAD"), "chunked") == 0)
		options.payload = S3_PAYLOAD_CHUNKED;
	shift_ms = strtoll(setting("STORE_CLOCK"), NULL, 10) * 1000;
	if ((err = credentials_open(&places, NULL, credentials, &info)) != ERR_OK)
		return err;
	options.credentials = *credentials;
	return s3_open(&options, storage, &info);
}

static json_t *shown(const struct storage_object *object)
{
	return json_pack("{s:s,s:I,s:I,s:s?,s:s?,s:s?}", "key", object->key, "size", (json_int_t)object->size,
		"modified", (json_int_t)object->modified_s, "etag", object->etag, "type", object->content_type,
		"sha256", object->sha256);
}

/* The put of FILE under KEY, described as a rendition would be. */
static enum err describe(const char *key, const char *file, struct storage_put *put)
{
	static const struct storage_tag tags[] = {{"kind", "a rendition"}, {"a+b", "c&d="}};
	struct stat st;

	*put = (struct storage_put){.key = key,
		.fd = open(file, O_RDONLY | O_CLOEXEC),
		.content_type = "audio/mp4",
		.cache_control = "public, max-age=31536000",
		.tags = tags,
		.tag_count = 2};
	if (put->fd < 0 || fstat(put->fd, &st) != 0)
		return err_set(&info, ERR_IO, "cannot open %s", file);
	put->size = (uint64_t)st.st_size;
	return ERR_OK;
}

static enum err do_put(struct storage *storage, char **words, json_t **out)
{
	struct storage_object object;
	struct storage_put put;
	enum err err = describe(words[0], words[1], &put);
	char sha256[HASH_HEX_SIZE];
	unsigned char hash[HASH_SIZE];

	if (err == ERR_OK)
		err = hash_sha256_file(put.fd, hash, &info);
	if (err != ERR_OK)
		return err;
	hash_hex(hash, sizeof hash, sha256);
	put.sha256 = sha256;
	put.if_absent = words[2] != NULL;
	if ((err = storage_put(storage, &put, &arena, &object, &info)) == ERR_OK)
		*out = shown(&object);
	return err;
}

static bool write_out(void *context, const void *bytes, size_t length, struct err_info *why)
{
	return fs_write_all(*(int *)context, bytes, length, why) == ERR_OK;
}

static enum err do_get(struct storage *storage, char **words, json_t **out)
{
	struct storage_range range = {0};
	struct storage_object object;
	int fd = open(words[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum err err;

	if (words[2] != NULL)
		range = (struct storage_range){strtoull(words[2], NULL, 10), strtoull(words[3], NULL, 10)};
	err = storage_get(storage, words[0], &range, write_out, &fd, &arena, &object, &info);
	close(fd);
	if (err == ERR_OK)
		*out = shown(&object);
	return err;
}

static enum err do_head(struct storage *storage, char **words, json_t **out)
{
	struct storage_object object;
	enum err err = storage_head(storage, words[0], &arena, &object, &info);

	if (err == ERR_OK)
		*out = shown(&object);
	return err;
}

static enum err do_delete(struct storage *storage, char **words, json_t **out)
{
	size_t count = 0;

	(void)out;
	while (words[count] != NULL)
		count++;
	return storage_delete_all(storage, (const char *const *)words, count, &info);
}

static enum err do_list(struct storage *storage, char **words, json_t **out)
{
	struct storage_objects page;
	json_t *list = json_array();
	enum err err = storage_list(
		storage, words[0], words[1], (size_t)strtoul(words[2], NULL, 10), &arena, &page, &info);

	for (size_t i = 0; err == ERR_OK && i < page.count; i++)
		json_array_append_new(list, shown(&page.objects[i]));
	*out = json_pack("{s:o,s:b}", "objects", list, "more", page.more);
	return err;
}

static enum err do_copy(struct storage *storage, char **words, json_t **out)
{
	(void)out;
	return storage_copy(storage, words[0], words[1], &info);
}

static enum err do_presign(struct storage *storage, char **words, json_t **out)
{
	const char *url;
	enum err err = storage_presign(storage, words[0], words[1], strtoll(words[2], NULL, 10), &arena, &url, &info);

	if (err == ERR_OK)
		*out = json_pack("{s:s}", "url", url);
	return err;
}

static enum err do_uploads(struct storage *storage, char **words, json_t **out)
{
	struct storage_upload *uploads;
	json_t *list = json_array();
	size_t count = 0;
	enum err err = storage_upload_list(storage, words[0], &arena, &uploads, &count, &info);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:I}", "key", uploads[i].key, "id", uploads[i].id,
						    "begun", (json_int_t)uploads[i].begun_s));
	*out = json_pack("{s:o}", "uploads", list);
	return err;
}

static enum err do_begin(struct storage *storage, char **words, json_t **out)
{
	struct storage_put put = {.key = words[0]};
	const char *id;
	enum err err = storage_upload_begin(storage, &put, &arena, &id, &info);

	if (err == ERR_OK)
		*out = json_pack("{s:s}", "id", id);
	return err;
}

static enum err do_abort(struct storage *storage, char **words, json_t **out)
{
	(void)out;
	return storage_upload_abort(storage, words[0], words[1], &info);
}

static enum err do_send(struct storage *storage, char **words, json_t **out)
{
	struct db_options options = {.path = words[2], .journal_mode = "wal", .busy_ms = 10000};
	struct send send = {.storage = storage, .store = "test", .threshold = SEND_PART_LEAST,
		.part_size = SEND_PART_LEAST};
	struct storage_object object;
	struct storage_put put;
	enum err err = describe(words[0], words[1], &put);

	if (err == ERR_OK)
		err = db_open(&options, 1, &send.db, &info);
	if (err == ERR_OK)
		err = db_migrate(send.db, &info);
	if (err == ERR_OK)
		err = send_file(&send, &put, &arena, &object, &info);
	if (err == ERR_OK)
		*out = shown(&object);
	db_close(send.db);
	return err;
}

static const struct {
	const char *name;
	int words;
	enum err (*run)(struct storage *, char **words, json_t **out);
} commands[] = {{"put", 2, do_put}, {"get", 2, do_get}, {"head", 1, do_head}, {"delete", 1, do_delete},
	{"list", 3, do_list}, {"copy", 2, do_copy}, {"presign", 3, do_presign}, {"uploads", 1, do_uploads},
	{"begin", 1, do_begin}, {"abort", 2, do_abort}, {"send", 3, do_send}};

int main(int argc, char **argv)
{
	struct credentials *credentials = NULL;
	struct storage *storage = NULL;
	json_t *out = NULL;
	enum err err = ERR_BAD_REQUEST;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (argc < 2 || strcmp(argv[1], commands[i].name) != 0 || argc < 2 + commands[i].words)
			continue;
		err = open_store(&credentials, &storage);
		if (err == ERR_OK)
			err = commands[i].run(storage, argv + 2, &out);
	}
	if (err != ERR_OK) {
		json_decref(out);
		out = json_pack("{s:s,s:s,s:b}", "error", err_slug(err), "detail", info.detail, "retry",
			storage_may_retry(err));
	} else if (out == NULL) {
		out = json_object();
	}
	json_dumpf(out, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(out);
	storage_close(storage);
	credentials_free(credentials);
	arena_free(&arena);
	return err_exit_code(err);
}
