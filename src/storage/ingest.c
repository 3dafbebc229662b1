/* SPDX-License-Identifier: MIT */
#include "storage/ingest.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/wake.h"
#include "media/magic.h"
#include "model/album.h"
#include "model/rendition.h"
#include "storage/import.h"
#include "storage/origin.h"
#include "storage/repeat.h"
#include "storage/source_url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOURCE_NAME_MOST = 255 };

/* The last part of a path as any system writes it: clients are known to send the whole. */
static const char *file_part(const char *name)
{
	for (const char *at = name; at != NULL && *at != '\0'; at++) {
		if (*at == '/' || *at == '\\')
			name = at + 1;
	}
	return name;
}

static void fill_track(struct track *track, const struct ingest *ingest, const struct clock *clock, struct arena *arena)
{
	*track = (struct track){
		.visibility = ingest->visibility,
		.places = arena_strdup(arena, ingest->places),
		.state = TRACK_PENDING,
		.owner = ingest->owner != NULL ? arena_strdup(arena, ingest->owner) : "",
		.title = text_clean(ingest->title, TRACK_TEXT, arena),
		.artist = text_clean(ingest->artist, TRACK_TEXT, arena),
		.album = text_clean(ingest->album, TRACK_TEXT, arena),
		.source_name = text_clean(file_part(ingest->source_name), SOURCE_NAME_MOST, arena),
		.created_ms = clock_ms(clock),
		.updated_ms = clock_ms(clock),
	};
	id_new(clock, track->id);
}

/* Judges the bytes behind FD: their size and, by the first of them, their format. */
static enum err recognise(int fd, struct track *track, struct err_info *info)
{
	struct stat status;
	enum magic magic;

