/* SPDX-License-Identifier: MIT */
#include "storage/recall.h"

#include "base/fs.h"
#include "storage/remote_key.h"
#include "storage/verify.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES_MOST = 4, PAUSE_MS = 200, FILE_MODE = 0640, FOLDER_MODE = 0750 };

struct recall {
	const struct stored *stored;
	struct storage_object object; /* as the store describes it */
	struct spool *file;
};

/* Refuses another object before its first byte counts. */
static bool take(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct recall *recall = context;
	const struct stored *stored = recall->stored;

	if (recall->object.size != (uint64_t)stored->size ||
		length > (uint64_t)stored->size - recall->file->bytes ||
		(recall->object.sha256 != NULL && strcmp(recall->object.sha256, stored->etag) != 0)) {
		err_set(info, ERR_UNPROCESSABLE, "the store has something else");
		return false;
	}
	if (fs_write_all(recall->file->fd, bytes, length, info) != ERR_OK)
		return false;
	recall->file->bytes += length;
	return true;
}

static enum err get_all(struct store *store, struct recall *recall, struct arena *arena, struct err_info *info)
{
	const char *key = remote_key(store->conf, recall->stored, arena);
	enum err err = ERR_OK;

	for (int try = 0; try < TRIES_MOST; try++) {
		const struct storage_range rest = {.first = recall->file->bytes};

		if (try > 0)
			poll(NULL, 0, PAUSE_MS << try);
		if (rest.first > 0 && rest.first == (uint64_t)recall->stored->size)
			return ERR_OK;
		err = storage_get(store->storage, key, &rest, take, recall, arena, &recall->object, info);
		if (err == ERR_OK || !storage_may_retry(err))
			return err;
	}
	return err;
}

static enum err prove(const struct recall *recall, struct err_info *info)
{
	unsigned char digest[HASH_SIZE];
	char etag[HASH_HEX_SIZE];
	enum err err = hash_sha256_file(recall->file->fd, digest, info);

	if (err != ERR_OK)
		return err;
	hash_hex(digest, sizeof digest, etag);
	if (recall->file->bytes != (uint64_t)recall->stored->size || strcmp(etag, recall->stored->etag) != 0)
		return err_set(info, ERR_UNPROCESSABLE, "the store has something else");
	return ERR_OK;
}

enum err recall_fetch(struct store *store, const struct conf *conf, const struct stored *stored, struct arena *arena,
	struct spool *out, struct err_info *info)
{
	struct recall recall = {.stored = stored, .file = out};
	enum err err;

	*out = (struct spool){0};
	if (stored->etag[0] == '\0')
		return err_set(info, ERR_UNPROCESSABLE, "its checksum is not known");
	if ((err = spool_open(conf, arena, out, info)) != ERR_OK)
		return err;
	if (fs_free_bytes(conf->data_dir) - stored->size < conf->disk_floor)
		err = err_set(info, ERR_NO_SPACE, "there is no room for %s", stored->file);
	if (err == ERR_OK)
		err = get_all(store, &recall, arena, info);
	if (err == ERR_OK)
		err = prove(&recall, info);
	if (err != ERR_OK)
		spool_discard(out);
	return err;
}

/* STORED as it is now, with what is known of its damage. */
static enum err find_again(
	struct db *db, const struct stored *stored, struct arena *arena, struct stored *now, struct err_info *info)
{
	struct stored *files;
	size_t count;
	enum err err = stored_list(db, stored->track, arena, &files, &count, info);

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (!files[i].away && files[i].what == stored->what && strcmp(files[i].name, stored->name) == 0 &&
			strcmp(files[i].etag, stored->etag) == 0) {
			*now = files[i];
			return ERR_OK;
		}
	}
	return err != ERR_OK ? err : err_set(info, ERR_CONFLICT, "%s is another file by now, or was let go", stored->file);
}

/* Under the write lock, which whoever makes files visible holds from the rename to the commit. */
static enum err place(struct db *db, const struct stored *stored, const struct spool *file, struct arena *arena,
	struct err_info *info)
{
	const struct verify_look whole = {0};
	const char *path = verify_path(file->conf, stored, arena);
	struct stored now;
	bool news;
	enum err err = find_again(db, stored, arena, &now, info);

	if (err == ERR_OK)
		err = fs_make_dirs(arena_printf(arena, "%.*s", (int)(strrchr(path, '/') - path), path), FOLDER_MODE,
			info);
	if (err == ERR_OK)
		err = fs_rename(file->path, path, info);
	return err == ERR_OK ? verify_note(file->conf, db, &now, &whole, NULL, &news, info) : err;
}

enum err recall_place(struct db *db, const struct stored *stored, struct spool *file, struct arena *arena,
	struct err_info *info)
{
	/* Where the web server makes its own ETag of the file's time, it is the same as it was. */
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = stored->modified_s, .tv_nsec = stored->modified_s == 0 ? UTIME_OMIT : 0},
	};
	enum err err = ERR_OK;

	if (fchmod(file->fd, FILE_MODE) != 0 || futimens(file->fd, times) != 0 || fsync(file->fd) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot finish %s", file->path);
	if (err == ERR_OK && (err = db_begin(db, info)) == ERR_OK) {
		err = place(db, stored, file, arena, info);
		if (err == ERR_OK)
			err = db_commit(db, info);
		if (err != ERR_OK)
			db_rollback(db);
	}
	spool_discard(file);
	return err;
}
