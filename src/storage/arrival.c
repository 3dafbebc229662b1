/* SPDX-License-Identifier: MIT */
#include "storage/arrival.h"

#include "base/fs.h"
#include "base/id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".upload";

static const char *path_of(const struct conf *conf, const char *id, struct arena *arena)
{
	return conf_data_path(conf, arena, "spool/%s%s", id, suffix);
}

static int64_t expiry(const struct conf *conf, const struct clock *clock)
{
	return clock_ms(clock) + conf->upload_keep_s * 1000;
}

static enum err unknown(struct err_info *info)
{
	return err_set(info, ERR_NOT_FOUND, "there is no such upload");
}

static void fill(const struct conf *conf, const struct clock *clock, struct resumable *row)
{
	id_new(clock, row->id);
	row->doubt = -1;
	row->created_ms = clock_ms(clock);
	row->expires_ms = expiry(conf, clock);
	row->track = row->job = NULL;
}

enum err arrival_begin(const struct conf *conf, struct db *db, const struct clock *clock, struct resumable *row,
	struct err_info *info)
{
	int64_t count = 0;
	enum err err = resumable_count(db, row->owner, clock_ms(clock), &count, info);

	if (err == ERR_OK && count >= conf->uploads_open)
		err = err_set(info, ERR_TOO_MANY, "%" PRId64 " uploads are under way already: finish or remove some",
			count);
	if (err != ERR_OK)
		return err;
	fill(conf, clock, row);
	return resumable_put(db, row, info);
}

/* The row ID if OWNER may have it. */
static enum err find(struct db *db, const struct clock *clock, const char *id, const char *owner, struct arena *arena,
	struct resumable *row, struct err_info *info)
{
	enum err err = id_valid(id) ? resumable_get(db, id, arena, row, info) : ERR_NOT_FOUND;

	if (err == ERR_OK && (strcmp(row->owner, owner) != 0 || row->expires_ms <= clock_ms(clock)))
		err = ERR_NOT_FOUND;
	return err == ERR_NOT_FOUND ? unknown(info) : err;
}

/* What of the SIZE bytes of the file counts. */
static int64_t counted(const struct resumable *row, int64_t size)
{
	return row->doubt >= 0 && row->doubt < size ? row->doubt : size;
}

enum err arrival_look(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, struct arena *arena, struct resumable *row, int64_t *offset, struct err_info *info)
{
	struct stat status;
	enum err err = find(db, clock, id, owner, arena, row, info);
	int fd;

