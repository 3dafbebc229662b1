/* SPDX-License-Identifier: MIT */
#include "storage/mirror.h"

#include "base/hash.h"
#include "storage/cache.h"
#include "storage/recall.h"
#include "storage/remote_key.h"
#include "storage/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The SHA-256 of STORED, read of the file when it is not known. */
static enum err find_etag(struct store *store, const struct stored *stored, struct arena *arena,
	char out[static HASH_HEX_SIZE], struct err_info *info)
{
	struct verify_look look = {0};
	enum err err = ERR_OK;

	if (stored->etag[0] == '\0')
		err = verify_look(verify_path(store->conf, stored, arena), stored, NULL, NULL, &look, info);
	memcpy(out, stored->etag[0] == '\0' ? look.etag : stored->etag, HASH_HEX_SIZE);
	return err;
}

/* What it means for STORED that the store answered with ERR or OBJECT. */
static enum err compare(struct store *store, const struct stored *stored, enum err err,
	const struct storage_object *object, struct arena *arena, enum mirror_state *out,
	char etag[static HASH_HEX_SIZE], struct err_info *info)
{
	etag[0] = '\0';
	if (err == ERR_NOT_FOUND) {
		*out = MIRROR_ABSENT;
		return err_clear(info);
	}
	*out = MIRROR_OTHER;
	if (err != ERR_OK || object->size != (uint64_t)stored->size || object->sha256 == NULL)
		return err;
	err = find_etag(store, stored, arena, etag, info);
	if (err == ERR_OK && strcmp(object->sha256, etag) == 0)
		*out = MIRROR_SAME;
	return err;
}

