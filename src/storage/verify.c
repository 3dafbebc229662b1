/* SPDX-License-Identifier: MIT */
#include "storage/verify.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *verify_path(const struct conf *conf, const struct stored *stored, struct arena *arena)
{
	if (stored->what == STORED_SOURCE)
		return conf_data_path(conf, arena, "source/%s", stored->file);
	return conf_data_path(conf, arena, "media/%s/%s", stored->track, stored->file);
}

static enum err read_through(int fd, const struct stored *stored, hash_watch *watch, void *context,
	struct verify_look *out, struct err_info *info)
{
	unsigned char digest[HASH_SIZE];
	enum err err = hash_sha256_watched(fd, watch, context, digest, info);

	if (err == ERR_IO) {
		out->damage = DAMAGE_UNREADABLE;
		return err_clear(info);
	}
	if (err != ERR_OK)
		return err;
	hash_hex(digest, sizeof digest, out->etag);
	if (stored->etag[0] != '\0' && strcmp(out->etag, stored->etag) != 0)
		out->damage = DAMAGE_ALTERED;
	return ERR_OK;
}

enum err verify_look(const char *path, const struct stored *stored, hash_watch *watch, void *context,
	struct verify_look *out, struct err_info *info)
{
	/* O_NONBLOCK: a FIFO in the place of the file must not hold anybody up. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	enum err err = ERR_OK;

	*out = (struct verify_look){0};
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		out->damage = DAMAGE_MISSING;
		return ERR_OK;
	}
	if (fd < 0 && (errno == ELOOP || errno == EIO)) {
		out->damage = errno == EIO ? DAMAGE_UNREADABLE : DAMAGE_ALTERED;
		return ERR_OK;
	}
	if (fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > stored->size)
		out->damage = DAMAGE_ALTERED;
	else if (status.st_size < stored->size)
		out->damage = DAMAGE_TRUNCATED;
	else
		err = read_through(fd, stored, watch, context, out, info);
	close(fd);
	return err;
}

static void log_news(const struct stored *stored, enum damage damage)
{
	struct log_line line;

	if (damage == DAMAGE_NONE)
		log_begin(&line, LOG_INFO, "stored file is whole again");
	else
		log_begin(&line, LOG_ERROR, "stored file is damaged");
	log_text(&line, "track", stored->track);
	log_text(&line, "what", stored_what_name(stored->what));
	log_text(&line, "name", stored->name);
	log_text(&line, "damage", damage_name(damage));
	log_end(&line);
}

static bool is_empty(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (folder == NULL)
		return true;
	while (empty && (entry = readdir(folder)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(folder);
	return empty;
}

enum err verify_disk(const struct conf *conf, enum stored_what what, struct err_info *info)
{
	const char *name = what == STORED_SOURCE ? "source" : "media";
	struct arena arena = {0};
	const char *path = conf_data_path(conf, &arena, "%s", name);
	enum err err = ERR_OK;

	if (is_empty(path))
		err = err_set(info, ERR_IO, "the folder %s is empty: is its disk mounted?", path);
	arena_free(&arena);
	return err;
}

enum err verify_note(const struct conf *conf, struct db *db, const struct stored *stored,
	const struct verify_look *look, const struct clock *clock, bool *news, struct err_info *info)
{
	enum err err = ERR_OK;

	*news = false;
	if (look->damage == DAMAGE_MISSING)
		err = verify_disk(conf, stored->what, info);
	if (err == ERR_OK)
		err = stored_mark(db, stored, look->damage, look->etag, clock_ms(clock), news, info);
	if (err == ERR_OK && *news)
		log_news(stored, look->damage);
	return err;
}