	*offset = 0;
	if (err != ERR_OK)
		return err;
	if (row->track != NULL) {
		*offset = row->length;
		return ERR_OK;
	}
	fd = open(path_of(conf, id, arena), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot open an upload");
	/* The size first: what comes between the two calls is told the next time. */
	if (fstat(fd, &status) != 0 || fdatasync(fd) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot look at an upload");
	else
		*offset = counted(row, status.st_size);
	close(fd);
	return err;
}

/* Opens and locks the file, which is made with the first byte that comes. */
static enum err lock(const struct conf *conf, const char *id, struct arena *arena, struct spool *file,
	struct err_info *info)
{
	enum err err = fs_make_dirs(conf_data_path(conf, arena, "spool"), 0750, info);
	const char *path = path_of(conf, id, arena);

	*file = (struct spool){.conf = conf, .fd = -1};
	if (err != ERR_OK)
		return err;
	file->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (file->fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make a file for the upload");
	file->path = path;
	if (flock(file->fd, LOCK_EX | LOCK_NB) == 0)
		return fs_sync_folder_of(path, info);
	return errno == EWOULDBLOCK ? err_set(info, ERR_LOCKED, "another request is at work on this upload")
				    : err_set_errno(info, ERR_IO, errno, "cannot lock the file of the upload");
}

/* Goes to where the upload stands, and cuts off what does not count. */
static enum err stand(struct arrival *arrival, struct err_info *info)
{
	struct spool *file = &arrival->file;
	struct stat status;
	int64_t offset;

	if (fstat(file->fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot look at an upload");
	offset = counted(&arrival->row, status.st_size);
	if ((offset < status.st_size && ftruncate(file->fd, offset) != 0) || lseek(file->fd, offset, SEEK_SET) < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot cut an upload");
	arrival->began = file->bytes = (uint64_t)offset;
	return ERR_OK;
}

/* The lock in hand and the row as it is under it: whoever had the lock before may have ended the upload. */
static enum err seize(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, struct arena *arena, struct arrival *out, struct err_info *info)
{
	enum err err;

	*out = (struct arrival){.file = {.fd = -1}};
	err = find(db, clock, id, owner, arena, &out->row, info);
	if (err == ERR_OK)
		err = lock(conf, id, arena, &out->file, info);
	if (err == ERR_OK)
		err = find(db, clock, id, owner, arena, &out->row, info);
	if (err == ERR_NOT_FOUND)
		spool_discard(&out->file);
	if (err == ERR_OK)
		err = stand(out, info);
	if (err != ERR_OK)
		arrival_close(out);
	return err;
}

enum err arrival_open(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, bool doubted, struct arena *arena, struct arrival *out, struct err_info *info)
{
	enum err err = seize(conf, db, clock, id, owner, arena, out, info);

	if (err != ERR_OK)
		return err;
	out->row.expires_ms = expiry(conf, clock);
	out->row.doubt = doubted ? (int64_t)out->began : -1;
	if (out->row.track != NULL)
		err = err_set(info, ERR_CONFLICT, "the upload has become a track");
	if (err == ERR_OK)
		err = spool_room(conf, info);
	if (err == ERR_OK)
		err = resumable_put(db, &out->row, info);
	if (err != ERR_OK)
		arrival_close(out);
	return err;
}

enum err arrival_measure(struct arrival *arrival, struct db *db, int64_t length, struct err_info *info)
{
	struct resumable *row = &arrival->row;

	if (row->length == length)
		return ERR_OK;
	if (row->length != RESUMABLE_LENGTH_OPEN)
		return err_set(info, ERR_BAD_REQUEST, "the upload was to have %" PRId64 " bytes", row->length);
	if (arrival->file.bytes > (uint64_t)length)
		return err_set(info, ERR_BAD_REQUEST, "%" PRIu64 " bytes have come already", arrival->file.bytes);
	row->length = length;
	return resumable_put(db, row, info);
}

enum err arrival_write(struct arrival *arrival, const void *bytes, size_t length, struct err_info *info)
{
	if (arrival->row.length != RESUMABLE_LENGTH_OPEN &&
		length > (uint64_t)arrival->row.length - arrival->file.bytes)
		return err_set(info, ERR_TOO_LARGE, "the upload was to have %" PRId64 " bytes", arrival->row.length);
	return spool_write(&arrival->file, bytes, length, info);
}

enum err arrival_settle(struct arrival *arrival, struct err_info *info)
{
	if (fdatasync(arrival->file.fd) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot finish a piece of an upload");
	return ERR_OK;
}

enum err arrival_take_back(struct arrival *arrival, struct err_info *info)
{
	if (ftruncate(arrival->file.fd, (off_t)arrival->began) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot cut an upload");
	arrival->file.bytes = arrival->began;
	return ERR_OK;
}

enum err arrival_trust(struct arrival *arrival, struct db *db, struct err_info *info)
{
	arrival->row.doubt = -1;
	return resumable_put(db, &arrival->row, info);
}

void arrival_close(struct arrival *arrival)
{
	if (arrival->file.path == NULL)
		return;
	close(arrival->file.fd);
	arrival->file.path = NULL;
	arrival->file.fd = -1;
}

/* Row and file go; the file stays with the caller on failure. */
static enum err discard(struct arrival *arrival, struct db *db, struct err_info *info)
{
	enum err err = resumable_delete(db, arrival->row.id, info);

	if (err == ERR_OK)
		spool_discard(&arrival->file);
	return err;
}

enum err arrival_remove(const struct conf *conf, struct db *db, const struct clock *clock, const char *id,
	const char *owner, struct arena *arena, struct err_info *info)
{
	struct arrival arrival;
	enum err err = seize(conf, db, clock, id, owner, arena, &arrival, info);

	if (err == ERR_OK)
		err = discard(&arrival, db, info);
	arrival_close(&arrival);
	return err;
}

/* The same file under a second name, for ingest_spool() to move: the first stays until the track is there for good. */
static enum err second_name(const struct arrival *arrival, struct arena *arena, struct spool *out, struct err_info *info)
{
	const struct spool *file = &arrival->file;
	char id[ID_SIZE];

	id_new(NULL, id);
	*out = (struct spool){.conf = file->conf, .fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0), .bytes = file->bytes};
	if (out->fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot hand over an upload");
	out->path = conf_data_path(file->conf, arena, "spool/%s", id);
	if (link(file->path, out->path) == 0)
		return ERR_OK;
	err_set_errno(info, ERR_IO, errno, "cannot hand over an upload");
	close(out->fd);
	return info->code;
}

enum err arrival_finish(struct arrival *arrival, struct db *db, const struct ingest *ingest, const struct clock *clock,
	struct arena *arena, struct track *track, struct job *job, struct err_info *info)
{
	struct ingest named = *ingest;
	struct err_info ignored;
	struct spool spool;
	enum err err = second_name(arrival, arena, &spool, info);

	if (err != ERR_OK)
		return err;
	named.upload = &arrival->row;
	err = ingest_spool(arrival->file.conf, db, &spool, &named, clock, arena, track, job, info);
	if (err == ERR_OK)
		spool_discard(&arrival->file);
	else if (err_http_status(err) < 500)
		discard(arrival, db, &ignored);
	return err;
}

/* Appends the bytes of PART to TO. */
static enum err append(struct spool *to, const struct arrival *part, struct err_info *info)
{
	loff_t at = 0, end = (loff_t)part->file.bytes;

	while (at < end) {
		ssize_t got = copy_file_range(part->file.fd, &at, to->fd, NULL, (size_t)(end - at), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set_errno(info, ERR_IO, got < 0 ? errno : EIO, "cannot join an upload");
	}
	to->bytes += part->file.bytes;
	return ERR_OK;
}

static enum err check_part(const struct arrival *part, struct err_info *info)
{
	if (part->row.kind != RESUMABLE_PARTIAL)
		return err_set(info, ERR_BAD_REQUEST, "the upload %s is not partial", part->row.id);
	if (part->row.length == RESUMABLE_LENGTH_OPEN || part->file.bytes < (uint64_t)part->row.length)
		return err_set(info, ERR_CONFLICT, "the upload %s is not whole yet", part->row.id);
	return ERR_OK;
}

static enum err join(struct arrival *arrivals, size_t count, struct spool *to, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		err = spool_room(to->conf, info);
		if (err == ERR_OK)
			err = append(to, &arrivals[i], info);
	}
	return err;
}

enum err arrival_join(const struct conf *conf, struct db *db, const struct clock *clock, const char *const *parts,
	size_t count, struct resumable *row, const struct ingest *ingest, struct arena *arena, struct track *track,
	struct job *job, struct err_info *info)
{
	struct arrival *arrivals = arena_array(arena, count, sizeof *arrivals);
	struct ingest named = *ingest;
	struct spool spool = {0};
	struct err_info ignored;
	enum err err = ERR_OK;

	fill(conf, clock, row);
	row->length = 0;
	named.upload = row;
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		err = seize(conf, db, clock, parts[i], row->owner, arena, &arrivals[i], info);
		if (err == ERR_OK)
			err = check_part(&arrivals[i], info);
		row->length += arrivals[i].row.length;
	}
	if (err == ERR_OK && row->length > conf->upload_size)
		err = err_set(info, ERR_TOO_LARGE, "an upload may have %" PRId64 " bytes", conf->upload_size);
	if (err == ERR_OK)
		err = spool_open(conf, arena, &spool, info);
	if (err == ERR_OK)
		err = join(arrivals, count, &spool, info);
	if (err == ERR_OK)
		err = ingest_spool(conf, db, &spool, &named, clock, arena, track, job, info);
	spool_discard(&spool);
	for (size_t i = 0; i < count; i++) {
		if (err == ERR_OK)
			discard(&arrivals[i], db, &ignored); /* or it expires */
		arrival_close(&arrivals[i]);
	}
	return err;
}

/* True when the upload ID had expired, or has a file and no row, and is gone now. */
static bool remove_expired(const struct conf *conf, struct db *db, int64_t now_ms, const char *id, struct arena *arena)
{
	struct arrival arrival;
	struct err_info info;
	enum err err = lock(conf, id, arena, &arrival.file, &info);
	bool gone = false;

	if (err == ERR_OK)
		err = resumable_get(db, id, arena, &arrival.row, &info);
	if (err == ERR_OK && arrival.row.expires_ms <= now_ms) {
		gone = discard(&arrival, db, &info) == ERR_OK;
	} else if (err == ERR_NOT_FOUND) {
		spool_discard(&arrival.file);
		gone = true;
	}
	arrival_close(&arrival);
	return gone;
}

/* Files whose row went in a process that was killed before they did. */
static void remove_strays(const struct conf *conf, struct db *db, int64_t now_ms, struct arena *arena)
{
	DIR *folder = opendir(conf_data_path(conf, arena, "spool"));
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		struct resumable row;
		char *id = arena_strdup(arena, entry->d_name);

		if (strlen(id) != ID_LENGTH + strlen(suffix) || strcmp(id + ID_LENGTH, suffix) != 0)
			continue;
		id[ID_LENGTH] = '\0';
		if (id_valid(id) && resumable_get(db, id, arena, &row, NULL) == ERR_NOT_FOUND)
			remove_expired(conf, db, now_ms, id, arena);
	}
	if (folder != NULL)
		closedir(folder);
}

enum err arrival_expire(
	const struct conf *conf, struct db *db, const struct clock *clock, size_t *count, struct err_info *info)
{
	struct arena arena = {0};
	char(*ids)[ID_SIZE] = arena_array(&arena, ARRIVALS_AT_ONCE, sizeof *ids);
	int64_t now = clock_ms(clock);
	size_t found = 0;
	enum err err = resumable_expired(db, now, ARRIVALS_AT_ONCE, ids, &found, info);

	*count = 0;
	for (size_t i = 0; err == ERR_OK && i < found; i++)
		*count += remove_expired(conf, db, now, ids[i], &arena);
	if (err == ERR_OK && *count < ARRIVALS_AT_ONCE)
		remove_strays(conf, db, now, &arena);
	arena_free(&arena);
	return err;
}