	if (fstat(fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot look at the upload");
	if (status.st_size == 0)
		return err_set(info, ERR_UNPROCESSABLE, "the file is empty: upload it again");
	magic = magic_find_file(fd);
	if (magic == MAGIC_UNKNOWN)
		return magic_refuse(info);
	track->source_bytes = status.st_size;
	track->source_format = magic_name(magic);
	return ERR_OK;
}

/* Queues the job that makes PAYLOAD of TRACK. */
static enum err submit(const struct conf *conf, struct db *db, const char *track, const struct transcode_job *payload,
	const struct ingest *ingest, const struct clock *clock, struct arena *arena, struct job *job,
	struct err_info *info)
{
	const struct sound *sound = &payload->sound;
	int64_t now = clock_ms(clock);
	enum err err = ERR_OK;

	if (sound->mode == SOUND_APPLY && sound->album != NULL)
		err = album_add(db, track, sound->album, sound->album_tracks, info);
	if (err != ERR_OK)
		return err;
	*job = (struct job){
		.kind = TRANSCODE_KIND,
		.track = arena_strdup(arena, track),
		.payload = transcode_job_encode(payload, arena),
		.submitter = ingest->owner != NULL ? arena_strdup(arena, ingest->owner) : "",
		.state = JOB_QUEUED,
		.priority = ingest->priority,
		.max_attempts = conf->job_max_attempts,
		.run_after_ms = ingest->run_after_ms > now ? ingest->run_after_ms : now,
		.stage = "queued",
		.created_ms = now,
		.updated_ms = now,
	};
	id_new(clock, job->id);
	if (ingest->after.count > 0)
		return job_submit_after(db, job, &ingest->after, conf->job_max_queued, info);
	return job_submit(db, job, conf->job_max_queued, info);
}

static struct transcode_job payload_of(const struct conf *conf, const struct ingest *ingest)
{
	struct transcode_job payload = {
		.renditions = ingest->renditions,
		.count = ingest->rendition_count,
		.sound = ingest->sound,
		.passthrough = ingest->passthrough};

	if (ingest->renditions == NULL && !ingest->extras) {
		payload.renditions = conf->ladder;
		payload.count = conf->ladder_count;
	}
	return payload;
}

/* One request to make something. */
struct asked {
	const char *what, *subject; /* for repeat_key() */
	struct transcode_job payload;
	struct job_key key; /* when the ingest has one */
	struct fetch_order fetch; /* of what has to be fetched first; its track is NULL when the source is there */
	bool repeated;      /* track and job are those of the first time: make nothing */
};

/* Opens the transaction of what was asked, unless it fails, and looks whether it was asked before. */
static enum err begin(struct db *db, const struct ingest *ingest, struct asked *asked, const struct clock *clock,
	struct arena *arena, struct track *track, struct job *job, struct err_info *info)
{
	enum err err = ingest->key != NULL ? job_key_check(ingest->key, info) : ERR_OK;

	if (err == ERR_OK)
		err = db_begin(db, info);
	if (err != ERR_OK || ingest->key == NULL)
		return err;
	asked->key = repeat_key(ingest, asked->what, asked->subject, &asked->payload, arena);
	err = repeat_find(db, &asked->key, clock_ms(clock), arena, track, job, info);
	asked->repeated = err == ERR_OK;
	if (err == ERR_NOT_FOUND)
		return err_clear(info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

/* Commits what was made and wakes the jobrunners, or takes all of it back after ERR. */
static enum err end(const struct conf *conf, struct db *db, enum err err, const struct ingest *ingest,
	const struct asked *asked, const struct job *job, const struct clock *clock, struct arena *arena,
	struct err_info *info)
{
	if (err == ERR_OK && ingest->key != NULL && !asked->repeated)
		err = job_key_put(db, &asked->key, job->id, clock_ms(clock), info);
	if (err == ERR_OK && ingest->upload != NULL) {
		ingest->upload->track = job->track;
		ingest->upload->job = arena_strdup(arena, job->id);
		err = resumable_put(db, ingest->upload, info);
	}
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	else
		wake_post(conf->run_dir);
	return err;
}

/* The job that fetches, and the other one, which needs it. */
static enum err submit_fetch(const struct conf *conf, struct db *db, const char *track, const struct asked *asked,
	const struct ingest *ingest, const struct clock *clock, struct arena *arena, struct job *job,
	struct err_info *info)
{
	const char **needs = arena_array(arena, ingest->after.count + 1, sizeof *needs);
	struct ingest later = *ingest;
	struct job fetch = {
		.kind = FETCH_KIND,
		.track = track,
		.payload = fetch_order_encode(&asked->fetch, arena),
		.submitter = ingest->owner != NULL ? ingest->owner : "",
		.priority = ingest->priority,
		.max_attempts = conf->job_max_attempts,
		.run_after_ms = ingest->run_after_ms,
		.created_ms = clock_ms(clock),
	};
	enum err err;

	id_new(clock, fetch.id);
	err = job_submit(db, &fetch, conf->job_max_queued, info);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < ingest->after.count; i++)
		needs[i] = ingest->after.ids[i];
	needs[ingest->after.count] = fetch.id;
	later.after = (struct job_ids){needs, ingest->after.count + 1};
	return submit(conf, db, track, &asked->payload, &later, clock, arena, job, info);
}

/* Track and job are there together or not at all. */
static enum err insert(const struct conf *conf, struct db *db, struct asked *asked, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct track *track, struct job *job, struct err_info *info)
{
	enum err err = begin(db, ingest, asked, clock, arena, track, job, info);

	if (err != ERR_OK)
		return err;
	if (!asked->repeated) {
		err = track_insert(db, track, info);
		if (err == ERR_OK && asked->fetch.track != NULL)
			err = submit_fetch(conf, db, track->id, asked, ingest, clock, arena, job, info);
		else if (err == ERR_OK)
			err = submit(conf, db, track->id, &asked->payload, ingest, clock, arena, job, info);
	}
	return end(conf, db, err, ingest, asked, job, clock, arena, info);
}

/* The spooled bytes are on disk, under the name that only the track's row makes visible. */
static enum err keep_source(const struct conf *conf, const struct spool *spool, const char *path, struct arena *arena,
	struct err_info *info)
{
	enum err err = fs_make_dirs(conf_data_path(conf, arena, "source"), 0750, info);

	if (err == ERR_OK && fsync(spool->fd) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot finish the file of the upload");
	return err == ERR_OK ? fs_rename(spool->path, path, info) : err;
}

/* What is asked by an upload: the bytes are read again only when a key makes somebody care which they were. */
static enum err ask_upload(const struct conf *conf, const struct spool *spool, const struct ingest *ingest,
	struct asked *asked, struct arena *arena, struct err_info *info)
{
	unsigned char digest[HASH_SIZE];
	char *hex;
	enum err err;

	*asked = (struct asked){.what = "upload", .payload = payload_of(conf, ingest)};
	if (ingest->key == NULL)
		return ERR_OK;
	hex = arena_alloc(arena, HASH_HEX_SIZE);
	err = hash_sha256_file(spool->fd, digest, info);
	if (err == ERR_OK)
		hash_hex(digest, sizeof digest, hex);
	asked->subject = hex;
	return err;
}

/* Moves the file of SPOOL to its place and makes its track. */
static enum err make_track(const struct conf *conf, struct db *db, struct spool *spool, struct asked *asked,
	const struct ingest *ingest, const struct clock *clock, struct arena *arena, struct track *track,
	struct job *job, struct err_info *info)
{
	const char *path;
	enum err err;

	track->source_file = arena_printf(arena, "%s.%s", track->id, track->source_format);
	asked->payload.source = track->source_file;
	path = conf_data_path(conf, arena, "source/%s", track->source_file);
	err = keep_source(conf, spool, path, arena, info);
	if (err != ERR_OK)
		return err;
	spool->path = path; /* what is discarded if the database says no */
	return insert(conf, db, asked, ingest, clock, arena, track, job, info);
}

enum err ingest_spool(const struct conf *conf, struct db *db, struct spool *spool, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct track *track, struct job *job, struct err_info *info)
{
	struct asked asked;
	enum err err = ask_upload(conf, spool, ingest, &asked, arena, info);

	fill_track(track, ingest, clock, arena);
	if (err == ERR_OK)
		err = recognise(spool->fd, track, info);
	if (err == ERR_OK)
		err = make_track(conf, db, spool, &asked, ingest, clock, arena, track, job, info);
	if (err != ERR_OK || asked.repeated) {
		spool_discard(spool);
		return err;
	}
	close(spool->fd);
	*spool = (struct spool){.conf = conf, .fd = -1};
	return ERR_OK;
}

enum err ingest_import(const struct conf *conf, struct db *db, const char *path, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct track *track, struct job *job, struct err_info *info)
{
	struct asked asked = {.what = "import", .payload = payload_of(conf, ingest)};
	struct ingest named = *ingest;
	enum err err;
	int fd;

	err = import_open(conf, path, arena, &fd, &asked.payload.import, info);
	if (err != ERR_OK)
		return err;
	asked.subject = asked.payload.import;
	if (named.source_name == NULL)
		named.source_name = path;
	fill_track(track, &named, clock, arena);
	err = recognise(fd, track, info);
	close(fd);
	return err == ERR_OK ? insert(conf, db, &asked, &named, clock, arena, track, job, info) : err;
}

/* The name that a fetched source of TRACK will have: nobody knows its format before. */
static const char *fetched_name(const char *track, struct arena *arena)
{
	return arena_printf(arena, "%s.fetched", track);
}

enum err ingest_fetch(const struct conf *conf, struct db *db, const struct fetch_order *order,
	const struct ingest *ingest, const struct clock *clock, struct arena *arena, struct track *track, struct job *job,
	struct err_info *info)
{
	struct asked asked = {.what = "fetch",
		.subject = fetch_order_encode(order, arena),
		.payload = payload_of(conf, ingest),
		.fetch = *order};
	struct ingest named = *ingest;
	struct source_url url;
	enum err err = ERR_OK;

	if (order->source != NULL) {
		err = source_url_read(order->source, arena, &url, info);
		if (err == ERR_OK)
			err = source_url_allow(conf, &url, info);
		if (err == ERR_OK && named.source_name == NULL)
			named.source_name = source_url_name(&url, arena);
	}
	if (err != ERR_OK)
		return err;
	fill_track(track, &named, clock, arena);
	asked.fetch.track = track->id;
	asked.payload.source = fetched_name(track->id, arena);
	return insert(conf, db, &asked, &named, clock, arena, track, job, info);
}

enum err ingest_fetched(const struct conf *conf, struct db *db, struct spool *spool, const char *id,
	const struct clock *clock, struct err_info *info)
{
	struct arena arena = {0};
	struct track track;
	const char *path;
	enum err err = track_get(db, id, &arena, &track, info);

	if (err != ERR_OK || track.source_file != NULL)
		goto out;
	err = recognise(spool->fd, &track, info);
	if (err != ERR_OK)
		goto out;
	track.source_file = fetched_name(id, &arena);
	track.updated_ms = clock_ms(clock);
	path = conf_data_path(conf, &arena, "source/%s", track.source_file);
	err = keep_source(conf, spool, path, &arena, info);
	if (err == ERR_OK)
		err = track_set_fetched(db, &track, info);
	/* What a job that lost its lease left there is the same; of a track that is gone it goes as any stray. */
	if (err == ERR_OK) {
		close(spool->fd);
		*spool = (struct spool){.conf = conf, .fd = -1};
	}
out:
	spool_discard(spool);
	arena_free(&arena);
	return err;
}

/* Leaves in PAYLOAD the renditions that are not among the COUNT that are there. ERR_CONFLICT when none is left. */
static enum err only_missing(struct transcode_job *payload, const struct rendition *there, size_t count,
	struct arena *arena, struct err_info *info)
{
	struct conf_rendition *missing = arena_array(arena, payload->count, sizeof *missing);
	size_t kept = 0;

	for (size_t i = 0; i < payload->count; i++) {
		size_t at = 0;

		while (at < count && strcmp(there[at].quality, payload->renditions[i].quality) != 0)
			at++;
		if (at == count)
			missing[kept++] = payload->renditions[i];
	}
	payload->renditions = missing;
	payload->count = kept;
	return kept > 0 ? ERR_OK : err_set(info, ERR_CONFLICT, "the track has all these renditions");
}

static enum err find_source(const struct conf *conf, struct db *db, const struct track *track,
	struct transcode_job *payload, struct arena *arena, struct err_info *info)
{
	struct origin origin;
	enum err err = origin_find(conf, db, track, arena, &origin, info);

	if (err != ERR_OK)
		return err;
	if (origin.at_work)
		return err_set(info, ERR_CONFLICT, "the job %s is at work on this track", origin.job);
	if (origin.lack != NULL)
		return err_set(info, ERR_CONFLICT, "the source of this track %s", origin.lack);
	payload->source = origin.source;
	payload->import = origin.import;
	return ERR_OK;
}

static enum err plan_more(const struct conf *conf, struct db *db, const char *id, bool extras,
	struct transcode_job *payload, struct arena *arena, struct err_info *info)
{
	struct rendition *there;
	struct track track;
	size_t count;
	enum err err = rendition_list(db, id, arena, &track, &there, &count, info);

	if (err == ERR_OK)
		err = only_missing(payload, there, count, arena, info);
	if (err == ERR_CONFLICT && extras)
		err = err_clear(info);
	return err == ERR_OK ? find_source(conf, db, &track, payload, arena, info) : err;
}

enum err ingest_more(const struct conf *conf, struct db *db, const char *track, const struct ingest *ingest,
	const struct clock *clock, struct arena *arena, struct job *job, struct err_info *info)
{
	struct asked asked = {.what = "more", .subject = track, .payload = payload_of(conf, ingest)};
	enum err err = begin(db, ingest, &asked, clock, arena, NULL, job, info);

	if (err != ERR_OK)
		return err;
	if (!asked.repeated) {
		err = plan_more(conf, db, track, ingest->extras, &asked.payload, arena, info);
		if (err == ERR_OK)
			err = submit(conf, db, track, &asked.payload, ingest, clock, arena, job, info);
	}
	return end(conf, db, err, ingest, &asked, job, clock, arena, info);
}