/* What the store is told that an object is. */
static const char *media_type(const char *file)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".mp4", "audio/mp4"},
		{".m4a", "audio/mp4"},
		{".mp3", "audio/mpeg"},
		{".aac", "audio/aac"},
		{".ogg", "audio/ogg"},
		{".opus", "audio/ogg"},
		{".flac", "audio/flac"},
		{".wav", "audio/wav"},
		{".json", "application/json"},
		{".jpg", "image/jpeg"},
	};
	const char *dot = strrchr(file, '.');

	for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++) {
		if (strcmp(dot, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/*
 * The SHA-256 of FD; for what goes in one request the one that is known, which sending it has to find there, so that it
 * is read once.
 */
static enum err find_hash(const struct store *store, const struct stored *stored, int fd,
	char etag[static HASH_HEX_SIZE], struct err_info *info)
{
	unsigned char hash[HASH_SIZE];
	enum err err;

	if (stored->etag[0] != '\0' && (uint64_t)stored->size <= store->send.threshold) {
		memcpy(etag, stored->etag, HASH_HEX_SIZE);
		return ERR_OK;
	}
	if ((err = hash_sha256_file(fd, hash, info)) != ERR_OK)
		return err;
	hash_hex(hash, sizeof hash, etag);
	return ERR_OK;
}

/* Fills PUT with the bytes of FD, which have to be those of STORED; its row is there then. ETAG outlives PUT. */
static enum err prepare_put(struct store *store, const struct stored *stored, int fd, struct arena *arena,
	char etag[static HASH_HEX_SIZE], struct storage_put *put, struct err_info *info)
{
	enum err err;

	*put = (struct storage_put){.key = remote_key(store->conf, stored, arena),
		.fd = fd,
		.size = (uint64_t)stored->size,
		.content_type = media_type(stored->file),
		.cache_control = stored->what == STORED_RENDITION ? "max-age=31536000, immutable" : NULL, /* for an edge */
		.sha256 = etag};
	if ((err = find_hash(store, stored, fd, etag, info)) != ERR_OK)
		return err;
	if (lseek(fd, 0, SEEK_END) != (off_t)stored->size ||
		(stored->etag[0] != '\0' && strcmp(etag, stored->etag) != 0))
		return err_set(info, ERR_UNPROCESSABLE, "it is not what it was when it was made");
	return remote_expect(store->db, store->send.store, put->key, stored, info);
}

/* The same with the file here, which the caller closes. */
static enum err open_put(struct store *store, const struct stored *stored, struct arena *arena,
	char etag[static HASH_HEX_SIZE], struct storage_put *put, struct err_info *info)
{
	int fd = open(verify_path(store->conf, stored, arena), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err err;

	if (fd < 0 && errno == ENOENT)
		return err_set(info, ERR_UNPROCESSABLE, "it is missing");
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "it cannot be opened");
	err = prepare_put(store, stored, fd, arena, etag, put, info);
	if (err != ERR_OK)
		close(fd);
	return err;
}

static enum err send_in_parts(struct store *store, const struct stored *stored, struct arena *arena,
	char etag[static HASH_HEX_SIZE], struct err_info *info)
{
	struct storage_put put;
	enum err err = open_put(store, stored, arena, etag, &put, info);

	if (err != ERR_OK)
		return err;
	err = send_file(&store->send, &put, arena, NULL, info);
	close(put.fd);
	return err;
}

/* Writes down that the store has STORED with ETAG. */
static enum err confirm(struct store *store, const struct stored *stored, const char *etag, struct err_info *info)
{
	int64_t now_ms = clock_ms(store->send.clock);
	struct arena arena = {0};
	bool news;
	enum err err = db_begin(store->db, info);

	if (err != ERR_OK)
		return err;
	/* A source keeps the checksum that it was found to have. */
	if (stored->damage == DAMAGE_NONE)
		err = stored_mark(store->db, stored, DAMAGE_NONE, etag, now_ms, &news, info);
	if (err == ERR_OK)
		err = remote_confirm(store->db, store->send.store, remote_key(store->conf, stored, &arena), stored, etag,
			now_ms, info);
	if (err == ERR_OK)
		err = db_commit(store->db, info);
	if (err != ERR_OK)
		db_rollback(store->db);
	arena_free(&arena);
	return err;
}

enum err mirror_copy(struct store *store, struct store *from, const struct stored *stored, struct arena *arena,
	struct err_info *info)
{
	char etag[HASH_HEX_SIZE];
	struct storage_put put;
	struct spool bytes;
	bool done;
	enum err err = recall_fetch(from, store->conf, stored, arena, &bytes, info);

	if (err != ERR_OK)
		return err;
	err = prepare_put(store, stored, bytes.fd, arena, etag, &put, info);
	if (err == ERR_OK)
		err = send_file(&store->send, &put, arena, NULL, info);
	spool_discard(&bytes);
	if (err == ERR_OK)
		err = confirm(store, stored, etag, info);
	if (err == ERR_OK && stored->away)
		err = remote_release(
			store->db, store->send.store, put.key, etag, clock_ms(store->send.clock), &done, info);
	return err;
}

static void look_for_each(struct store *store, struct mirror_item *items, size_t count, struct arena *arena)
{
	struct storage_look *looks = arena_array(arena, count, sizeof *looks);
	struct mirror_item **looking = arena_array(arena, count, sizeof *looking);
	size_t some = 0;

	for (size_t i = 0; i < count; i++) {
		if (items[i].absent) {
			items[i].state = MIRROR_ABSENT;
			continue;
		}
		looks[some].key = remote_key(store->conf, items[i].stored, arena);
		looking[some++] = &items[i];
	}
	storage_head_each(store->storage, looks, some, arena);
	for (size_t i = 0; i < some; i++) {
		struct mirror_item *item = looking[i];

		item->info = looks[i].info;
		item->err = compare(store, item->stored, looks[i].err, &looks[i].object, arena, &item->state, item->etag,
			&item->info);
	}
}

/* For one that goes in one piece; whoever began it in parts must not end them over it. */
static enum err open_whole(struct store *store, const struct stored *stored, struct arena *arena,
	char etag[static HASH_HEX_SIZE], struct storage_put *put, struct err_info *info)
{
	enum err err = open_put(store, stored, arena, etag, put, info);

	if (err != ERR_OK)
		return err;
	err = send_end_parts(&store->send, put->key, info);
	if (err != ERR_OK)
		close(put->fd);
	return err;
}

static void send_each(struct store *store, struct mirror_item *items, size_t count, struct arena *arena)
{
	struct storage_sent *sent = arena_array(arena, count, sizeof *sent);
	struct mirror_item **sending = arena_array(arena, count, sizeof *sending);
	size_t some = 0;

	for (size_t i = 0; i < count; i++) {
		struct mirror_item *item = &items[i];

		if (item->err != ERR_OK || item->state == MIRROR_SAME)
			continue;
		if ((uint64_t)item->stored->size > store->send.threshold) {
			item->err = send_in_parts(store, item->stored, arena, item->etag, &item->info);
			continue;
		}
		item->err = open_whole(store, item->stored, arena, item->etag, &sent[some].put, &item->info);
		if (item->err == ERR_OK)
			sending[some++] = item;
	}
	storage_put_each(store->storage, sent, some, arena);
	for (size_t i = 0; i < some; i++) {
		close(sent[i].put.fd);
		sending[i]->err = sent[i].err;
		sending[i]->info = sent[i].info;
	}
}

/* What was confirmed once is not there any more: the cache may hold the only copy, and may not lose it. */
static enum err doubt(struct store *store, const struct stored *stored, struct arena *arena, struct err_info *info)
{
	const struct cache_file file = {stored->track, stored->file, (uint64_t)stored->size};
	struct cache cache;

	cache_init(&cache, store->conf, NULL, arena);
	cache_disown(&cache, &file);
	return remote_doubt(store->db, store->send.store, remote_key(store->conf, stored, arena), info);
}

void mirror_meet(struct store *store, struct mirror_item *items, size_t count, bool send, struct arena *arena)
{
	const char *name = store->send.store;

	look_for_each(store, items, count, arena);
	for (size_t i = 0; i < count; i++) {
		if (items[i].err == ERR_OK && items[i].state != MIRROR_SAME && !items[i].absent)
			items[i].err = doubt(store, items[i].stored, arena, &items[i].info);
	}
	if (send)
		send_each(store, items, count, arena);
	for (size_t i = 0; i < count; i++) {
		struct mirror_item *item = &items[i];
		const char *key = remote_key(store->conf, item->stored, arena);

		if (item->err != ERR_OK || (item->state != MIRROR_SAME && !send))
			continue;
		if (item->state == MIRROR_SAME)
			item->err = remote_expect(store->db, name, key, item->stored, &item->info);
		if (item->err == ERR_OK)
			item->err = confirm(store, item->stored, item->etag, &item->info);
	}
}

/* Whether one of the files of TRACK has the key KEY. */
static enum err track_has(struct store *store, const char *track, const char *key, bool *has, struct err_info *info)
{
	struct arena arena = {0};
	struct stored *files;
	size_t count;
	enum err err = stored_list(store->db, track, &arena, &files, &count, info);

	*has = false;
	for (size_t i = 0; err == ERR_OK && i < count && !*has; i++)
		*has = strcmp(remote_key(store->conf, &files[i], &arena), key) == 0;
	arena_free(&arena);
	return err;
}

enum err mirror_owned(struct store *store, const char *key, bool *owned, struct err_info *info)
{
	size_t prefix = strlen(store->conf->store_prefix);
	const char *rest = key + prefix;
	char track[ID_SIZE] = "";

	*owned = true;
	if (strncmp(key, store->conf->store_prefix, prefix) != 0)
		return ERR_OK;
	if (strncmp(rest, "media/", 6) == 0)
		rest += 6;
	else if (strncmp(rest, "source/", 7) == 0)
		rest += 7;
	else
		return ERR_OK;
	memcpy(track, rest, strnlen(rest, ID_LENGTH));
	if (!id_valid(track))
		return ERR_OK;
	return track_has(store, track, key, owned, info);
}
