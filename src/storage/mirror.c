/* SPDX-License-Identifier: MIT */
#include "storage/mirror.h"

#include "base/hash.h"
#include "storage/remote_key.h"
#include "storage/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum err mirror_look(struct store *store, const struct stored *stored, struct arena *arena, enum mirror_state *out,
	struct err_info *info)
{
	struct storage_object object;
	enum err err = storage_head(store->storage, remote_key(store->conf, stored, arena), arena, &object, info);

	if (err == ERR_NOT_FOUND) {
		*out = MIRROR_ABSENT;
		return err_set(info, ERR_OK, "%s", "");
	}
	if (err != ERR_OK)
		return err;
	*out = MIRROR_SAME;
	/* A source that was never read has no checksum here yet. */
	if (object.size != (uint64_t)stored->size || object.sha256 == NULL ||
		(stored->etag[0] != '\0' && strcmp(object.sha256, stored->etag) != 0))
		*out = MIRROR_OTHER;
	return ERR_OK;
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

enum err mirror_send(struct store *store, const struct stored *stored, struct arena *arena, struct err_info *info)
{
	struct storage_put put = {.key = remote_key(store->conf, stored, arena),
		.fd = open(verify_path(store->conf, stored, arena), O_RDONLY | O_CLOEXEC | O_NOFOLLOW),
		.size = (uint64_t)stored->size,
		.content_type = media_type(stored->file)};
	unsigned char hash[HASH_SIZE];
	char sha256[HASH_HEX_SIZE];
	off_t size;
	enum err err;

	if (put.fd < 0 && errno == ENOENT)
		return err_set(info, ERR_UNPROCESSABLE, "it is missing");
	if (put.fd < 0)
		return err_set_errno(info, ERR_IO, errno, "it cannot be opened");
	if ((err = hash_sha256_file(put.fd, hash, info)) != ERR_OK)
		goto out;
	hash_hex(hash, sizeof hash, sha256);
	size = lseek(put.fd, 0, SEEK_END);
	if (size != (off_t)stored->size || (stored->etag[0] != '\0' && strcmp(sha256, stored->etag) != 0)) {
		err = err_set(info, ERR_UNPROCESSABLE, "it is not what it was when it was made");
		goto out;
	}
	put.sha256 = sha256;
	err = send_file(&store->send, &put, arena, NULL, info);
out:
	close(put.fd);
	return err;
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
